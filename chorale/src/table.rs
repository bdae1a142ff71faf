//! Tables for people and JSON for programs.

use std::io::{self, Write};

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
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Writes one JSON value and a line feed.
pub fn json(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)
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

    #[test]
    fn columns_line_up_and_numbers_are_right_aligned() {
        let mut out = Vec::new();
        let rows = vec![vec!["order".to_owned(), number(1_234_567)], vec!["a".to_owned(), number(7)]];
        print(&mut out, &["topic", "records>"], &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "topic    records\norder  1 234 567\na              7\n");
    }
}
