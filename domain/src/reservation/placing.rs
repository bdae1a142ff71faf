//! Chooses the locations of an order's lines: fewest parcels first, then the shop's preferred locations.

use std::collections::BTreeMap;

use schemas::{LocationId, Sku};

use crate::ShopRules;

/// Number of sets of locations to try before the choice becomes greedy: enough to be exact for 10 locations.
const TRIES: usize = 1_024;

/// Units needed, and units free by location.
pub(super) struct Demand {
    pub qty: u32,
    pub free: BTreeMap<LocationId, u32>,
}

/// The smallest set of locations that has everything, preferred locations first. The free units of every SKU must
/// suffice over all locations. Exact if there are few sets to try; otherwise greedy: the next location is the one
/// with most of the missing units.
pub(super) fn choose(demands: &BTreeMap<Sku, Demand>, rules: &ShopRules) -> Vec<LocationId> {
    let mut candidates: Vec<LocationId> =
        demands.values().flat_map(|demand| demand.free.keys().cloned()).collect();
    candidates.sort_by_key(|location| rules.rank(location));
    candidates.dedup();
    let mut tries = TRIES;
    for size in 1..=candidates.len() {
        let mut set: Vec<usize> = (0..size).collect();
        loop {
            let locations = || set.iter().map(|&i| &candidates[i]);
            if demands.values().all(|demand| missing(demand, locations()) == 0) {
                return locations().cloned().collect();
            }
            tries -= 1;
            if tries == 0 {
                return greedy(demands, candidates);
            }
            if !next_set(&mut set, candidates.len()) {
                break;
            }
        }
    }
    candidates
}

/// Takes the units from the chosen locations: from the first one that has all of them, otherwise from several in order.
pub(super) fn allot(demand: &Demand, chosen: &[LocationId]) -> Vec<(LocationId, u32)> {
    let free = |location: &LocationId| demand.free.get(location).copied().unwrap_or(0);
    if let Some(location) = chosen.iter().find(|location| free(location) >= demand.qty) {
        return vec![(location.clone(), demand.qty)];
    }
    let mut left = demand.qty;
    let mut parts = Vec::new();
    for location in chosen {
        let qty = free(location).min(left);
        if qty > 0 {
            parts.push((location.clone(), qty));
            left -= qty;
        }
    }
    parts
}

fn missing<'a>(demand: &Demand, locations: impl Iterator<Item = &'a LocationId>) -> u32 {
    locations.fold(demand.qty, |left, location| {
        left.saturating_sub(demand.free.get(location).copied().unwrap_or(0))
    })
}

fn greedy(demands: &BTreeMap<Sku, Demand>, mut candidates: Vec<LocationId>) -> Vec<LocationId> {
    let mut chosen: Vec<LocationId> = Vec::new();
    let lacks = |chosen: &[LocationId], more: Option<&LocationId>| -> u64 {
        let of = |demand: &Demand| u64::from(missing(demand, chosen.iter().chain(more)));
        demands.values().map(of).sum()
    };
    while lacks(&chosen, None) > 0 && !candidates.is_empty() {
        let best =
            (0..candidates.len()).min_by_key(|&i| (lacks(&chosen, Some(&candidates[i])), i)).unwrap_or(0);
        chosen.push(candidates.remove(best));
    }
    chosen
}

/// The next subset of `0..count` of the same size, in lexicographic order; `false` after the last one.
fn next_set(set: &mut [usize], count: usize) -> bool {
    let size = set.len();
    let Some(moving) = (0..size).rev().find(|&i| set[i] < count - size + i) else { return false };
    set[moving] += 1;
    for i in moving + 1..size {
        set[i] = set[i - 1] + 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(name: &str) -> LocationId {
        name.parse().unwrap()
    }

    fn demand(qty: u32, free: &[(&str, u32)]) -> Demand {
        Demand { qty, free: free.iter().map(|(name, free)| (at(name), *free)).collect() }
    }

    fn demands(of: &[(&str, Demand)]) -> BTreeMap<Sku, Demand> {
        of.iter()
            .map(|(sku, demand)| {
                (sku.parse().unwrap(), Demand { qty: demand.qty, free: demand.free.clone() })
            })
            .collect()
    }

    #[test]
    fn exactly_the_missing_units_are_taken_from_the_last_location() {
        let tea = demand(5, &[("central", 2), ("north", 0), ("south", 4)]);
        let chosen = [at("central"), at("north"), at("south")];
        assert_eq!(allot(&tea, &chosen), [(at("central"), 2), (at("south"), 3)]);
    }

    #[test]
    fn the_greedy_choice_ends_when_nothing_is_missing() {
        let both = demands(&[
            ("TEA", demand(4, &[("north", 4), ("south", 1)])),
            ("MUG", demand(1, &[("south", 1), ("west", 1)])),
        ]);
        let candidates = || vec![at("central"), at("west"), at("south"), at("north")];
        assert_eq!(greedy(&both, candidates()), [at("north"), at("west")]);
        // Too little is never asked for, and would take every location.
        let too_many = demands(&[("TEA", demand(9, &[("north", 4)]))]);
        assert_eq!(greedy(&too_many, candidates()).len(), 4);
    }
}
