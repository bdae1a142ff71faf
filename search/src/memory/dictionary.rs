//! The words of all entries, and which entries have them.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use super::typos::{self, Near};
use crate::settings::Language;
use crate::stem::stem;
use crate::words::without_transcription;

/// Where in an entry a word is: bits of [`Posting::fields`].
pub(super) const TITLE: u8 = 1;
pub(super) const BRAND: u8 = 2;
pub(super) const CATEGORY: u8 = 4;
pub(super) const ATTRIBUTE: u8 = 8;
pub(super) const DESCRIPTION: u8 = 16;

/// An entry with a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Posting {
    pub(super) entry: u32,
    pub(super) fields: u8,
    /// Its first place in the title, from 1; 0 if it is not in there.
    pub(super) at: u8,
}

/// Endings of German plurals and cases.
const ENDINGS: [&str; 8] = ["", "e", "en", "er", "ern", "es", "n", "s"];

#[derive(Debug, Default)]
struct Term {
    word: Box<str>,
    /// By entry.
    postings: Vec<Posting>,
}

/// All words. A word without entries is not in here.
#[derive(Debug)]
pub(super) struct Dictionary {
    languages: Vec<Language>,
    words: BTreeMap<Box<str>, u32>,
    /// Words written backwards, so that compounds with the same last part are neighbours.
    backwards: BTreeMap<Box<str>, u32>,
    stems: HashMap<(Language, Box<str>), Vec<u32>>,
    terms: Vec<Term>,
    unused: Vec<u32>,
}

impl Dictionary {
    pub(super) fn new(languages: Vec<Language>) -> Self {
        Self {
            languages,
            words: BTreeMap::new(),
            backwards: BTreeMap::new(),
            stems: HashMap::new(),
            terms: Vec::new(),
            unused: Vec::new(),
        }
    }

    /// The entry has the word. Answers the word's number.
    pub(super) fn add(&mut self, word: &str, posting: Posting) -> u32 {
        let term = self.words.get(word).copied().unwrap_or_else(|| self.begin(word));
        let postings = &mut self.terms[term as usize].postings;
        match postings.binary_search_by_key(&posting.entry, |posting| posting.entry) {
            Ok(at) => postings[at] = posting,
            Err(at) => postings.insert(at, posting),
        }
        term
    }

    /// The entry no longer has the word.
    pub(super) fn remove(&mut self, term: u32, entry: u32) {
        let postings = &mut self.terms[term as usize].postings;
        if let Ok(at) = postings.binary_search_by_key(&entry, |posting| posting.entry) {
            postings.remove(at);
        }
        if postings.is_empty() {
            self.end(term);
        }
    }

    pub(super) fn postings(&self, term: u32) -> &[Posting] {
        &self.terms[term as usize].postings
    }

    pub(super) fn word(&self, term: u32) -> &str {
        &self.terms[term as usize].word
    }

    pub(super) fn exact(&self, word: &str) -> Option<u32> {
        self.words.get(word).copied()
    }

    /// The words with the same stem in any language, perhaps with the word itself, each once.
    pub(super) fn same_stem(&self, word: &str) -> Vec<u32> {
        let keys = self.stems_of(word);
        let mut found: Vec<u32> =
            keys.iter().filter_map(|key| self.stems.get(key)).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The words that begin with a text, without the text itself.
    pub(super) fn beginning_with<'d>(&'d self, text: &'d str) -> impl Iterator<Item = u32> + 'd {
        let from = (Bound::Excluded(text), Bound::Unbounded);
        self.words
            .range::<str, _>(from)
            .take_while(move |(word, _)| word.starts_with(text))
            .map(|(_, term)| *term)
    }

    /// German compounds whose last part is the word in any of its forms, such as `teekanne` for `kannen`. Of a word with fewer
    /// than 4 letters only as it is.
    pub(super) fn compounds_with(&self, word: &str) -> Vec<u32> {
        let length = word.chars().count();
        if !self.languages.contains(&Language::German) || length < 3 {
            return Vec::new();
        }
        let stem = stem(Language::German, word);
        let endings = if length < 4 { &[][..] } else { &ENDINGS[..] };
        let mut forms: Vec<String> = endings.iter().map(|ending| format!("{stem}{ending}")).collect();
        forms.push(word.to_owned());
        forms.sort_unstable();
        forms.dedup();
        let mut found = Vec::new();
        for form in forms {
            let form: String = form.chars().rev().collect();
            let behind = self.backwards.range::<str, _>((Bound::Excluded(form.as_str()), Bound::Unbounded));
            for (compound, term) in behind.take_while(|(compound, _)| compound.starts_with(&form)) {
                // What stands before the last part is a part itself, not only a letter.
                if compound.chars().count() >= form.chars().count() + 3 {
                    found.push(*term);
                }
            }
        }
        found
    }

    /// Words that are a few typing errors away from the word.
    pub(super) fn near(&self, word: &str) -> Vec<Near> {
        typos::near(&self.words, word, typos::most_errors(word))
    }

    /// Words that are one typing error away from a stem of the word: its other forms.
    pub(super) fn near_stems(&self, word: &str) -> Vec<Near> {
        let mut stems: Vec<String> = self.languages.iter().map(|language| stem(*language, word)).collect();
        stems.sort_unstable();
        stems.dedup();
        stems.retain(|stem| stem != word);
        // A stem is nothing that somebody typed: what begins like it may be anything.
        let near =
            stems.iter().flat_map(|stem| typos::near(&self.words, stem, typos::most_errors(stem).min(1)));
        near.filter(|near| !near.beginning).collect()
    }

    fn begin(&mut self, word: &str) -> u32 {
        let new = Term { word: word.into(), postings: Vec::new() };
        let term = match self.unused.pop() {
            Some(term) => {
                self.terms[term as usize] = new;
                term
            }
            None => {
                self.terms.push(new);
                u32::try_from(self.terms.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.words.insert(word.into(), term);
        self.backwards.insert(word.chars().rev().collect::<String>().into(), term);
        for key in self.stems_of(word) {
            self.stems.entry(key).or_default().push(term);
        }
        term
    }

    fn end(&mut self, term: u32) {
        let word = std::mem::take(&mut self.terms[term as usize]).word;
        self.words.remove(&word);
        self.backwards.remove(word.chars().rev().collect::<String>().as_str());
        for key in self.stems_of(&word) {
            if let Some(terms) = self.stems.get_mut(&key) {
                terms.retain(|other| *other != term);
                if terms.is_empty() {
                    self.stems.remove(&key);
                }
            }
        }
        self.unused.push(term);
    }

    fn stems_of(&self, word: &str) -> Vec<(Language, Box<str>)> {
        let german = self.languages.contains(&Language::German);
        let other = german.then(|| without_transcription(word)).flatten();
        let spellings = std::iter::once(word).chain(other.as_deref());
        let stems = spellings.flat_map(|word| {
            self.languages.iter().map(move |language| (*language, stem(*language, word).into()))
        });
        let mut stems: Vec<(Language, Box<str>)> = stems.collect();
        stems.sort_unstable();
        stems.dedup();
        stems
    }
}
