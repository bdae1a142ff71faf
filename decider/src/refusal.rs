//! Refusals: why the rules do not allow a command.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kind of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefusalKind {
    /// A rule forbids it.
    Rule,
    /// The thing that the command names does not exist.
    NotFound,
    /// Another command was faster.
    Conflict,
}

/// One thing that is wrong with a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserError {
    /// For programs: `TOO_LATE`.
    pub code: String,
    /// For people: what is wrong, and what to do instead.
    pub message: String,
    /// The part of the command, as a path in its JSON: `lines[1].qty`. `None`: the command as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What a program needs to fix it, such as the allowed range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

/// The rules refuse a command. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// The kind of refusal.
    pub kind: RefusalKind,
    /// For programs: `ILLEGAL_TRANSITION`.
    pub code: String,
    /// For people.
    pub message: String,
    /// Every fault that was found.
    pub errors: Vec<UserError>,
    /// Whether the same command may succeed later without anyone's doing: it depends on an event of another context, or on
    /// the answer of a service, that may not have arrived yet. Such a refusal is not kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retryable: bool,
}

impl Refusal {
    /// A rule forbids it.
    pub fn rule(code: &str, message: impl Into<String>) -> Self {
        Self {
            kind: RefusalKind::Rule,
            code: code.to_owned(),
            message: message.into(),
            errors: Vec::new(),
            retryable: false,
        }
    }

    /// The thing that the command names does not exist.
    pub fn not_found(what: &str) -> Self {
        let message = format!("There is no such {what}.");
        Self { kind: RefusalKind::NotFound, ..Self::rule("NOT_FOUND", message) }
    }

    /// Marks it: what is missing may still arrive by itself.
    #[must_use]
    pub fn retryable(self) -> Self {
        Self { retryable: true, ..self }
    }

    /// Adds the field that is wrong, as a path in the command's JSON.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        let error = UserError {
            code: self.code.clone(),
            message: self.message.clone(),
            field: Some(field.into()),
            details: None,
        };
        self.errors.push(error);
        self
    }

    /// A refusal for several errors; the first gives code and message. `None` for an empty list.
    pub fn all(errors: Vec<UserError>) -> Option<Self> {
        let first = errors.first()?;
        let refusal = Self::rule(&first.code, &first.message);
        Some(Self { errors, ..refusal })
    }
}

impl UserError {
    /// An error in a field.
    pub fn new(code: &str, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), field: Some(field.into()), details: None }
    }

    /// Adds what a program needs to fix it.
    #[must_use]
    pub fn with(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }
}
