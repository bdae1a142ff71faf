//! What a decision wants to happen.

use std::any::Any;

use serde_json::Value;

use crate::{Actor, Claim, ClaimKind, DecodeError, EventSet, StreamId};

/// What a decision wants to happen, all or nothing.
#[derive(Default)]
pub struct Changes {
    /// Events by stream, in the order in which they happen.
    pub events: Vec<(StreamId, Box<dyn AnyEvent>)>,
    /// Claims taken by a stream.
    pub claimed: Vec<(Claim, StreamId)>,
    /// Claims given up.
    pub released: Vec<Claim>,
    /// The answer to the caller beside ids and versions; kept in the log's ledger.
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

    /// Appends an event.
    pub fn push<E: EventSet>(&mut self, stream: &StreamId, event: E) {
        self.events.push((stream.clone(), Box::new(event)));
    }

    /// These changes, then `others`. The answer of `others` counts, where it has one.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.events.extend(others.events);
        self.claimed.extend(others.claimed);
        self.released.extend(others.released);
        self.answer = others.answer.or(self.answer);
        self
    }

    /// Takes a claim for `stream`. The decision has seen that no other stream holds it.
    pub fn claim(&mut self, kind: ClaimKind, value: impl Into<String>, stream: &StreamId) {
        self.claimed.push((Claim { kind, value: value.into() }, stream.clone()));
    }

    /// Gives a claim up.
    pub fn release(&mut self, kind: ClaimKind, value: impl Into<String>) {
        self.released.push(Claim { kind, value: value.into() });
    }

    /// Answers the caller.
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
    /// One sentence that describes the event.
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
