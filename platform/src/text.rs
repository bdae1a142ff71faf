//! Comparing texts as people do: without regard to case, accents and the way in which they are encoded.

use std::iter;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The text in Unicode's composed form (NFC). Equal-looking texts become equal.
pub fn composed(text: &str) -> String {
    text.nfc().collect()
}

/// The text without case, accents and ligatures: `Früchte` and `FRUCHTE` become `fruchte`, `Straße` becomes `strasse`. Marks
/// that are part of the letters of other scripts are kept. The result is in NFC.
pub fn folded(text: &str) -> String {
    // Lower case first: some capital letters have a lower-case form of two characters.
    let lower = text.chars().flat_map(char::to_lowercase);
    let bare = lower.nfkd().filter(|c| !is_accent(*c)).flat_map(|c| letters(c).chain(other(c)));
    bare.nfc().collect()
}

/// Whether the character is part of a word: a letter, a digit, or a mark on one of them.
pub fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// A text whose UTF-8 bytes sort as people expect titles to be sorted: digits before letters, without regard to case, accents
/// and punctuation; among titles that are equal otherwise, by accents and case. Right for languages with Latin letters that sort
/// accented letters like the plain ones, such as English, German and French. Letters of other scripts follow in the order of
/// Unicode.
pub fn collation_key(title: &str) -> String {
    let mut key = String::with_capacity(2 * title.len() + 1);
    for word in folded(title).split(|c| !is_of_word(c)).filter(|word| !word.is_empty()) {
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(word);
    }
    // A tab sorts before the space, so a title comes before its continuations.
    key.push('\t');
    key.extend(title.nfc());
    key
}

/// The blocks of accents of Latin, Greek and Cyrillic letters.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}')
}

/// The plain letters of a letter that Unicode does not decompose.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'þ' => "th",
        'ħ' => "h",
        'ı' => "i",
        _ => return None,
    })
}

fn letters(c: char) -> impl Iterator<Item = char> {
    plain(c).into_iter().flat_map(str::chars)
}

fn other(c: char) -> impl Iterator<Item = char> {
    iter::once(c).filter(|c| plain(*c).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_ligatures_and_encodings_make_no_difference() {
        for (one, other) in [
            ("Früchte", "Fru\u{308}chte"),
            ("FRÜCHTE", "fruchte"),
            ("Straße", "STRASSE"),
            ("Straße", "STRAẞE"),
            ("Crème brûlée", "creme brulee"),
            ("Smørrebrød", "smorrebrod"),
            ("ﬁne ① Ａ", "fine 1 a"),
            ("İzmir", "izmir"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} and {other}");
        }
        assert_ne!(folded("Tee"), folded("Tea"));
    }

    #[test]
    fn letters_of_other_scripts_keep_their_marks() {
        assert_eq!(folded("がく"), "がく");
        assert_ne!(folded("が"), folded("か"));
        assert!(folded("हिन्दी").chars().all(is_of_word));
    }

    #[test]
    fn titles_are_sorted_like_in_a_catalogue() {
        let sorted = [
            "",
            "10 Filters",
            "\"Apfel\"",
            "Apfel",
            "apfel",
            "Äpfel",
            "Apfel-Saft",
            "Apfel Tee",
            "éclair",
            "Zebra",
            "zebra crossing",
            "Ωmega",
        ];
        let mut titles = sorted.to_vec();
        titles.reverse();
        titles.sort_by_key(|title| collation_key(title));
        assert_eq!(titles, sorted);
    }

    #[test]
    fn composed_texts_are_equal_if_they_look_equal() {
        assert_eq!(composed("Fru\u{308}chte"), "Früchte");
        assert_eq!(composed("Früchte"), "Früchte");
    }
}
