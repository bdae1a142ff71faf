//! Requests to the context's writer, and their outcomes.

use std::sync::Arc;

use decider::{Decision, Refusal};
use schemas::{Actor, CommandId, StreamId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::port::{Handled, LogError, Parking};

/// The version that a request expects of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Any,
    /// The stream must not exist.
    NoStream,
    Exact(u64),
}

/// The source of a request, which determines how a repetition is recognised.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A command: kept in the ledger under its id, with the fingerprint of the request.
    Command {
        /// Keyed hash of the request before personal data was sealed.
        fingerprint: [u8; 32],
    },
    /// A reaction to an event: kept in the inbox.
    Reaction {
        reactor: String,
        /// The stream of the event.
        source: StreamId,
        event: Handled,
    },
    /// A timer, or the outcome of an external call: the decision recognises a repetition by state, and no
    /// answer is kept.
    Inner,
}

/// A request to the writer.
#[derive(Clone)]
pub struct Request {
    /// The request's id. Ids of its events are derived from it.
    pub command: CommandId,
    /// How a repetition is recognised.
    pub origin: Origin,
    /// The decision to make.
    pub decision: Arc<dyn Decision>,
    /// The actor on whose behalf it is made.
    pub actor: Actor,
    /// The flow that it belongs to.
    pub correlation: Uuid,
    /// The event that caused it, or the command's own id.
    pub causation: Uuid,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// Versions that streams must have.
    pub expected: Vec<(StreamId, Expected)>,
    /// Changes of parked records, applied together with the decision.
    pub parking: Vec<Parking>,
}

/// The decision on a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "camelCase")]
pub enum Verdict {
    /// Decided; events were appended, or there was nothing to do.
    Done {
        /// Streams that were read or written, with their current versions; written ones first.
        versions: Vec<(StreamId, u64)>,
        /// The number of appended events.
        appended: u32,
        /// The decision's answer to the caller, if it gives one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<Value>,
    },
    /// The rules refuse the request.
    Refused { refusal: Refusal },
    /// A stream does not have the expected version.
    Conflict {
        stream: StreamId,
        /// Its current version; 0 if it does not exist.
        version: u64,
    },
}

/// A verdict, and whether it is a repetition.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub verdict: Verdict,
    /// Whether this is the first answer again, because the ledger or the inbox knew the request. For a known
    /// reaction it is `Done` without versions.
    pub replayed: bool,
}

/// Why a request has no verdict.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WriteError {
    /// The command id was used for another request.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// The decision failed: a defect of the program or of stored data.
    #[error("the request could not be decided: {0}")]
    Failed(String),
    /// Other processes kept moving the head.
    #[error("the log of this context is too contended: try again")]
    Contended,
    /// Another process has moved the group on from the positions that the note expects.
    #[error("another process has moved the group on from these positions")]
    Overtaken,
    /// The writer is shutting down.
    #[error("the writer is closed")]
    Closed,
    /// The log failed. Repeating the request under the same id shows whether it was committed.
    #[error("the request could not be committed")]
    Log(#[source] Arc<LogError>),
}
