//! Words that are a few typing errors away.

use std::collections::BTreeMap;
use std::ops::Bound;

/// Longer words, in characters, are not corrected.
const LONGEST: usize = 32;

/// A word near the searched one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Near {
    pub(super) term: u32,
    /// Characters that are missing, additional or different, and neighbours that are swapped, each once.
    pub(super) distance: u8,
    /// Whether only the beginning of the word is that near.
    pub(super) beginning: bool,
}

/// How many typing errors a word of this length may have.
pub(super) fn most_errors(word: &str) -> u8 {
    if word.chars().any(|c| c.is_ascii_digit()) {
        return 0;
    }
    match word.chars().count() {
        4..=7 => 1,
        8..=LONGEST => 2,
        _ => 0,
    }
}

/// The words at most `most` errors from `query`, or beginning with such a text. The words are walked in their order, so that
/// words with the same beginning share its part of the table, and stretches of words that are too far are skipped.
pub(super) fn near(words: &BTreeMap<Box<str>, u32>, query: &str, most: u8) -> Vec<Near> {
    let mut found = Vec::new();
    if most == 0 {
        return found;
    }
    let mut walk = Walk::new(query, most);
    let mut rest = words.range::<str, _>(..);
    while let Some((word, term)) = rest.next() {
        match walk.visit(word) {
            Visit::Near { distance, beginning } => found.push(Near { term: *term, distance, beginning }),
            Visit::Far => {}
            Visit::FarWithAllThatBeginLikeIt(end) => match end {
                Some(end) => rest = words.range::<str, _>((Bound::Included(end.as_str()), Bound::Unbounded)),
                None => break,
            },
        }
    }
    found
}

enum Visit {
    Near {
        distance: u8,
        beginning: bool,
    },
    Far,
    /// Continue at this text; `None`: there is none.
    FarWithAllThatBeginLikeIt(Option<String>),
}

/// The table of distances (optimal string alignment) between the query and the current word, a row per character.
struct Walk {
    query: Vec<char>,
    most: u8,
    path: Vec<char>,
    rows: Vec<u8>,
    /// Per row, the smallest distance between the query and a beginning of the word.
    beginnings: Vec<u8>,
}

impl Walk {
    fn new(query: &str, most: u8) -> Self {
        let query: Vec<char> = query.chars().collect();
        let first: Vec<u8> = (0..=query.len()).map(|at| u8::try_from(at).unwrap_or(u8::MAX)).collect();
        let beginnings = vec![first.last().copied().unwrap_or(0)];
        Self { query, most, path: Vec::new(), rows: first, beginnings }
    }

    fn width(&self) -> usize {
        self.query.len() + 1
    }

    fn visit(&mut self, word: &str) -> Visit {
        let common = self.path.iter().zip(word.chars()).take_while(|(one, other)| **one == *other).count();
        self.path.truncate(common);
        self.rows.truncate((common + 1) * self.width());
        self.beginnings.truncate(common + 1);
        for c in word.chars().skip(common) {
            let alive = self.push(c);
            let beginning = self.beginnings.last().copied().unwrap_or(u8::MAX);
            if !alive && beginning > self.most {
                return Visit::FarWithAllThatBeginLikeIt(end_of(&self.path));
            }
            if !alive {
                return Visit::Near { distance: beginning, beginning: true };
            }
        }
        let distance = self.rows.last().copied().unwrap_or(u8::MAX);
        let beginning = self.beginnings.last().copied().unwrap_or(u8::MAX);
        match (distance <= self.most, beginning <= self.most) {
            (true, _) => Visit::Near { distance, beginning: false },
            (false, true) => Visit::Near { distance: beginning, beginning: true },
            (false, false) => Visit::Far,
        }
    }

    /// Adds a row. Answers whether a continuation can still be near.
    fn push(&mut self, c: char) -> bool {
        let (width, depth) = (self.width(), self.path.len());
        let above = depth * width;
        let mut smallest = u8::try_from(depth + 1).unwrap_or(u8::MAX);
        self.rows.push(smallest);
        for at in 1..width {
            let differs = u8::from(self.query[at - 1] != c);
            let (left, up, diagonal) =
                (self.rows[above + width + at - 1], self.rows[above + at], self.rows[above + at - 1]);
            let mut distance =
                left.saturating_add(1).min(up.saturating_add(1)).min(diagonal.saturating_add(differs));
            let swapped =
                at > 1 && depth > 0 && self.query[at - 2] == c && self.path[depth - 1] == self.query[at - 1];
            if swapped {
                distance = distance.min(self.rows[above - width + at - 2].saturating_add(1));
            }
            smallest = smallest.min(distance);
            self.rows.push(distance);
        }
        self.path.push(c);
        let last = self.rows.last().copied().unwrap_or(u8::MAX);
        self.beginnings.push(last.min(self.beginnings[depth]));
        // A swap reaches over one row.
        let row_above = self.rows[above..above + width].iter().copied().min().unwrap_or(u8::MAX);
        smallest <= self.most || row_above < self.most
    }
}

/// The smallest text behind all texts that begin with `path`.
fn end_of(path: &[char]) -> Option<String> {
    let mut end = path.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, without any shortcut.
    fn distance(one: &[char], other: &[char]) -> usize {
        let mut table = vec![vec![0; other.len() + 1]; one.len() + 1];
        for i in 0..=one.len() {
            for j in 0..=other.len() {
                table[i][j] = if i == 0 || j == 0 {
                    i + j
                } else {
                    let differs = usize::from(one[i - 1] != other[j - 1]);
                    let mut best =
                        (table[i - 1][j] + 1).min(table[i][j - 1] + 1).min(table[i - 1][j - 1] + differs);
                    if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                        best = best.min(table[i - 2][j - 2] + 1);
                    }
                    best
                };
            }
        }
        table[one.len()][other.len()]
    }

    fn naive(word: &str, query: &str, most: u8) -> Option<(u8, bool)> {
        let (word, query): (Vec<char>, Vec<char>) = (word.chars().collect(), query.chars().collect());
        let whole = distance(&word, &query);
        let beginning = (0..=word.len()).map(|end| distance(&word[..end], &query)).min().unwrap();
        let most = usize::from(most);
        match (whole <= most, beginning <= most) {
            (true, _) => Some((u8::try_from(whole).unwrap(), false)),
            (false, true) => Some((u8::try_from(beginning).unwrap(), true)),
            (false, false) => None,
        }
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_a_comparison_with_every_word_finds(
            words in prop::collection::btree_set("[abcü]{1,8}", 0..60),
            query in "[abcü]{3,9}",
            most in 1_u8..=2,
        ) {
            let words: BTreeMap<Box<str>, u32> = words.into_iter().map(Into::into).zip(0..).collect();
            let found: Vec<_> = near(&words, &query, most);
            let expected: Vec<_> = words.iter().filter_map(|(word, term)| {
                let (distance, beginning) = naive(word, &query, most)?;
                Some(Near { term: *term, distance, beginning })
            }).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn short_words_and_numbers_are_not_corrected() {
        assert_eq!(["tea", "mugs", "porcelain", "500ml"].map(most_errors), [0, 1, 2, 0]);
    }
}
