//! What a search text may mean: for each of its words the entries that it finds, and how well.

use super::codes::Fit;
use super::dictionary::{Posting, TITLE};
use super::index::Index;
use crate::port::{SearchError, check_text};
use crate::settings::Settings;
use crate::synonyms::LONGEST_PHRASE;
use crate::words::{Chunk, chunks, is_filler};

/// In a code: a bit of [`Posting::fields`] that no word has.
pub(super) const CODE: u8 = 32;

/// How well something fits, in percent of a whole word.
mod quality {
    pub(super) const WHOLE_CODE: u32 = 150;
    pub(super) const WHOLE: u32 = 100;
    pub(super) const SAME_STEM: u32 = 92;
    pub(super) const JOINED: u32 = 85;
    pub(super) const SYNONYM: u32 = 80;
    pub(super) const TAKEN_APART: u32 = 70;
    /// Of a beginning: at least this, and more the longer it is.
    pub(super) const BEGINNING: (u32, u32) = (58, 28);
    pub(super) const CODE_BEGINNING: u32 = 75;
    pub(super) const CODE_PART: u32 = 45;
    pub(super) const LETTERS_OF_CODE: u32 = 30;
    pub(super) const COMPOUND: u32 = 78;
    /// By the number of typing errors, from 1.
    pub(super) const NEAR: [u32; 2] = [58, 40];
    pub(super) const NEAR_STEM: u32 = 50;
    /// Of a word that is a part of others, and so is probably right.
    pub(super) const NEAR_PART: u32 = 35;
    pub(super) const BEGINS_NEAR: [u32; 2] = [42, 28];
}

/// Entries that a word finds.
#[derive(Debug)]
pub(super) enum Source {
    /// Those with this term of the dictionary.
    Term(u32),
    /// These.
    Entries(Vec<Posting>),
}

/// A word of the search.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// How much it says: rare words say more.
    pub(super) weight: u32,
    /// Whether it may be missing.
    pub(super) filler: bool,
    /// With their quality, the best first.
    pub(super) sources: Vec<(u32, Source)>,
}

/// The words of a search text. Fails if it is too long.
pub(super) fn wanted(index: &Index, settings: &Settings, text: &str) -> Result<Vec<Wanted>, SearchError> {
    check_text(text)?;
    let chunks = chunks(text);
    let words: Vec<String> = chunks.iter().flat_map(|chunk| chunk.words.iter().cloned()).collect();
    let only_fillers = words.iter().all(|word| is_filler(word));
    let mut all: Vec<Wanted> = words
        .iter()
        .map(|word| Wanted {
            filler: !only_fillers && is_filler(word),
            sources: alone(index, word),
            ..Wanted::default()
        })
        .collect();
    add_phrases(index, settings, &words, &mut all);
    add_codes(index, &chunks, &mut all);
    for wanted in &mut all {
        wanted
            .sources
            .sort_by(|(one, a), (other, b)| other.cmp(one).then_with(|| name(index, a).cmp(name(index, b))));
        wanted.weight = weight(index, &wanted.sources);
    }
    Ok(all)
}

/// For an order that is the same in every process.
fn name<'i>(index: &'i Index, source: &Source) -> &'i str {
    match source {
        Source::Term(term) => index.dictionary.word(*term),
        Source::Entries(_) => "",
    }
}

