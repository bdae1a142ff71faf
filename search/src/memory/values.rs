//! Values of facets, each with a number, so that entries are filtered and counted by numbers.

use std::collections::HashMap;

use crate::port::{FacetKind, Range};

/// A facet: category, brand, price, availability, stock, or an attribute.
#[derive(Debug)]
struct Group {
    kind: FacetKind,
    numbers: HashMap<Box<str>, u32>,
}

#[derive(Debug)]
pub(super) struct Value {
    /// The number of its facet.
    pub(super) group: u32,
    pub(super) value: Box<str>,
    pub(super) label: Box<str>,
    pub(super) range: Option<Range>,
    /// How many entries have it, by the number of their status.
    pub(super) by_status: Vec<u64>,
}

/// All values that an entry ever had.
#[derive(Debug, Default)]
pub(super) struct Values {
    groups: Vec<Group>,
    group_numbers: HashMap<FacetKind, u32>,
    values: Vec<Value>,
}

impl Values {
    /// The number of a value; it is new if nothing had it before.
    pub(super) fn number(&mut self, kind: &FacetKind, value: &str, label: &str, range: Option<Range>) -> u32 {
        let group = match self.group_numbers.get(kind) {
            Some(group) => *group,
            None => {
                let group = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
                self.groups.push(Group { kind: kind.clone(), numbers: HashMap::new() });
                self.group_numbers.insert(kind.clone(), group);
                group
            }
        };
        let numbers = &mut self.groups[group as usize].numbers;
        if let Some(number) = numbers.get(value) {
            let known = &mut self.values[*number as usize];
            if *known.label != *label {
                known.label = label.into();
            }
            return *number;
        }
        let number = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        numbers.insert(value.into(), number);
        let by_status = Vec::new();
        self.values.push(Value { group, value: value.into(), label: label.into(), range, by_status });
        number
    }

    pub(super) fn find(&self, kind: &FacetKind, value: &str) -> Option<u32> {
        let group = self.group(kind)?;
        self.groups[group as usize].numbers.get(value).copied()
    }

    pub(super) fn group(&self, kind: &FacetKind) -> Option<u32> {
        self.group_numbers.get(kind).copied()
    }

    pub(super) fn kind(&self, group: u32) -> &FacetKind {
        &self.groups[group as usize].kind
    }

    pub(super) fn groups(&self) -> usize {
        self.groups.len()
    }

    pub(super) fn all(&self) -> &[Value] {
        &self.values
    }

    /// An entry with this status has the value, or no longer has it.
    pub(super) fn count(&mut self, value: u32, status: u32, has: bool) {
        let value = &mut self.values[value as usize];
        let status = status as usize;
        if value.by_status.len() <= status {
            value.by_status.resize(status + 1, 0);
        }
        value.by_status[status] = value.by_status[status].saturating_add_signed(if has { 1 } else { -1 });
    }
}

/// The band of a price: from one step of the series 1, 2, 5, 10, 20, 50 … to the next, in hundreds of minor units.
pub(super) fn band(price: i64) -> Range {
    if price < 100 {
        return if price < 0 { Range { min: i64::MIN, max: -1 } } else { Range { min: 0, max: 99 } };
    }
    let mut min = 100_i64;
    for factor in [(2, 1), (5, 2), (2, 1)].into_iter().cycle() {
        let (times, by) = factor;
        let Some(next) = min.checked_mul(times).map(|next| next / by) else { break };
        if price < next {
            return Range { min, max: next - 1 };
        }
        min = next;
    }
    Range { min, max: i64::MAX }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_follow_each_other_without_a_gap() {
        let steps = [0, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];
        for pair in steps.windows(2) {
            for price in [pair[0], pair[1] - 1] {
                assert_eq!(band(price), Range { min: pair[0], max: pair[1] - 1 }, "{price}");
            }
        }
        assert_eq!(band(-1).max, -1);
        assert!(band(i64::MAX).min > 0 && band(i64::MAX).max == i64::MAX);
    }
}
