//! Scores: whole numbers that depend on the entry, the search, and the order of magnitude of the frequency of its words.

use super::dictionary::{ATTRIBUTE, BRAND, CATEGORY, DESCRIPTION, Posting, TITLE};
use super::index::Index;
use super::matching::{CODE, Source, Wanted};

/// How much a field says about what the product is.
const FIELDS: [(u8, u32); 6] =
    [(TITLE, 100), (BRAND, 80), (CATEGORY, 80), (ATTRIBUTE, 50), (DESCRIPTION, 15), (CODE, 100)];

/// An entry that a search may have found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) entry: u32,
    pub(super) score: u32,
}

/// What is known of an entry while the words are gone through.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    score: u32,
    /// The best match of the current word.
    best: u32,
    /// The current word, from 1.
    word: u8,
    /// Words that were found and are no fillers.
    matched: u8,
    /// Words that were found in the title.
    in_title: u8,
    /// Words that follow each other in the title as in the search.
    in_a_row: u8,
    /// The current word's place in the title, from 1; 0 if it is not in there.
    at: u8,
    /// The place of the word before it.
    before: u8,
    /// The first and the last place in the title of a word that was found.
    first: u8,
    last: u8,
}

/// Space for scores, to be used again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    cells: Vec<Cell>,
    touched: Vec<u32>,
}

/// The entries for which `eligible` holds that have all words, or, if there is none, the most of them, but at least half.
pub(super) fn candidates(
    index: &Index,
    wanted: &[Wanted],
    scratch: &mut Scratch,
    eligible: impl Fn(u32) -> bool,
) -> Vec<Candidate> {
    let fields = field_scores();
    scratch.cells.resize(index.capacity(), Cell::default());
    for (word, one) in (1..=u8::MAX).zip(wanted) {
        for (quality, source) in &one.sources {
            let postings = match source {
                Source::Term(term) => index.dictionary.postings(*term),
                Source::Entries(entries) => entries,
            };
            let worth = one.weight * quality;
            for posting in postings {
                let cell = &mut scratch.cells[posting.entry as usize];
                if cell.word == 0 {
                    scratch.touched.push(posting.entry);
                }
                let score = worth * fields[usize::from(posting.fields) % fields.len()] / 100;
                cell.add(word, one.filler, score, posting);
            }
        }
    }
    let needed = wanted.iter().filter(|one| !one.filler).count();
    let found = best_matched(index, scratch, needed, eligible);
    for entry in scratch.touched.drain(..) {
        scratch.cells[entry as usize] = Cell::default();
    }
    found
}

fn best_matched(
    index: &Index,
    scratch: &mut Scratch,
    needed: usize,
    eligible: impl Fn(u32) -> bool,
) -> Vec<Candidate> {
    let mut most = u8::try_from(needed.div_ceil(2)).unwrap_or(u8::MAX).max(1);
    let mut found = Vec::new();
    for entry in &scratch.touched {
        let cell = &scratch.cells[*entry as usize];
        if cell.matched < most || !eligible(*entry) {
            continue;
        }
        if cell.matched > most {
            most = cell.matched;
            found.clear();
        }
        let Some(item) = index.item(*entry) else { continue };
        found.push(Candidate { entry: *entry, score: cell.total(item.title_words, item.available) });
    }
    found
}

impl Cell {
    fn add(&mut self, word: u8, filler: bool, score: u32, posting: &Posting) {
        if self.word != word {
            self.before = if self.word + 1 == word { self.at } else { 0 };
            (self.word, self.best, self.at) = (word, 0, 0);
            self.matched += u8::from(!filler);
        }
        if score > self.best {
            self.score += score - self.best;
            self.best = score;
        }
        if posting.at > 0 && self.at == 0 {
            self.at = posting.at;
            self.in_title += 1;
            self.first = if self.first == 0 { self.at } else { self.first.min(self.at) };
            self.last = self.last.max(self.at);
            self.in_a_row += u8::from(self.before > 0 && self.at == self.before + 1);
        }
    }

    /// The score, raised by up to 20 % for a title of which the search is a large part, by 10 % for each pair of words in a row,
    /// and by 5 % for the first or last word of the title, which mostly is the noun; lowered by 10 % for what cannot be bought.
    fn total(&self, title_words: u8, available: bool) -> u32 {
        let words = u32::from(title_words.max(1));
        let covered = 20 * u32::from(self.in_title).min(words) / words;
        let in_a_row = 10 * u32::from(self.in_a_row);
        let noun = if self.first == 1 || (self.last > 0 && self.last == title_words) { 5 } else { 0 };
        let raised = self.score + self.score * (covered + in_a_row + noun) / 100;
        if available { raised } else { raised - raised / 10 }
    }
}

/// The score of each set of fields: that of the best, and a quarter of the others'.
fn field_scores() -> [u32; 64] {
    let mut scores = [0; 64];
    for (fields, score) in (0_u8..).zip(&mut scores) {
        let present = FIELDS.iter().filter(|(field, _)| fields & field != 0).map(|(_, score)| *score);
        let best = present.clone().max().unwrap_or(0);
        *score = best + (present.sum::<u32>() - best) / 4;
    }
    scores
}