/// What a word finds on its own.
fn alone(index: &Index, word: &str) -> Vec<(u32, Source)> {
    let dictionary = &index.dictionary;
    let mut terms: Vec<(u32, u32)> = Vec::new();
    let known = known(index, word);
    for term in &known {
        let whole = dictionary.word(*term) == word;
        terms.push((if whole { quality::WHOLE } else { quality::SAME_STEM }, *term));
    }
    let length = word.chars().count();
    let before = terms.len();
    for term in dictionary.beginning_with(word) {
        let share =
            quality::BEGINNING.1 * count(length) / count(dictionary.word(term).chars().count()).max(1);
        terms.push((quality::BEGINNING.0 + share, term));
    }
    terms.extend(dictionary.compounds_with(word).into_iter().map(|term| (quality::COMPOUND, term)));
    let is_part = terms.len() > before;
    if known.is_empty() {
        terms.extend(corrected(index, word, is_part));
    }
    // The best quality of each.
    terms.sort_unstable_by_key(|(quality, term)| (*term, std::cmp::Reverse(*quality)));
    terms.dedup_by_key(|(_, term)| *term);
    let mut sources: Vec<_> =
        terms.into_iter().map(|(quality, term)| (quality, Source::Term(term))).collect();
    if known.is_empty() && !is_part {
        sources.extend(taken_apart(index, word).map(|found| (quality::TAKEN_APART, Source::Entries(found))));
    }
    sources
}

/// The words that a word with typing errors may mean. If it is a part of other words, it is probably right, so only whole words
/// with one error are added.
fn corrected(index: &Index, word: &str, is_part: bool) -> Vec<(u32, u32)> {
    let near = index.dictionary.near(word);
    let least = near.iter().filter(|near| !near.beginning).map(|near| near.distance).min();
    let least_of_all = near.iter().map(|near| near.distance).min();
    let fits = near.into_iter().filter(|near| {
        let best = if near.beginning { least_of_all } else { least };
        Some(near.distance) == best && !(is_part && (near.beginning || near.distance > 1))
    });
    let rated = fits.filter_map(|near| {
        let qualities = match (is_part, near.beginning) {
            (true, _) => [quality::NEAR_PART; 2],
            (false, true) => quality::BEGINS_NEAR,
            (false, false) => quality::NEAR,
        };
        Some((*qualities.get(usize::from(near.distance).checked_sub(1)?)?, near.term))
    });
    let mut all: Vec<(u32, u32)> = rated.collect();
    if !is_part {
        let stems = index.dictionary.near_stems(word);
        all.extend(stems.into_iter().map(|near| (quality::NEAR_STEM, near.term)));
    }
    all
}

