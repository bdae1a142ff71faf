//! What the context's writer is asked, and what it answers.

use std::sync::Arc;

use domain::{Decision, Refusal};
use schemas::{Actor, CommandId, StreamId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::port::{Handled, LogError, Parking};

/// What a stream's version must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever it is.
    Any,
    /// The stream must not exist.
    NoStream,
    /// Exactly this one.
    Exact(u64),
}

/// Where a request comes from, and so how a repetition is recognised.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A command: kept in the ledger under its id, with the fingerprint of what was asked.
    Command {
        /// Keyed hash of the request, taken before personal data was sealed.
        fingerprint: [u8; 32],
    },
    /// A reaction to an event: kept in the inbox.
    Reaction {
        /// Who reacts.
        reactor: String,
        /// The stream of the event.
        source: StreamId,
        /// The event.
        event: Handled,
    },
    /// A timer or an effect's outcome: its decision recognises a repetition by state, and no answer is kept.
    Inner,
}

/// A request to the writer.
#[derive(Clone)]
pub struct Request {
    /// Its id; ids of its events are derived from it.
    pub command: CommandId,
    /// How a repetition is recognised.
    pub origin: Origin,
    /// The rule.
    pub decision: Arc<dyn Decision>,
    /// Who asks.
    pub actor: Actor,
    /// The flow it belongs to.
    pub correlation: Uuid,
    /// The event that caused it, or the command's own id.
    pub causation: Uuid,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// Versions that the caller insists on.
    pub expected: Vec<(StreamId, Expected)>,
    /// Parked records that change with it.
    pub parking: Vec<Parking>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "camelCase")]
pub enum Verdict {
    /// Decided; events were appended, or there was nothing to do.
    Done {
        /// Streams read or written, with the version they have now; written ones first.
        versions: Vec<(StreamId, u64)>,
        /// How many events were appended.
        appended: u32,
        /// What the decision tells the caller.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<Value>,
    },
    /// The rules say no.
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// A stream is not at the version that the caller insists on.
    Conflict {
        /// Which.
        stream: StreamId,
        /// What it is.
        version: u64,
    },
}

/// A verdict, and whether it was given before.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// This is the first answer again: the ledger or the inbox knew the request. A reaction that was known answers
    /// `Done` without versions.
    pub replayed: bool,
}

/// Why a request has no verdict.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WriteError {
    /// The same command id came with another request before.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// The decision could not be carried out; a defect of the program or of what is stored.
    #[error("the request could not be decided: {0}")]
    Failed(String),
    /// Other processes kept changing what the decision reads.
    #[error("the log of this context is too contended: try again")]
    Contended,
    /// Another process has gone on from the positions that a note was made on.
    #[error("another process has gone on from here")]
    Overtaken,
    /// The writer is shutting down.
    #[error("the writer is closed")]
    Closed,
    /// The log failed; what became of the request is known when it is repeated under the same id.
    #[error("the request could not be recorded")]
    Log(#[source] Arc<LogError>),
}
