//! What a caller is told.

use domain::{Refusal, UserError};
use event_log::request::WriteError;
use platform::sealing::SealingError;
use schemas::{CommandId, StreamId};
use serde::Serialize;
use serde_json::{Map, Value};

/// A command was carried out: now, or when it came first.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    /// Ask with it what became of the command.
    pub command_id: CommandId,
    /// What it was about: an order's, product's, category's or parcel's id, or a SKU.
    pub id: String,
    /// The version that its stream has now (had, when it came first).
    pub version: u64,
    /// `stream@version`, several joined by commas: a query that presents it sees at least this.
    pub token: String,
    /// What else there is to say.
    #[serde(flatten)]
    pub answer: Map<String, Value>,
    /// This is the first answer again.
    #[serde(skip)]
    pub replayed: bool,
}

/// Why a command was not carried out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommandError {
    /// It is not a command at all: these fields are wrong.
    #[error("the request has fields that are wrong: {}", codes(.0))]
    Invalid(Vec<UserError>),
    /// The rules say no.
    #[error("refused: {refusal}")]
    Refused {
        /// Why.
        refusal: Refusal,
        /// This is the first answer again.
        replayed: bool,
    },
    /// A stream is not at the version that the caller insists on.
    #[error("{stream} is at version {version}")]
    Conflict {
        /// Which.
        stream: StreamId,
        /// Where it is (was, when the command came first).
        version: u64,
        /// This is the first answer again.
        replayed: bool,
    },
    /// There is no such thing, or it is not the caller's.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It could not be recorded; what became of it is known when it is repeated under the same key.
    #[error("the command could not be recorded")]
    Write(#[from] WriteError),
    /// Personal data could not be sealed.
    #[error("personal data could not be sealed")]
    Sealing(#[from] SealingError),
    /// A defect.
    #[error("{0}")]
    Internal(String),
}

fn codes(errors: &[UserError]) -> String {
    let named = |error: &UserError| format!("{} {}", error.code, error.field.as_deref().unwrap_or("?"));
    errors.iter().map(named).collect::<Vec<_>>().join(", ")
}

impl From<serde_json::Error> for CommandError {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

/// The refusal with the names that fields have in inputs, which are longer than those in events.
pub(crate) fn in_words_of_inputs(mut refusal: Refusal) -> Refusal {
    rename(&mut refusal, "qty", "quantity");
    rename(&mut refusal, "change", "delta");
    refusal
}

/// Renames the last part of fields' paths.
pub(crate) fn rename(refusal: &mut Refusal, from: &str, to: &str) {
    for field in refusal.errors.iter_mut().filter_map(|error| error.field.as_mut()) {
        if let Some(path) = field.strip_suffix(from).filter(|path| path.is_empty() || path.ends_with('.')) {
            *field = format!("{path}{to}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_as_the_caller_named_them() {
        let refusal = Refusal::rule("A", "a").at("lines[1].qty").at("qty").at("reqty");
        let fields: Vec<_> =
            in_words_of_inputs(refusal).errors.into_iter().filter_map(|error| error.field).collect();
        assert_eq!(fields, ["lines[1].quantity", "quantity", "reqty"]);
    }
}
