//! The contents of a log: its head, events, and the changes of a commit.

use std::sync::Arc;

use decider::{Claim, ViewWrite};
use schemas::{CommandId, Envelope, EventId, StreamId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Position of the last event; 0 for an empty log.
    pub position: u64,
    /// The hash chain at that event; all zeroes for an empty log.
    pub hash: [u8; 32],
    /// The log's epoch, which changes when a log is restored or forked.
    pub epoch: Uuid,
    /// Increases by one with every commit, including commits that append no event.
    pub revision: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    pub envelope: Arc<Envelope>,
    /// The exact JSON text.
    pub payload: Arc<str>,
}

/// Which events to read.
#[derive(Clone, Debug)]
pub enum Read<'a> {
    /// All events after this position, in order of position.
    After(u64),
    /// The events of these streams after the version given with each, in order of position.
    Streams(&'a [(StreamId, u64)]),
    /// The events of one flow, in order of position.
    Correlation(Uuid),
}

/// The outcome of a command, kept so that a retry gets the first answer.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEntry {
    pub command: CommandId,
    /// Keyed hash of the request. A retry with another hash is refused.
    pub fingerprint: [u8; 32],
    /// JSON of the verdict, as the writer wrote it.
    pub answer: String,
    /// When the command was answered.
    pub at: Timestamp,
}

/// The last event of a source stream that a reactor has handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handled {
    /// Its version in the source stream.
    pub version: u64,
    pub event: EventId,
}

/// The current deadline of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDeadline {
    pub stream: StreamId,
    /// The stream's version that the deadline belongs to.
    pub version: u64,
    /// The kind of deadline.
    pub kind: String,
    pub at: Timestamp,
}

/// A record, verbatim, that a reactor could not handle, or that waits behind one of its stream that it could
/// not handle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParkedRecord {
    /// The reactor that parked it.
    pub reactor: String,
    pub envelope: Envelope,
    pub payload: String,
    /// The error; empty if the record only waits behind another one.
    pub error: String,
    /// Whether an operator has asked for another attempt.
    pub redrive: bool,
}

/// A change of parked records.
#[derive(Clone, Debug, PartialEq)]
pub enum Parking {
    /// Parks a record. If it is parked already, a non-empty error (another attempt has failed) replaces error and
    /// redrive; an empty error (the record was only redelivered) changes nothing.
    Park(Box<ParkedRecord>),
    /// Marks all parked records of a stream for another attempt.
    Redrive {
        /// The reactor that parked them.
        reactor: String,
        source: StreamId,
    },
    /// Removes a record that was handled.
    Unpark {
        /// The reactor that parked it.
        reactor: String,
        source: StreamId,
        /// The record's version in the stream.
        version: u64,
    },
}

/// A stream, its version, and kind and instant of its current deadline.
pub type StreamDeadline = (StreamId, u64, Option<(String, Timestamp)>);

/// The changes of one request, applied all or not at all.
#[derive(Clone, Debug, Default)]
pub struct Write {
    /// Complete with position, version and hash.
    pub events: Vec<StoredEvent>,
    pub ledger: Option<LedgerEntry>,
    /// The reactor, the source stream, and the event that the reactor has handled last.
    pub inbox: Option<(String, StreamId, Handled)>,
    /// Claims that streams acquire.
    pub claimed: Vec<(Claim, StreamId)>,
    /// Claims that are released.
    pub released: Vec<Claim>,
    /// The current deadline of each written stream; `None` clears it. A stream that had none and has none may
    /// be left out.
    pub deadlines: Vec<StreamDeadline>,
    /// Changes of parked records.
    pub parking: Vec<Parking>,
}

/// Several requests in one transaction, with the notes of consumers.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// In the order in which they were decided.
    pub writes: Vec<Write>,
    /// Entries of local views.
    pub views: Vec<ViewWrite>,
    /// Group, partition (`<topic>/<number>`), and the position up to which everything is handled. Positions
    /// only move forward: a late commit from a member that has lost the partition is ignored.
    pub positions: Vec<(String, String, u64)>,
    /// Per group: how often it has started at its current positions without progress. Writing 0 resets it.
    pub starts: Vec<(String, u32)>,
}

/// The outcome of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// The batch is durable; this is the new head.
    Done(Head),
    /// Nothing was changed: another process has moved the head here.
    Moved(Head),
}
