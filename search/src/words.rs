//! Texts as words: how entries and searches are split, the same for both.

use platform::text::{folded, is_of_word};

/// Apostrophes inside a word, which are dropped: `Stationmaster’s` is one word.
const APOSTROPHES: [char; 3] = ['\'', '’', 'ʼ'];

/// Words that a search need not find, in the languages that are known.
const FILLERS: [&str; 41] = [
    "a", "an", "and", "for", "from", "in", "of", "on", "or", "the", "to", "with", "without", "by", "am",
    "auf", "aus", "das", "dem", "den", "der", "des", "die", "ein", "eine", "einem", "einen", "einer", "fur",
    "fuer", "im", "mit", "ohne", "oder", "und", "vom", "von", "zu", "zum", "zur", "als",
];

/// A stretch of a search without spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Its words, folded: `tea` and `100` of `TEA-100`.
    pub(crate) words: Vec<String>,
    /// Its letters and digits: `tea100`.
    pub(crate) code: String,
}

/// The folded words of a text.
pub(crate) fn words(text: &str) -> Vec<String> {
    let folded = folded(text);
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = folded.chars().peekable();
    while let Some(c) = characters.next() {
        if is_of_word(c) {
            word.push(c);
        } else if APOSTROPHES.contains(&c)
            && !word.is_empty()
            && characters.peek().is_some_and(|c| is_of_word(*c))
        {
            // Part of the word.
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The chunks of a search; those without a letter or digit are left out.
pub(crate) fn chunks(text: &str) -> Vec<Chunk> {
    let chunks = text.split_whitespace().map(|chunk| Chunk { words: words(chunk), code: code(chunk) });
    chunks.filter(|chunk| !chunk.words.is_empty()).collect()
}

/// A SKU or barcode as it is compared: its letters and digits, folded.
pub(crate) fn code(text: &str) -> String {
    folded(text).chars().filter(|c| is_of_word(*c)).collect()
}

/// Whether a search need not find this word.
pub(crate) fn is_filler(word: &str) -> bool {
    FILLERS.contains(&word)
}

/// A word in which `ae`, `oe` and `ue` are written for umlauts, as if they were folded umlauts: `fruchte` for `fruechte`.
pub(crate) fn without_transcription(word: &str) -> Option<String> {
    let mut other = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) = rest.find(['a', 'o', 'u']) {
        let (vowel, behind) = (&rest[..=at], &rest[at + 1..]);
        other.push_str(vowel);
        // `qu`, `au` and `eu` before an `e` begin no umlaut: `quelle`, `bauer`, `feuer`.
        let umlaut = behind.starts_with('e') && !other[..other.len() - 1].ends_with(['q', 'a', 'e']);
        rest = if umlaut { &behind[1..] } else { behind };
    }
    other.push_str(rest);
    (other != word).then_some(other)
}

/// A number with its unit behind it, `500ml`, as its two parts.
pub(crate) fn quantity(word: &str) -> Option<(&str, &str)> {
    let at = word.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = word.split_at(at);
    let fits = !number.is_empty() && (1..=3).contains(&unit.chars().count());
    (fits && unit.chars().all(char::is_alphabetic)).then_some((number, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_split_at_everything_that_is_no_letter_or_digit() {
        assert_eq!(words("Früchte-Tee, 100 g (TEE)"), ["fruchte", "tee", "100", "g", "tee"]);
        assert_eq!(words("Stationmaster’s ‘Blend’"), ["stationmasters", "blend"]);
        assert!(words(" – % !!! ").is_empty());
        assert_eq!(code("tea-100_S"), "tea100s");
    }

    #[test]
    fn chunks_keep_together_what_was_typed_together() {
        let found = chunks(" TEA-100  mug ! ");
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].words.as_slice(), found[0].code.as_str()),
            (["tea", "100"].map(String::from).as_slice(), "tea100")
        );
    }

    #[test]
    fn umlauts_may_be_written_with_two_letters() {
        assert_eq!(without_transcription("fruechte").as_deref(), Some("fruchte"));
        assert_eq!(without_transcription("aepfel").as_deref(), Some("apfel"));
        assert_eq!(without_transcription("loeffel").as_deref(), Some("loffel"));
        for word in ["tee", "quelle", "bauer", "feuer", "a", ""] {
            assert_eq!(without_transcription(word), None, "{word}");
        }
    }

    #[test]
    fn a_quantity_is_a_number_and_a_short_unit() {
        assert_eq!(quantity("500ml"), Some(("500", "ml")));
        for word in ["500", "ml", "ml500", "500colour", "5a5"] {
            assert_eq!(quantity(word), None, "{word}");
        }
    }
}
