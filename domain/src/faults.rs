//! Collects all errors in a command's own fields, so that one refusal names all of them.

use crate::{Refusal, UserError, texts};

/// The errors found so far.
#[derive(Default)]
pub(crate) struct Faults(Vec<UserError>);

impl Faults {
    pub(crate) fn add(&mut self, code: &str, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(UserError::new(code, field, message));
    }

    /// Checks a single line of 1 to `max` characters.
    pub(crate) fn line(&mut self, field: &str, text: &str, max: usize) {
        if texts::is_blank(text) {
            self.add(
                "REQUIRED",
                field,
                format!("{field} must not be empty. It can have 1 to {max} characters."),
            );
        }
        self.length(field, text, max);
        if !texts::is_line(text) {
            self.add("INVALID_TEXT", field, format!("{field} {}", texts::LINE));
        }
    }

    /// Checks a text of at most `max` characters, which may be empty and contain line breaks.
    pub(crate) fn prose(&mut self, field: &str, text: &str, max: usize) {
        self.length(field, text, max);
        if !texts::is_prose(text) {
            self.add("INVALID_TEXT", field, format!("{field} {}", texts::PROSE));
        }
    }

    /// Checks that a list or map has at most `max` entries.
    pub(crate) fn at_most(&mut self, field: &str, found: usize, max: usize) {
        if found > max {
            self.add("TOO_MANY", field, format!("{field} has {found} entries; at most {max} are allowed."));
        }
    }

    /// Refuses with all errors, if there are any.
    pub(crate) fn refuse(self) -> Result<(), Refusal> {
        Refusal::all(self.0).map_or(Ok(()), Err)
    }

    fn length(&mut self, field: &str, text: &str, max: usize) {
        let found = text.chars().count();
        if found > max {
            self.add(
                "TOO_LONG",
                field,
                format!("{field} has {found} characters; at most {max} are allowed."),
            );
        }
    }
}
