//! What an aggregate and a decision are. A decision says what it reads, then decides on that; the context's writer (crate
//! `event-log`) loads, decides and appends.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use schemas::{Actor, DecodeError, EventSet, StreamId, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Refusal, ViewKey};

/// The state of one stream. `Default` is the state before the first event.
pub trait Aggregate: Default + Clone + Send + Sync + 'static {
    /// What happens to it.
    type Event: EventSet;

    /// The state after `event`. Total: it never refuses what has happened.
    #[must_use]
    fn evolve(self, event: &Self::Event) -> Self;

    /// When this state must not stand any longer, and which deadline that is.
    fn deadline(&self) -> Option<Deadline> {
        None
    }
}

/// An instant at which a stream's situation ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// When.
    pub at: Timestamp,
    /// Which one, for the decision that answers it.
    pub kind: &'static str,
}

/// A command's or a reaction's rule.
pub trait Decision: Send + Sync {
    /// Everything it wants to see. Always the same for the same decision.
    fn reads(&self) -> Reads;

    /// What is to be appended. No events: there is nothing to do. Pure: the same `seen` and `now` give the same changes.
    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal>;
}

/// Decides that there is nothing to do; for requests that only carry something else.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

impl Decision for Nothing {
    fn reads(&self) -> Reads {
        Reads::default()
    }

    fn decide(&self, _seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        Ok(Changes::none())
    }
}

/// What must be unique in a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClaimKind {
    /// A product page's address.
    Slug,
    /// A SKU.
    Sku,
}

impl ClaimKind {
    /// The name in the log's claims.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slug => "slug",
            Self::Sku => "sku",
        }
    }
}

/// Something that only one stream of the context may hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// What kind of thing.
    pub kind: ClaimKind,
    /// Which one.
    pub value: String,
}

/// A stream to read, and how its state is made.
#[derive(Clone)]
pub struct StreamRead {
    /// The stream.
    pub stream: StreamId,
    /// Its state before the first event.
    pub initial: fn() -> Box<dyn AnyState>,
}

/// What a decision wants to see.
#[derive(Clone, Default)]
pub struct Reads {
    /// Streams of the context; each once.
    pub streams: Vec<StreamRead>,
    /// Entries of the context's local views.
    pub views: Vec<ViewKey>,
    /// Who holds these.
    pub claims: Vec<Claim>,
}

impl Reads {
    /// Reads one stream.
    pub fn stream<A: Aggregate>(stream: StreamId) -> Self {
        Self::default().and::<A>(stream)
    }

    /// Reads one stream more; naming a stream twice reads it once.
    #[must_use]
    pub fn and<A: Aggregate>(mut self, stream: StreamId) -> Self {
        if !self.streams.iter().any(|read| read.stream == stream) {
            self.streams.push(StreamRead { stream, initial: || Box::new(Folded(A::default())) });
        }
        self
    }

    /// Reads an entry of a local view.
    #[must_use]
    pub fn and_view(mut self, key: ViewKey) -> Self {
        if !self.views.contains(&key) {
            self.views.push(key);
        }
        self
    }

    /// Asks who holds a claim.
    #[must_use]
    pub fn and_claim(mut self, kind: ClaimKind, value: impl Into<String>) -> Self {
        self.claims.push(Claim { kind, value: value.into() });
        self
    }
}

/// What a decision sees: exactly what it asked for.
#[derive(Clone, Default)]
pub struct Seen {
    /// Version and state by stream; version 0 is a stream without events.
    pub streams: BTreeMap<StreamId, (u64, Arc<dyn AnyState>)>,
    /// Entries found.
    pub views: BTreeMap<ViewKey, Arc<Value>>,
    /// Claims that somebody holds, and who.
    pub claims: BTreeMap<Claim, StreamId>,
    /// The position that the decision's first event will have: unique and rising in the context's log.
    pub next_position: u64,
}

impl Seen {
    /// The state of a stream; its initial state when the stream is empty, or was not asked for as an `A`.
    pub fn state<A: Aggregate>(&self, stream: &StreamId) -> A {
        self.streams
            .get(stream)
            .and_then(|(_, state)| state.as_any().downcast_ref::<A>())
            .cloned()
            .unwrap_or_default()
    }

    /// The state of a stream where it stands, without copying it; `None` when it was not asked for as an `A`.
    pub fn state_ref<A: Aggregate>(&self, stream: &StreamId) -> Option<&A> {
        self.streams.get(stream).and_then(|(_, state)| state.as_any().downcast_ref::<A>())
    }

    /// The version of a stream; 0 while it has no events.
    pub fn version(&self, stream: &StreamId) -> u64 {
        self.streams.get(stream).map_or(0, |(version, _)| *version)
    }

    /// An entry of a local view. `None`: there is none, or it is not a `T` (a view is rebuilt when its shape changes).
    pub fn view<T: DeserializeOwned>(&self, key: &ViewKey) -> Option<T> {
        self.views.get(key).and_then(|value| T::deserialize(value.as_ref()).ok())
    }

