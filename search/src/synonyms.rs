//! Synonyms from configuration.
//!
//! A text with one rule per line; `#` begins a comment:
//!
//! ```text
//! sofa, couch, settee        # each finds all of them
//! pram => buggy, stroller    # what is on the left also finds what is on the right, but not the reverse
//! chest of drawers, commode  # phrases of up to 4 words
//! ```

use std::collections::BTreeMap;

use crate::settings::Language;
use crate::stem::stem;
use crate::words::words;

/// The most words of a phrase.
pub(crate) const LONGEST_PHRASE: usize = 4;
/// The most rules.
const MOST_RULES: usize = 10_000;

/// Which phrases also find which other ones, in the singular and in the plural.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synonyms {
    /// By the stems of the phrase's words.
    rules: BTreeMap<(Language, Vec<String>), Vec<Vec<String>>>,
}

/// A line that is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the synonyms {problem}")]
pub struct MalformedSynonyms {
    /// From 1.
    pub line: usize,
    problem: &'static str,
}

impl Synonyms {
    /// Reads rules; see the head of this file for the format.
    pub fn parse(text: &str) -> Result<Self, MalformedSynonyms> {
        let mut synonyms = Self::default();
        for (number, line) in text.lines().enumerate() {
            let bad = |problem| MalformedSynonyms { line: number + 1, problem };
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            if number >= MOST_RULES {
                return Err(bad("is beyond the limit of 10 000 lines"));
            }
            match line.split_once("=>") {
                Some((_, right)) if right.contains("=>") => return Err(bad("has more than one arrow")),
                Some((left, right)) => {
                    let (left, right) = (phrases(left).map_err(bad)?, phrases(right).map_err(bad)?);
                    synonyms.add(&left, &right);
                }
                None => {
                    let all = phrases(line).map_err(bad)?;
                    if all.len() < 2 {
                        return Err(bad("names only one phrase"));
                    }
                    synonyms.add(&all, &all);
                }
            }
        }
        Ok(synonyms)
    }

    /// What a phrase of folded words also finds, as it is written in the rules.
    pub(crate) fn of(&self, language: Language, phrase: &[String]) -> &[Vec<String>] {
        if self.rules.is_empty() {
            return &[];
        }
        self.rules.get(&(language, stems(language, phrase))).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, left: &[Vec<String>], right: &[Vec<String>]) {
        for (from, language) in left.iter().flat_map(|from| Language::ALL.map(|language| (from, language))) {
            let known = self.rules.entry((language, stems(language, from))).or_default();
            for to in right {
                if to != from && !known.contains(to) {
                    known.push(to.clone());
                }
            }
        }
    }
}

fn stems(language: Language, phrase: &[String]) -> Vec<String> {
    phrase.iter().map(|word| stem(language, word)).collect()
}

fn phrases(text: &str) -> Result<Vec<Vec<String>>, &'static str> {
    let phrase = |text: &str| match words(text) {
        words if words.is_empty() => Err("has a phrase without words"),
        words if words.len() > LONGEST_PHRASE => Err("has a phrase of more than 4 words"),
        words => Ok(words),
    };
    text.split(',').map(phrase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(synonyms: &Synonyms, phrase: &str) -> Vec<String> {
        synonyms.of(Language::English, &words(phrase)).iter().map(|words| words.join(" ")).collect()
    }

    #[test]
    fn rules_work_both_ways_unless_there_is_an_arrow() {
        let text = "# furniture\nSofa, Couch , settee\npram => buggy # one way\nchest of drawers, commode\n";
        let synonyms = Synonyms::parse(text).unwrap();
        assert_eq!(of(&synonyms, "couch"), ["sofa", "settee"]);
        assert_eq!(of(&synonyms, "Couches"), ["sofa", "settee"]);
        assert_eq!(of(&synonyms, "pram"), ["buggy"]);
        assert!(of(&synonyms, "buggy").is_empty());
        assert_eq!(of(&synonyms, "commode"), ["chest of drawers"]);
        assert_eq!(of(&synonyms, "chest of drawers"), ["commode"]);
    }

    #[test]
    fn a_line_that_is_no_rule_is_named() {
        for (text, line) in
            [("a, b\nalone", 2), ("a => ", 1), (", b", 1), ("a => b => c", 1), ("a b c d e, f", 1)]
        {
            assert_eq!(Synonyms::parse(text).unwrap_err().line, line, "{text}");
        }
    }
}
