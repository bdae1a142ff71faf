//! Reactions that could not be carried out: stream `reaction-{reactor}-{source}` in the log of the reactor's context.
//! Invariant: nothing is appended between parking and redriving, because later events of the stream queue behind the parked
//! one.

use schemas::reaction::{ReactionEvent, ReactionParked, ReactionRedriven};
use schemas::{EventId, StreamId};

use crate::one_stream::one_stream;
use crate::{Aggregate, Draft, Refusal};

/// The state of a reactor's work on one stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Reaction {
    /// No event has been parked.
    #[default]
    Untroubled,
    /// Events of the stream wait from `from_version` on.
    Parked { from_version: u64 },
    /// A redrive of the waiting events was requested.
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

/// Parks an event that a reactor cannot handle. No effect if the stream is parked already: the event then queues behind.
#[derive(Clone, Debug)]
pub struct ParkReaction {
    /// Name of the reactor.
    pub reactor: String,
    /// Stream of the event.
    pub source: StreamId,
    /// Version of the event within `source`.
    pub source_version: u64,
    pub event_id: EventId,
    /// Full type of the event.
    pub event_type: String,
    /// Number of attempts.
    pub attempts: u32,
    /// Error message; must not contain personal data.
    pub error: String,
}

one_stream!(ParkReaction, Reaction, |it| schemas::reaction::stream(&it.reactor, &it.source), park);

fn park(reaction: &mut Draft<'_, Reaction>, command: &ParkReaction) -> Result<(), Refusal> {
    if !matches!(reaction.state(), Reaction::Parked { .. }) {
        reaction.append(ReactionParked {
            reactor: command.reactor.clone(),
            source: command.source.clone(),
            source_version: command.source_version,
            event_id: command.event_id,
            event_type: command.event_type.clone(),
            attempts: command.attempts,
            error: command.error.clone(),
        });
    }
    Ok(())
}

/// Requests a redrive of the waiting events of a stream. A repetition has no effect.
/// Refuses with `NOT_FOUND` if no event of the stream was ever parked.
#[derive(Clone, Debug)]
pub struct RedriveReaction {
    /// Name of the reactor.
    pub reactor: String,
    /// Stream whose events wait.
    pub source: StreamId,
}

one_stream!(RedriveReaction, Reaction, |it| schemas::reaction::stream(&it.reactor, &it.source), redrive);

fn redrive(reaction: &mut Draft<'_, Reaction>, command: &RedriveReaction) -> Result<(), Refusal> {
    match *reaction.state() {
        Reaction::Untroubled => return Err(Refusal::not_found("parked reaction")),
        Reaction::Redriven => {}
        Reaction::Parked { from_version } => {
            let (reactor, source) = (command.reactor.clone(), command.source.clone());
            reaction.append(ReactionRedriven { reactor, source, from_version });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{given, nothing_yet};

    fn source() -> StreamId {
        StreamId::from_text("order-1")
    }

    fn stream() -> StreamId {
        schemas::reaction::stream("payments-orders", &source())
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
    fn a_reaction_that_is_not_parked_cannot_be_redriven() {
        nothing_yet().when(&redrive()).refused("NOT_FOUND");
    }
}
