//! The event log port: one context's append-only log, and everything that must agree with it.
//!
//! A backend stores and reads; rules, versions, positions and the hash chain are computed by the writer and are the same for
//! all backends. What makes that safe is the **head**: every commit names the head that it was decided on and moves it, also
//! when it appends no event. A commit whose head is not the current one changes nothing and is told the current one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{Claim, ViewKey, ViewWrite};
use schemas::{CommandId, Context, Envelope, EventId, StreamId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// The end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Position of the last event; 0 while there is none.
    pub position: u64,
    /// The hash chain at that event; zeroes while there is none.
    pub hash: [u8; 32],
    /// Which life of the log this is.
    pub epoch: Uuid,
    /// Rises with every commit, also with those that append nothing.
    pub revision: u64,
}

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// Where, when and why.
    pub envelope: Arc<Envelope>,
    /// The exact JSON text.
    pub payload: Arc<str>,
}

/// Which events to read.
#[derive(Clone, Debug)]
pub enum Read<'a> {
    /// All after this position, in order of position.
    After(u64),
    /// Those of these streams after the version given with each, in order of position.
    Streams(&'a [(StreamId, u64)]),
    /// Those of one flow, in order of position.
    Correlation(Uuid),
}

/// What a decision may depend on beside its streams.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Commands that may have been answered already.
    pub commands: Vec<CommandId>,
    /// Reactor and source stream: what was handled last.
    pub inbox: Vec<(String, StreamId)>,
    /// Who holds these?
    pub claims: Vec<Claim>,
    /// Entries of local views.
    pub views: Vec<ViewKey>,
    /// Groups: where do they stand?
    pub groups: Vec<String>,
}

impl Wanted {
    /// Nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty() && self.is_only_commands()
    }

    /// Nothing is asked but whether commands were answered.
    pub fn is_only_commands(&self) -> bool {
        self.inbox.is_empty() && self.claims.is_empty() && self.views.is_empty() && self.groups.is_empty()
    }
}

/// The answer to [`Wanted`]: what is missing does not exist.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Answers given.
    pub ledger: BTreeMap<CommandId, LedgerEntry>,
    /// Last handled.
    pub inbox: BTreeMap<(String, StreamId), Handled>,
    /// Holders.
    pub claims: BTreeMap<Claim, StreamId>,
    /// Entries.
    pub views: BTreeMap<ViewKey, Arc<Value>>,
    /// Positions of groups, by partition (`<topic>/<number>`).
    pub groups: BTreeMap<String, BTreeMap<String, u64>>,
}

/// What became of a command: kept so that a retry gets the first answer.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEntry {
    /// The command.
    pub command: CommandId,
    /// Keyed hash of the request; a retry with another one is refused.
    pub fingerprint: [u8; 32],
    /// JSON of the verdict, as the writer wrote it.
    pub answer: String,
    /// When it was answered.
    pub at: Timestamp,
}

/// The last event of a source stream that a reactor has handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handled {
    /// Its version in the source stream.
    pub version: u64,
    /// Its id.
    pub event: EventId,
}

/// A deadline as the log keeps it: the one that a stream has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDeadline {
    /// The stream.
    pub stream: StreamId,
    /// The stream's version that the deadline belongs to.
    pub version: u64,
    /// Which deadline.
    pub kind: String,
    /// When it passes.
    pub at: Timestamp,
}

/// A record that waits because an earlier one of its stream could not be handled, verbatim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParkedRecord {
    /// Who gave up.
    pub reactor: String,
    /// The record's attributes.
    pub envelope: Envelope,
    /// The record's payload.
    pub payload: String,
    /// What went wrong; empty for one that waits only behind another.
    pub error: String,
    /// Somebody asked for it to be tried again.
    pub redrive: bool,
}

/// What happens to parked records.
#[derive(Clone, Debug, PartialEq)]
pub enum Parking {
    /// One more waits. Where it waits already, an error (it was tried and failed) replaces error and redrive; without one
    /// (it only came again) nothing changes.
    Park(Box<ParkedRecord>),
    /// All of the stream are to be tried again.
    Redrive {
        /// Whose.
        reactor: String,
        /// Which stream.
        source: StreamId,
    },
    /// This one was handled.
    Unpark {
        /// Whose.
        reactor: String,
        /// Which stream.
        source: StreamId,
        /// Which version of it.
        version: u64,
    },
}

/// A stream, its version, and the kind and instant of the deadline that it has now.
pub type StreamDeadline = (StreamId, u64, Option<(String, Timestamp)>);

/// What one request changes. All of it or nothing.
#[derive(Clone, Debug, Default)]
pub struct Write {
    /// Complete with position, version and hash.
    pub events: Vec<StoredEvent>,
    /// The command's answer.
    pub ledger: Option<LedgerEntry>,
    /// What the reactor has handled now.
    pub inbox: Option<(String, StreamId, Handled)>,
    /// Claims taken.
    pub claimed: Vec<(Claim, StreamId)>,
    /// Claims given up.
    pub released: Vec<Claim>,
    /// The deadline that each written stream has now; `None` for none any more. One that had none and has none may be left out.
    pub deadlines: Vec<StreamDeadline>,
    /// Parked records.
    pub parking: Vec<Parking>,
}

/// Several requests in one transaction, and what is learnt with them.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// In the order in which they were decided.
    pub writes: Vec<Write>,
    /// Entries of local views.
    pub views: Vec<ViewWrite>,
    /// Per group and partition (`<topic>/<number>`): everything up to this position is done. What is done stays done, so the
    /// highest stands, also where a member says it late that has lost the partition meanwhile to one that is further.
    pub positions: Vec<(String, String, u64)>,
    /// Per group: how often it has begun at its present positions without getting further. Reset by writing 0.
    pub starts: Vec<(String, u32)>,
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// Durable; this is the head now.
    Done(Head),
    /// Nothing was changed: somebody else moved the head to this.
    Moved(Head),
}

