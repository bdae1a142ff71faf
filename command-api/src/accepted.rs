//! Answers of commands.

use domain::{Refusal, UserError};
use event_log::request::WriteError;
use platform::sealing::SealingError;
use schemas::{CommandId, Context, StreamId};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::ids::{InvalidId, Named};

/// A command that was carried out: now, or by an earlier request with the same key.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    /// Id of the command, for the status query.
    pub command_id: CommandId,
    /// Id of the object that the command concerned: order, product, category or shipment id, or a SKU.
    pub id: String,
    /// Global id of the object, as queries answer it.
    pub global_id: String,
    /// Version of the object's stream after the command.
    pub version: u64,
    /// Consistency token, `stream@version`, several separated by commas. A query that presents it sees the
    /// command's effects.
    pub token: String,
    /// Fields that depend on the command.
    #[serde(flatten)]
    pub answer: Map<String, Value>,
    /// Whether this is the first answer, returned again.
    #[serde(skip)]
    pub replayed: bool,
}

/// The reason for which a command was not carried out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommandError {
    /// The input is invalid in these fields.
    #[error("the request has invalid fields: {}", codes(.0))]
    Invalid(Vec<UserError>),
    /// A business rule refuses the command.
    #[error("refused: {refusal}")]
    Refused {
        /// The rule's code and message.
        refusal: Refusal,
        /// Whether this is the first answer, returned again.
        replayed: bool,
    },
    /// A stream does not have the version that the caller expects.
    #[error("{stream} is at version {version}")]
    Conflict {
        /// The stream with a different version.
        stream: StreamId,
        /// Version of the stream when the command first came.
        version: u64,
        /// Whether this is the first answer, returned again.
        replayed: bool,
    },
    /// The path takes the id of an object of one type, and this is the global id of one of another type.
    #[error("the id is that of a {found}, not of a {expected}")]
    OfAnotherType {
        /// The type that the path takes, in a word.
        expected: &'static str,
        /// The type in the id.
        found: String,
    },
    /// The object does not exist, or does not belong to the caller. Names the kind of object.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The consistency token names a version that does not exist.
    #[error("there is no {stream}@{version}")]
    UnknownVersion { stream: String, version: u64 },
    /// The context has not handled in time what the consistency token names.
    #[error("{context} has not handled {stream}@{version} yet")]
    Behind { context: Context, stream: String, version: u64 },
    /// The command could not be recorded, or its outcome is unknown. A retry with the same key is safe.
    #[error("the command could not be recorded")]
    Write(#[from] WriteError),
    /// Personal data could not be encrypted.
    #[error("personal data could not be encrypted")]
    Sealing(#[from] SealingError),
    /// A defect of this program.
    #[error("{0}")]
    Internal(String),
}

fn codes(errors: &[UserError]) -> String {
    let named = |error: &UserError| format!("{} {}", error.code, error.field.as_deref().unwrap_or("?"));
    errors.iter().map(named).collect::<Vec<_>>().join(", ")
}

impl CommandError {
    /// The id in the path is not that of an object of this type.
    pub(crate) fn invalid_id(expected: Named, invalid: InvalidId) -> Self {
        match invalid {
            InvalidId::Malformed => Self::NotFound(expected.in_words()),
            InvalidId::OfAnother(found) => Self::OfAnotherType { expected: expected.in_words(), found },
        }
    }
}

impl From<serde_json::Error> for CommandError {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.to_string())
    }
}
