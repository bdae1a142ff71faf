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
    /// What it was about: an order's, product's or parcel's id, or a SKU.
    pub id: String,
    /// The version that its stream has now.
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
    #[error("the request has fields that are wrong")]
    Invalid(Vec<UserError>),
    /// The rules say no.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// A stream is not at the version that the caller insists on.
    #[error("{stream} is at version {version}")]
    Conflict {
        /// Which.
        stream: StreamId,
        /// Where it is.
        version: u64,
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

impl From<serde_json::Error> for CommandError {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.to_string())
    }
}