/// The terms that are the word or have its stem.
fn known(index: &Index, word: &str) -> Vec<u32> {
    let mut terms = index.dictionary.same_stem(word);
    terms.extend(index.dictionary.exact(word));
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// Entries with both parts of a word that was written together, `teapot` for `tea pot`.
fn taken_apart(index: &Index, word: &str) -> Option<Vec<Posting>> {
    let characters: Vec<usize> = word.char_indices().map(|(at, _)| at).collect();
    let inner = characters.get(3..characters.len().saturating_sub(2))?;
    let found = inner.iter().filter_map(|at| together(index, &[&word[..*at], &word[*at..]], true));
    found.max_by_key(Vec::len)
}

/// Entries that have all words of a phrase, or compounds with them. `None`: no entry has.
fn together(index: &Index, phrase: &[&str], compounds: bool) -> Option<Vec<Posting>> {
    let terms = |word: &&str| {
        let mut terms = known(index, word);
        if compounds {
            terms.extend(index.dictionary.compounds_with(word));
        }
        (!terms.is_empty()).then_some(terms)
    };
    let terms: Option<Vec<Vec<u32>>> = phrase.iter().map(terms).collect();
    let mut all: Option<Vec<Posting>> = None;
    for terms in terms? {
        let postings = terms.into_iter().flat_map(|term| index.dictionary.postings(term));
        let mut found: Vec<Posting> = postings.copied().collect();
        found.sort_unstable_by_key(|posting| (posting.entry, std::cmp::Reverse(posting.fields & TITLE)));
        found.dedup_by_key(|posting| posting.entry);
        all = Some(match all {
            None => found,
            Some(before) => both(&before, &found),
        });
    }
    all.filter(|found| !found.is_empty())
}

/// Entries of both lists, with the fields that both are in, or all of them if there is no such field.
fn both(one: &[Posting], other: &[Posting]) -> Vec<Posting> {
    let matching = one.iter().filter_map(|posting| {
        let at = other.binary_search_by_key(&posting.entry, |posting| posting.entry).ok()?;
        let fields = match posting.fields & other[at].fields {
            0 => posting.fields.max(other[at].fields),
            fields => fields,
        };
        Some(Posting { fields, ..*posting })
    });
    matching.collect()
}

/// Adds what several words mean together: synonyms, and words that are usually written as one. It counts for each of them.
fn add_phrases(index: &Index, settings: &Settings, words: &[String], all: &mut [Wanted]) {
    let mut add = |from: usize, length: usize, quality: u32, phrase: &[String]| {
        let terms = if phrase.len() == 1 { known(index, &phrase[0]) } else { Vec::new() };
        let parts: Vec<&str> = phrase.iter().map(String::as_str).collect();
        let entries = if phrase.len() > 1 { together(index, &parts, false) } else { None };
        for wanted in &mut all[from..from + length] {
            wanted.sources.extend(terms.iter().map(|term| (quality, Source::Term(*term))));
            wanted.sources.extend(entries.iter().map(|found| (quality, Source::Entries(found.clone()))));
        }
    };
    for from in 0..words.len() {
        for length in 1..=LONGEST_PHRASE.min(words.len() - from) {
            let phrase = &words[from..from + length];
            for language in &settings.languages {
                for other in settings.synonyms.of(*language, phrase) {
                    add(from, length, quality::SYNONYM, other);
                }
            }
            if length == 2 {
                add(from, length, quality::JOINED, &[phrase.concat()]);
            }
        }
    }
}

/// Adds SKUs and barcodes: of each chunk, and of the whole text if it has few chunks.
fn add_codes(index: &Index, chunks: &[Chunk], all: &mut [Wanted]) {
    let alone = chunks.len() == 1;
    let mut from = 0;
    for chunk in chunks {
        let to = from + chunk.words.len();
        let digits = chunk.code.bytes().filter(u8::is_ascii_digit).count();
        let telling = digits > 0 && (digits < chunk.code.len() || digits >= 5 || alone);
        let found = index.codes.find(&chunk.code, telling && chunk.code.len() >= 3);
        add_found(&found, digits == 0, &mut all[from..to]);
        from = to;
    }
    if (2..=4).contains(&chunks.len()) {
        let code: String = chunks.iter().map(|chunk| chunk.code.as_str()).collect();
        if code.bytes().any(|byte| byte.is_ascii_digit()) {
            add_found(&index.codes.find(&code, false), false, all);
        }
    }
}

fn add_found(found: &[(Fit, u32)], letters_only: bool, all: &mut [Wanted]) {
    for (fit, quality) in [
        (Fit::Whole, quality::WHOLE_CODE),
        (Fit::Beginning, if letters_only { quality::LETTERS_OF_CODE } else { quality::CODE_BEGINNING }),
        (Fit::Part, quality::CODE_PART),
    ] {
        let entries: Vec<Posting> = found
            .iter()
            .filter(|(found, _)| *found == fit)
            .map(|(_, entry)| Posting { entry: *entry, fields: CODE, at: 0 })
            .collect();
        if !entries.is_empty() {
            all.iter_mut()
                .for_each(|wanted| wanted.sources.push((quality, Source::Entries(entries.clone()))));
        }
    }
}

/// By the number of entries with what fits best: 4, and one more for each halving of the catalogue. So a score changes only
/// when a word has become twice as frequent, and cursors stay valid while the catalogue changes.
fn weight(index: &Index, sources: &[(u32, Source)]) -> u32 {
    let best = sources.first().map_or(0, |(quality, _)| *quality);
    let good = sources.iter().take_while(|(quality, _)| *quality + 10 >= best);
    let entries: usize = good
        .map(|(_, source)| match source {
            Source::Term(term) => index.dictionary.postings(*term).len(),
            Source::Entries(entries) => entries.len(),
        })
        .sum();
    4 + (index.len() / entries.max(1)).max(1).ilog2()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
