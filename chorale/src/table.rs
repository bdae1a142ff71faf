//! Tables for people and JSON for programs.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use domain::texts::is_unsafe_to_show;
use serde::Serialize;

/// Writes rows under headings; columns are as wide as their widest cell. A column whose heading ends with `>` is
/// right-aligned.
pub fn print(out: &mut impl Write, headings: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let right: Vec<bool> = headings.iter().map(|heading| heading.ends_with('>')).collect();
    let headings: Vec<String> =
        headings.iter().map(|heading| heading.trim_end_matches('>').to_owned()).collect();
    let widths: Vec<usize> = (0..headings.len())
        .map(|i| {
            let cells = rows.iter().filter_map(|row| row.get(i)).chain([&headings[i]]);
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    for row in std::iter::once(&headings).chain(rows) {
        let mut line = String::new();
        for (i, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths.get(i).copied().unwrap_or(0).saturating_sub(cell.chars().count()));
            let (before, after) =
                if right.get(i) == Some(&true) { (pad, String::new()) } else { (String::new(), pad) };
            line.push_str(&format!("{before}{cell}{after}  "));
        }
        self::line(out, line.trim_end())?;
    }
    Ok(())
}

/// Writes a line that may contain texts of others. Characters that would move the cursor, end the line or turn the direction of
/// writing are escaped (`\u{202e}`), so that what is shown is what was recorded.
pub fn line(out: &mut impl Write, line: impl Display) -> io::Result<()> {
    writeln!(out, "{}", escaped(&line.to_string(), |c| c.escape_unicode().to_string()))
}

/// Writes one JSON value and a line feed. On a terminal, the characters that [`line`] escapes are escaped as JSON has it; a
/// program that reads the output gets stored payloads byte for byte.
pub fn json(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    if io::stdout().is_terminal() {
        return writeln!(out, "{}", escaped_json(&serde_json::to_string(value)?));
    }
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)
}

/// The same JSON value. Such characters are only inside of its strings, and below U+10000.
fn escaped_json(json: &str) -> Cow<'_, str> {
    escaped(json, |c| format!("\\u{:04x}", u32::from(c)))
}

fn escaped(text: &str, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(is_unsafe_to_show) {
        return Cow::Borrowed(text);
    }
    let show = |c: char| if is_unsafe_to_show(c) { escape(c) } else { c.to_string() };
    Cow::Owned(text.chars().map(show).collect())
}

/// A value, or `-` if it is not known.
pub fn known<T>(value: Option<T>, show: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), show)
}

/// `12.3`
pub fn seconds(value: f64) -> String {
    format!("{value:.1}")
}

/// `1 234 567`
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}[2Jb\r\u{202e}c\u{2066}d\u{85}e\u{2028}f\u{9b}g\nh";

    #[test]
    fn nothing_that_moves_the_cursor_or_turns_the_direction_reaches_a_terminal() {
        let mut out = Vec::new();
        line(&mut out, HOSTILE).unwrap();
        print(&mut out, &["name"], &[vec![HOSTILE.to_owned()]]).unwrap();
        let text = String::from_utf8(out).unwrap();
        let shown = "a\\u{1b}[2Jb\\u{d}\\u{202e}c\\u{2066}d\\u{85}e\\u{2028}f\\u{9b}g\\u{a}h";
        assert_eq!(text, format!("{shown}\nname\n{shown}\n"));
    }

    #[test]
    fn escaped_json_is_the_same_value() {
        let value = serde_json::json!({ HOSTILE: [HOSTILE, 1, null] });
        let text = serde_json::to_string(&value).unwrap();
        let shown = escaped_json(&text);
        assert!(!shown.contains(is_unsafe_to_show), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    #[test]
    fn columns_line_up_and_numbers_are_right_aligned() {
        let mut out = Vec::new();
        let rows = vec![vec!["order".to_owned(), number(1_234_567)], vec!["a".to_owned(), number(7)]];
        print(&mut out, &["topic", "records>"], &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "topic    records\norder  1 234 567\na              7\n");
    }
}
