//! Light stemming: the singular and the plural of a word, and its cases, get the same stem. Nothing else is cut off, because a
//! stem that is too short finds products that shoppers did not mean. Words are folded (`platform::text::folded`).

use crate::settings::Language;

/// English plurals without a rule that is worth having, with their singulars.
const IRREGULAR: [(&str, &str); 16] = [
    ("calves", "calf"),
    ("children", "child"),
    ("feet", "foot"),
    ("geese", "goose"),
    ("halves", "half"),
    ("knives", "knife"),
    ("leaves", "leaf"),
    ("loaves", "loaf"),
    ("men", "man"),
    ("mice", "mouse"),
    ("scarves", "scarf"),
    ("shelves", "shelf"),
    ("teeth", "tooth"),
    ("thieves", "thief"),
    ("wolves", "wolf"),
    ("women", "woman"),
];

/// The stem of a word in a language.
pub(crate) fn stem(language: Language, word: &str) -> String {
    match language {
        Language::English => english(word),
        Language::German => german(word).to_owned(),
    }
}

/// English plurals, after Harman's S-stemmer ("How effective is suffixing?", 1991). A silent `e` goes only where the plural
/// cannot be told from the plural in `-es`: `quiche` and `peach` become `quich` and `peach`, but `tape` does not become `tap`.
fn english(word: &str) -> String {
    if let Some((_, one)) = IRREGULAR.iter().find(|(many, _)| *many == word) {
        return english(one);
    }
    let cut = |suffix: &str, least: usize| word.strip_suffix(suffix).filter(|stem| stem.len() >= least);
    if let Some(stem) = cut("ies", 2).or_else(|| cut("ie", 3)) {
        // `berries` and `berry`, `cookies` and `cookie`.
        return format!("{stem}i");
    }
    if let Some(stem) = cut("y", 3).filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u'])) {
        return format!("{stem}i");
    }
    let kept = ["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    let one = cut("s", 2).filter(|_| !kept).unwrap_or(word);
    let silent = ["se", "xe", "ze", "che", "she", "oe"].iter().any(|end| one.ends_with(end));
    if silent && one.len() >= 4 { one[..one.len() - 1].to_owned() } else { one.to_owned() }
}

/// German plurals and cases, after Savoy's light stemmer ("Light stemming approaches for the French, Portuguese, German and
/// Hungarian languages", 2006). Umlauts are folded already.
fn german(word: &str) -> &str {
    const RULES: [(&[&str], usize); 3] =
        [(&["ern"], 7), (&["en", "er", "es", "em"], 6), (&["e", "n", "s"], 5)];
    let length = word.chars().count();
    for (suffixes, least) in RULES {
        if length < least {
            continue;
        }
        if let Some(stem) = suffixes.iter().find_map(|suffix| word.strip_suffix(suffix)) {
            return stem;
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_plurals_meet_their_singulars() {
        for (one, many) in [
            ("cup", "cups"),
            ("berry", "berries"),
            ("cookie", "cookies"),
            ("pie", "pies"),
            ("dish", "dishes"),
            ("box", "boxes"),
            ("glass", "glasses"),
            ("cheese", "cheeses"),
            ("quiche", "quiches"),
            ("knife", "knives"),
            ("shelf", "shelves"),
            ("olive", "olives"),
            ("tomato", "tomatoes"),
            ("shoe", "shoes"),
            ("toy", "toys"),
            ("tea", "teas"),
            ("kettle", "kettles"),
            ("peach", "peaches"),
        ] {
            assert_eq!(english(one), english(many), "{one}, {many}");
        }
        for (one, other) in [("tap", "tape"), ("can", "cane"), ("cook", "cookie"), ("glove", "globe")] {
            assert_ne!(english(one), english(other), "{one}, {other}");
        }
        for word in ["glass", "citrus", "tea", "bus", "set"] {
            assert_eq!(english(word), word);
        }
    }

    #[test]
    fn german_plurals_and_cases_meet_their_singulars() {
        for (one, many) in [
            ("kanne", "kannen"),
            ("tasse", "tassen"),
            ("becher", "bechern"),
            ("buch", "bucher"),
            ("glas", "glaser"),
            ("apfel", "apfeln"),
            ("nuss", "nusse"),
            ("nudel", "nudeln"),
            ("teller", "tellern"),
            ("keks", "kekse"),
            ("blatt", "blatter"),
            ("dose", "dosen"),
        ] {
            assert_eq!(german(one), german(many), "{one}, {many}");
        }
        assert_eq!(german("tee"), "tee");
    }
}
