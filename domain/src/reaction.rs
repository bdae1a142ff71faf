//! What became of a reactor's work on one stream, stream `reaction-{reactor}-{source}` in the reactor's own log.
//!
//! Invariant: between a parking and the redriving that answers it nothing is told, because later events of the stream
//! queue behind the parked one.

use schemas::reaction::{ReactionEvent, ReactionParked, ReactionRedriven};
use schemas::{EventId, StreamId, Timestamp};

use crate::{Aggregate, Changes, Decision, Reads, Refusal, Seen};

/// Where a reactor stands with one stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Reaction {
    /// It never gave up on it.
    #[default]
    Untroubled,
    /// The stream's events wait from this version on.
    Parked {
        /// The version.
        from_version: u64,
    },
    /// Somebody asked for the waiting events to be handled again.
    Redriven,
}

impl Aggregate for Reaction {
    type Event = ReactionEvent;

    fn evolve(self, event: &ReactionEvent) -> Self {
        match event {
            ReactionEvent::ReactionParked(e) => Self::Parked { from_version: e.source_version },
            ReactionEvent::ReactionRedriven(_) => Self::Redriven,
        }
    }
}

/// A reactor gives up on an event for now. Quiet while the stream waits already: the event queues behind.
#[derive(Clone, Debug)]
pub struct ParkReaction {
    /// Who gives up.
    pub reactor: String,
    /// The stream that will wait.
    pub source: StreamId,
    /// The version of the event in that stream.
    pub source_version: u64,
    /// The event.
    pub event_id: EventId,
    /// Its full type.
    pub event_type: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong. Never personal data.
    pub error: String,
}

impl Decision for ParkReaction {
    fn reads(&self) -> Reads {
        Reads::stream::<Reaction>(StreamId::reaction(&self.reactor, &self.source))
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        let stream = StreamId::reaction(&self.reactor, &self.source);
        if matches!(seen.state(&stream), Reaction::Parked { .. }) {
            return Ok(Changes::none());
        }
        let parked = ReactionParked {
            reactor: self.reactor.clone(),
            source: self.source.clone(),
            source_version: self.source_version,
            event_id: self.event_id,
            event_type: self.event_type.clone(),
            attempts: self.attempts,
            error: self.error.clone(),
        };
        Ok(Changes::of(&stream, [ReactionEvent::from(parked)]))
    }
}

/// Somebody wants the waiting events of a stream handled again. Quiet when repeated.
///
/// Refuses with `NOT_FOUND` where nothing was ever parked.
#[derive(Clone, Debug)]
pub struct RedriveReaction {
    /// Whose work.
    pub reactor: String,
    /// The stream that waits.
    pub source: StreamId,
}

impl Decision for RedriveReaction {
    fn reads(&self) -> Reads {
        Reads::stream::<Reaction>(StreamId::reaction(&self.reactor, &self.source))
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        let stream = StreamId::reaction(&self.reactor, &self.source);
        match seen.state(&stream) {
            Reaction::Untroubled => Err(Refusal::not_found("parked reaction")),
            Reaction::Redriven => Ok(Changes::none()),
            Reaction::Parked { from_version } => {
                let (reactor, source) = (self.reactor.clone(), self.source.clone());
                let redriven = ReactionRedriven { reactor, source, from_version };
                Ok(Changes::of(&stream, [ReactionEvent::from(redriven)]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{given, nothing_yet};

    fn source() -> StreamId {
        StreamId::from_text("order-1")
    }

    fn stream() -> StreamId {
        StreamId::reaction("payments-orders", &source())
    }

    fn park(source_version: u64) -> ParkReaction {
        ParkReaction {
            reactor: "payments-orders".to_owned(),
            source: source(),
            source_version,
            event_id: EventId::derived(&[&source_version.to_string()]),
            event_type: "chorale.order.OrderPlaced.v1".to_owned(),
            attempts: 5,
            error: "the provider's answer cannot be read".to_owned(),
        }
    }

    fn parked(source_version: u64) -> ReactionEvent {
        nothing_yet().when(&park(source_version)).changes().events_of().remove(0)
    }

    fn redrive() -> RedriveReaction {
        RedriveReaction { reactor: "payments-orders".to_owned(), source: source() }
    }

    fn redriven(from_version: u64) -> ReactionEvent {
        ReactionRedriven { reactor: "payments-orders".to_owned(), source: source(), from_version }.into()
    }

    #[test]
    fn the_first_event_that_fails_parks_its_stream_and_later_ones_queue_behind_it() {
        nothing_yet().when(&park(3)).events(1).again().nothing().after().when(&park(4)).nothing();
    }

    #[test]
    fn redriving_begins_at_the_parked_event_and_is_quiet_when_repeated() {
        given::<Reaction>(stream(), [parked(3)]).when(&redrive()).then(&[redriven(3)]).again().nothing();
    }

    #[test]
    fn an_event_that_fails_again_after_redriving_is_parked_again() {
        given::<Reaction>(stream(), [parked(3), redriven(3)]).when(&park(4)).then(&[parked(4)]);
    }

    #[test]
    fn what_was_never_parked_cannot_be_redriven() {
        nothing_yet().when(&redrive()).refused("NOT_FOUND");
    }
}