    /// Who holds a claim.
    pub fn holder(&self, kind: ClaimKind, value: &str) -> Option<&StreamId> {
        self.claims.get(&Claim { kind, value: value.to_owned() })
    }

    /// Adds the state of a stream after `events`, for tests and tools.
    #[must_use]
    pub fn given<A: Aggregate>(mut self, stream: StreamId, events: &[A::Event]) -> Self {
        let state = events.iter().fold(A::default(), A::evolve);
        self.streams.insert(stream, (events.len() as u64, Arc::new(Folded(state))));
        self
    }
}

/// What a decision wants to happen, all or nothing.
#[derive(Default)]
pub struct Changes {
    /// Events by stream, in the order in which they happen.
    pub events: Vec<(StreamId, Box<dyn AnyEvent>)>,
    /// Claims taken by a stream.
    pub claimed: Vec<(Claim, StreamId)>,
    /// Claims given up.
    pub released: Vec<Claim>,
    /// What the caller is told beside ids and versions; kept in the ledger.
    pub answer: Option<Value>,
}

impl Changes {
    /// Nothing to do.
    pub fn none() -> Self {
        Self::default()
    }

    /// Events of one stream.
    pub fn of<E: EventSet>(stream: &StreamId, events: impl IntoIterator<Item = E>) -> Self {
        let mut changes = Self::default();
        for event in events {
            changes.push(stream, event);
        }
        changes
    }

    /// One event more.
    pub fn push<E: EventSet>(&mut self, stream: &StreamId, event: E) {
        self.events.push((stream.clone(), Box::new(event)));
    }

    /// Takes a claim for `stream`. The decision has seen that nobody else holds it.
    pub fn claim(&mut self, kind: ClaimKind, value: impl Into<String>, stream: &StreamId) {
        self.claimed.push((Claim { kind, value: value.into() }, stream.clone()));
    }

    /// Gives a claim up.
    pub fn release(&mut self, kind: ClaimKind, value: impl Into<String>) {
        self.released.push(Claim { kind, value: value.into() });
    }

    /// Tells the caller something.
    #[must_use]
    pub fn answering(mut self, answer: Value) -> Self {
        self.answer = Some(answer);
        self
    }

    /// The events of one type, in order, for tests.
    pub fn events_of<E: EventSet>(&self) -> Vec<E> {
        self.events.iter().filter_map(|(_, event)| event.as_any().downcast_ref::<E>()).cloned().collect()
    }
}

/// An event of any aggregate.
pub trait AnyEvent: Send + Sync {
    /// Name of the type, without aggregate and version.
    fn name(&self) -> &'static str;
    /// The version of its shape.
    fn version(&self) -> u32;
    /// One sentence for people.
    fn summary(&self) -> String;
    /// The payload to store.
    fn encode(&self, actor: &Actor) -> Result<String, DecodeError>;
    /// For downcasts.
    fn as_any(&self) -> &dyn Any;
}

impl<E: EventSet> AnyEvent for E {
    fn name(&self) -> &'static str {
        EventSet::name(self)
    }

    fn version(&self) -> u32 {
        EventSet::version(self)
    }

    fn summary(&self) -> String {
        EventSet::summary(self)
    }

    fn encode(&self, actor: &Actor) -> Result<String, DecodeError> {
        EventSet::encode(self, actor)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The state of any aggregate.
pub trait AnyState: Send + Sync {
    /// Moves on by a stored event of any version.
    fn evolve_stored(&mut self, name: &str, version: u32, payload: &str) -> Result<(), DecodeError>;
    /// Moves on by an event that was just decided. An event of another aggregate changes nothing.
    fn evolve_new(&mut self, event: &dyn AnyEvent);
    /// See [`Aggregate::deadline`].
    fn deadline(&self) -> Option<Deadline>;
    /// A copy.
    fn boxed(&self) -> Box<dyn AnyState>;
    /// For downcasts: the aggregate itself.
    fn as_any(&self) -> &dyn Any;
}

struct Folded<A>(A);

impl<A: Aggregate> AnyState for Folded<A> {
    fn evolve_stored(&mut self, name: &str, version: u32, payload: &str) -> Result<(), DecodeError> {
        let event = A::Event::decode(name, version, payload)?;
        self.0 = std::mem::take(&mut self.0).evolve(&event);
        Ok(())
    }

    fn evolve_new(&mut self, event: &dyn AnyEvent) {
        if let Some(event) = event.as_any().downcast_ref::<A::Event>() {
            self.0 = std::mem::take(&mut self.0).evolve(event);
        }
    }

    fn deadline(&self) -> Option<Deadline> {
        self.0.deadline()
    }

    fn boxed(&self) -> Box<dyn AnyState> {
        Box::new(Self(self.0.clone()))
    }

    fn as_any(&self) -> &dyn Any {
        &self.0
    }
}
