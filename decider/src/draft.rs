//! One stream in the course of a decision.

use std::borrow::Cow;
use std::mem::take;
use std::ops::Deref;

use serde_json::Value;

use crate::{Aggregate, Changes, ClaimKind, Seen, StreamId, Timestamp};

/// The state of a stream in the course of one decision: each event that is appended changes what the rest of the decision sees.
pub struct Draft<'a, A: Aggregate> {
    stream: StreamId,
    state: Cow<'a, A>,
    now: Timestamp,
    changes: Changes,
}

impl<'a, A: Aggregate> Draft<'a, A> {
    /// The stream as `seen` has it. The decision's reads must declare it.
    pub fn of(seen: &'a Seen, stream: StreamId, now: Timestamp) -> Self {
        let state = seen.state_ref(&stream).map_or_else(|| Cow::Owned(A::default()), Cow::Borrowed);
        Self { stream, state, now, changes: Changes::none() }
    }

    /// The state after the events appended so far.
    pub fn state(&self) -> &A {
        &self.state
    }

    /// The time of the decision.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether no event has been appended.
    pub fn is_unchanged(&self) -> bool {
        self.changes.events.is_empty()
    }

    /// Appends an event and folds it into the state.
    pub fn append(&mut self, event: impl Into<A::Event>) {
        let event = event.into();
        self.state = Cow::Owned(take(&mut self.state).into_owned().evolve_at(&event, self.now));
        self.changes.push(&self.stream, event);
    }

    /// Takes a claim for the stream. The decision has seen that no other stream holds it.
    pub fn claim(&mut self, kind: ClaimKind, value: impl Into<String>) {
        self.changes.claim(kind, value, &self.stream);
    }

    /// Gives a claim up.
    pub fn release(&mut self, kind: ClaimKind, value: impl Into<String>) {
        self.changes.release(kind, value);
    }

    /// Answers the caller.
    pub fn answer(&mut self, answer: Value) {
        self.changes.answer = Some(answer);
    }

    /// All that the decision wants to happen to this stream.
    pub fn changes(self) -> Changes {
        self.changes
    }
}

impl<A: Aggregate> Deref for Draft<'_, A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.state
    }
}
