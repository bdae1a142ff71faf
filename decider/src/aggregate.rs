//! The state of a stream, and how it follows from the stream's events.

use std::any::Any;

use crate::{AnyEvent, DecodeError, EventSet, Timestamp};

/// The state of one stream. `Default` is the state before the first event.
pub trait Aggregate: Default + Clone + Send + Sync + 'static {
    /// The events of the stream.
    type Event: EventSet;

    /// The state after `event`. Total: an event has happened, so it is never refused here.
    #[must_use]
    fn evolve(self, event: &Self::Event) -> Self;

    /// The state after `event`, which was recorded at `at`. An aggregate implements it if its rules compare other times with
    /// that one.
    #[must_use]
    fn evolve_at(self, event: &Self::Event, _at: Timestamp) -> Self {
        self.evolve(event)
    }

    /// When this state ends by itself. `None`: it does not.
    fn deadline(&self) -> Option<Deadline> {
        None
    }
}

/// An instant at which the situation of a stream ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// From this instant on the deadline has passed.
    pub at: Timestamp,
    /// Names the decision that answers it.
    pub kind: &'static str,
}

/// The state of any aggregate.
pub trait AnyState: Send + Sync {
    /// Moves on by a stored event of any version, recorded at `at`.
    fn evolve_stored(
        &mut self,
        name: &str,
        version: u32,
        payload: &str,
        at: Timestamp,
    ) -> Result<(), DecodeError>;
    /// Moves on by an event that was just decided, and is recorded at `at`. An event of another aggregate changes nothing.
    fn evolve_new(&mut self, event: &dyn AnyEvent, at: Timestamp);
    /// See [`Aggregate::deadline`].
    fn deadline(&self) -> Option<Deadline>;
    /// A copy.
    fn boxed(&self) -> Box<dyn AnyState>;
    /// For downcasts: the aggregate itself.
    fn as_any(&self) -> &dyn Any;
}

/// The state before the first event.
pub(crate) fn initial<A: Aggregate>() -> Box<dyn AnyState> {
    Box::new(Folded(A::default()))
}

struct Folded<A>(A);

impl<A: Aggregate> AnyState for Folded<A> {
    fn evolve_stored(
        &mut self,
        name: &str,
        version: u32,
        payload: &str,
        at: Timestamp,
    ) -> Result<(), DecodeError> {
        let event = A::Event::decode(name, version, payload)?;
        self.0 = std::mem::take(&mut self.0).evolve_at(&event, at);
        Ok(())
    }

    fn evolve_new(&mut self, event: &dyn AnyEvent, at: Timestamp) {
        if let Some(event) = event.as_any().downcast_ref::<A::Event>() {
            self.0 = std::mem::take(&mut self.0).evolve_at(event, at);
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