/// The append-only log of one context.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Whose log it is.
    fn context(&self) -> Context;

    /// The end of the log now.
    async fn head(&self) -> Result<Head, LogError>;

    /// At most `limit` events. Never one whose predecessor in position could still appear.
    async fn read(&self, what: Read<'_>, limit: usize) -> Result<Vec<StoredEvent>, LogError>;

    /// What the log knows of these, in one consistent look together with the head.
    async fn facts(&self, wanted: &Wanted) -> Result<(Head, Facts), LogError>;

    /// Commits all of `batch` if the log still ends at `base`, and moves the head to the last event's position and hash and
    /// the next revision. Durable when it returns. Events that do not continue the log or their stream are refused with
    /// [`LogError::Broken`] and change nothing.
    async fn commit(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError>;

    /// Waits for its turn, and keeps the head where it is until what is answered has committed or let go. For a writer that
    /// others overtake again and again. Whoever holds for longer than about half a second may lose it. `None`: this log
    /// has nothing of the kind.
    async fn hold(&self) -> Result<Option<Box<dyn Held + '_>>, LogError> {
        Ok(None)
    }

    /// Waits until the log may have grown past `position`, at most `patience`; prompt for commits of this process.
    async fn grown(&self, position: u64, patience: Duration);
}

/// A log whose head nobody else can move.
#[async_trait]
pub trait Held: Send {
    /// The end of the log, for as long as it is held.
    fn head(&self) -> Head;

    /// Commits all of `batch`, as [`EventLog::commit`] does, and lets go. Where the hold was lost, nothing is changed, and
    /// it answers [`Committed::Moved`].
    async fn commit(self: Box<Self>, batch: &Batch) -> Result<Committed, LogError>;

    /// Lets go and changes nothing.
    async fn release(self: Box<Self>) -> Result<(), LogError>;
}

/// What stands beside the events, for runners and operators.
#[async_trait]
pub trait Desk: Send + Sync {
    /// Deadlines at or before `until`, earliest first.
    async fn due(&self, until: Timestamp, limit: usize) -> Result<Vec<DueDeadline>, LogError>;

    /// The earliest deadline there is.
    async fn next_due(&self) -> Result<Option<Timestamp>, LogError>;

    /// A group's positions by partition (`<topic>/<number>`), and its number of starts without progress.
    async fn group(&self, group: &str) -> Result<(BTreeMap<String, u64>, u32), LogError>;

    /// Parked records in order of stream and version; only those of `reactor` if given.
    async fn parked(&self, reactor: Option<&str>, limit: usize) -> Result<Vec<ParkedRecord>, LogError>;

    /// Records by stream prefix (`order`), for topic counts: prefix → (events, position of the last).
    async fn counts(&self) -> Result<BTreeMap<String, (u64, u64)>, LogError>;

    /// Forgets ledger entries older than this; answers how many. The log itself forgets nothing.
    async fn prune_ledger(&self, older_than: Timestamp) -> Result<u64, LogError>;

    /// Takes or renews the lease called `name` for `holder` until `ttl` from now, if it is free, has run out or is the
    /// holder's already; answers whether the holder has it. It runs out by the database's clock, so that those who compete
    /// for it need not agree on the time.
    async fn lease(&self, name: &str, holder: &str, ttl: Duration) -> Result<bool, LogError>;

    /// Gives the lease called `name` up, if `holder` has it.
    async fn release(&self, name: &str, holder: &str) -> Result<(), LogError>;

    /// What is known of the log itself, by key.
    async fn about(&self) -> Result<BTreeMap<String, String>, LogError>;

    /// Sets what `key` says about the log, once and for all; answers whether `value` is what it says now.
    async fn set_about(&self, key: &str, value: &str) -> Result<bool, LogError>;
}

/// What a migration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The format that the log had; none where there was no log.
    pub from: Option<u32>,
    /// The format that it has now.
    pub to: u32,
}

/// A log with its desk.
pub trait Log: EventLog + Desk {}

impl<T: EventLog + Desk> Log for T {}

/// What can go wrong with a log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The database does not answer, or answers with an error.
    #[error("the event log cannot be used: {0}")]
    Unavailable(String, #[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// The disk is full; nothing was acknowledged that is not stored.
    #[error("the event log has no space left")]
    NoSpace,
    /// The file was written by a newer program.
    #[error("the event log has format {found}, and this program reads up to {known}: use a newer chorale")]
    Newer {
        /// The file's.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// The database has no tables for the log, or older ones.
    #[error("the event log of {context} {}: run `chorale migrate`", unmigrated(*.found, *.known))]
    Unmigrated {
        /// Whose log.
        context: Context,
        /// The tables' format; none where there are none.
        found: Option<u32>,
        /// Ours.
        known: u32,
    },
    /// The stored bytes or the batch are not what they must be.
    #[error("the event log of {context} is broken at position {position}: {problem}")]
    Broken {
        /// Whose log.
        context: Context,
        /// Where.
        position: u64,
        /// What is wrong.
        problem: String,
    },
    /// The address names no kind of log. Of one that may hold a password only the beginning is shown.
    #[error(
        "{0} is not an address of an event log; use sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE"
    )]
    Address(String),
}

fn unmigrated(found: Option<u32>, known: u32) -> String {
    match found {
        Some(found) => format!("has format {found}, and this program needs {known}"),
        None => "has no tables in this database".to_owned(),
    }
}
