//! Rules for texts that people and other programs send. The one home of these rules: inputs of commands and decisions use them.

/// What [`is_line`] requires, after the name of a field.
pub const LINE: &str = "must be a single line, without control characters and without characters that change the direction of writing.";
/// What [`is_prose`] requires, after the name of a field.
pub const PROSE: &str = "must not contain control characters other than line breaks and tabs.";

/// Whether the text is one line: no line breaks of any kind, no control characters, and nothing that overrides or isolates the
/// direction of writing. Such characters make a text look like another one, or like several.
pub fn is_line(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || breaks_lines(c) || turns_direction(c))
}

/// Whether the text consists of lines: no control characters except line breaks and tabs.
pub fn is_prose(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Whether nothing of the text can be seen.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control() || is_invisible(c))
}

/// The text without spaces at its ends. Zero-width spaces and byte order marks are spaces, too.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}'))
}

/// Whether a terminal or an editor would do something else with the character than show it in its place.
pub fn is_unsafe_to_show(c: char) -> bool {
    c.is_control() || breaks_lines(c) || turns_direction(c)
}

fn breaks_lines(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Embeddings, overrides and isolates. The marks U+200E, U+200F and U+061C are not among them: names need them.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters without a glyph of their own: Unicode's default-ignorable code points, and the blank Braille pattern.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_break_no_control_character_and_no_direction_override() {
        let breaks = ["\n", "\r", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"];
        let controls = ["\0", "\t", "\u{1b}[2J", "\u{7f}", "\u{9b}"];
        let directions = [
            "\u{202a}", "\u{202b}", "\u{202c}", "\u{202d}", "\u{202e}", "\u{2066}", "\u{2067}", "\u{2068}",
            "\u{2069}",
        ];
        for bad in breaks.into_iter().chain(controls).chain(directions) {
            assert!(!is_line(&format!("a{bad}b")), "{bad:?}");
        }
        for good in ["", "a b", "שלום\u{200f}!", "می\u{200c}خواهم", "👩\u{200d}🔬", "Größe"]
        {
            assert!(is_line(good), "{good}");
        }
    }

    #[test]
    fn prose_may_have_lines_and_tabs_but_no_other_control_characters() {
        assert!(is_prose("one\r\ntwo\n\tthree\u{2028}four"));
        for bad in ["\0", "\u{1b}", "\u{7f}", "\u{85}", "\u{b}"] {
            assert!(!is_prose(&format!("a{bad}b")), "{bad:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_blank() {
        for blank in [
            "",
            " ",
            "\u{a0}\u{3000}",
            "\u{200b}\u{200d}",
            "\u{ad}",
            "\u{3164}",
            "\u{feff}\u{2060}",
            "\u{2800}",
            "\u{e0020}",
            "\n",
        ] {
            assert!(is_blank(blank), "{blank:?}");
        }
        for text in ["a", "\u{200b}a", "👩\u{200d}🔬", "☕\u{fe0f}", "."] {
            assert!(!is_blank(text), "{text:?}");
        }
    }

    #[test]
    fn spaces_at_the_ends_are_trimmed_and_nothing_else() {
        assert_eq!(trimmed(" \u{a0}\u{200b}Tea  time\u{feff}\u{2003}"), "Tea  time");
        // The variation selector belongs to the picture before it.
        assert_eq!(trimmed("☕\u{fe0f} "), "☕\u{fe0f}");
    }
}
