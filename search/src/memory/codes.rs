//! SKUs and barcodes, found whole, by their beginning, and by any part of three characters or more.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

/// Three bytes in a row.
type Gram = [u8; 3];

#[derive(Debug, Default)]
struct Code {
    text: Box<str>,
    /// Sorted.
    entries: Vec<u32>,
}

/// How a code was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    Whole,
    Beginning,
    Part,
}

/// All codes. A code without entries is not in here.
#[derive(Debug, Default)]
pub(super) struct Codes {
    numbers: BTreeMap<Box<str>, u32>,
    codes: Vec<Code>,
    unused: Vec<u32>,
    grams: HashMap<Gram, Vec<u32>>,
}

impl Codes {
    /// The entry has the code. Answers the code's number.
    pub(super) fn add(&mut self, text: &str, entry: u32) -> u32 {
        let code = self.numbers.get(text).copied().unwrap_or_else(|| self.begin(text));
        insert(&mut self.codes[code as usize].entries, entry);
        code
    }

    /// The entry no longer has the code.
    pub(super) fn remove(&mut self, code: u32, entry: u32) {
        let entries = &mut self.codes[code as usize].entries;
        take_out(entries, entry);
        if entries.is_empty() {
            self.end(code);
        }
    }

    /// The entries with a code that fits, each once per code, the best fit first.
    pub(super) fn find(&self, text: &str, parts: bool) -> Vec<(Fit, u32)> {
        let mut found = Vec::new();
        if text.is_empty() {
            return found;
        }
        let behind = self.numbers.range::<str, _>((Bound::Included(text), Bound::Unbounded));
        for (code, number) in behind.take_while(|(code, _)| code.starts_with(text)) {
            let fit = if **code == *text { Fit::Whole } else { Fit::Beginning };
            found.extend(self.entries(*number).map(|entry| (fit, entry)));
        }
        if parts {
            let inside =
                self.containing(text).filter(|code| !self.codes[*code as usize].text.starts_with(text));
            for code in inside {
                found.extend(self.entries(code).map(|entry| (Fit::Part, entry)));
            }
        }
        found
    }

    /// The entries with exactly this code.
    pub(super) fn exact(&self, text: &str) -> &[u32] {
        self.numbers.get(text).map_or(&[], |code| &self.codes[*code as usize].entries)
    }

    fn entries(&self, code: u32) -> impl Iterator<Item = u32> + '_ {
        self.codes[code as usize].entries.iter().copied()
    }

    fn containing<'c>(&'c self, text: &'c str) -> impl Iterator<Item = u32> + 'c {
        let lists = grams(text).into_iter().map(|gram| self.grams.get(&gram).map_or(&[][..], Vec::as_slice));
        let shortest = lists.min_by_key(|list| list.len()).unwrap_or_default();
        shortest.iter().copied().filter(move |code| self.codes[*code as usize].text.contains(text))
    }

    fn begin(&mut self, text: &str) -> u32 {
        let new = Code { text: text.into(), entries: Vec::new() };
        let code = match self.unused.pop() {
            Some(code) => {
                self.codes[code as usize] = new;
                code
            }
            None => {
                self.codes.push(new);
                u32::try_from(self.codes.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.numbers.insert(text.into(), code);
        for gram in grams(text) {
            insert(self.grams.entry(gram).or_default(), code);
        }
        code
    }

    fn end(&mut self, code: u32) {
        let text = std::mem::take(&mut self.codes[code as usize]).text;
        self.numbers.remove(&text);
        for gram in grams(&text) {
            if let Some(codes) = self.grams.get_mut(&gram) {
                take_out(codes, code);
                if codes.is_empty() {
                    self.grams.remove(&gram);
                }
            }
        }
        self.unused.push(code);
    }
}

fn insert(sorted: &mut Vec<u32>, value: u32) {
    if let Err(at) = sorted.binary_search(&value) {
        sorted.insert(at, value);
    }
}

fn take_out(sorted: &mut Vec<u32>, value: u32) {
    if let Ok(at) = sorted.binary_search(&value) {
        sorted.remove(at);
    }
}

fn grams(text: &str) -> Vec<Gram> {
    let mut grams: Vec<Gram> = text.as_bytes().windows(3).filter_map(|gram| gram.try_into().ok()).collect();
    grams.sort_unstable();
    grams.dedup();
    grams
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_whole_by_their_beginning_and_by_a_part() {
        let mut codes = Codes::default();
        for (text, entry) in [("tea100", 1), ("tea100s", 1), ("tea1001", 2), ("mug100", 3)] {
            codes.add(text, entry);
        }
        assert_eq!(codes.find("tea100", false), [(Fit::Whole, 1), (Fit::Beginning, 2), (Fit::Beginning, 1)]);
        assert_eq!(codes.find("a100s", true), [(Fit::Part, 1)]);
        assert_eq!(codes.find("g10", true), [(Fit::Part, 3)]);
        assert!(codes.find("xyz", true).is_empty());
        assert!(codes.find("", true).is_empty());
        let number = codes.add("mug100", 3);
        codes.remove(number, 3);
        assert!(codes.find("mug", true).is_empty());
        assert!(codes.exact("mug100").is_empty());
    }
}
