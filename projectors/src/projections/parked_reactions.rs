//! Reactions that were parked after repeated failures.

use read_models::documents::parked_reactions::{self, ATTEMPTS, ParkedReaction, ParkedStep};
use schemas::reaction::ReactionEvent;
use schemas::{Recorded, Topic};

use crate::projection::{Entity, Projection};
use crate::published::time;

/// Entity of the reaction streams of all contexts.
pub static PARKED_REACTIONS: Projection = Projection::entity(
    &parked_reactions::PARKED_REACTIONS,
    &[
        Topic::CATALOG_REACTION,
        Topic::INVENTORY_REACTION,
        Topic::ORDERING_REACTION,
        Topic::PAYMENTS_REACTION,
        Topic::SHIPPING_REACTION,
    ],
    &Entity(evolve),
);

/// The document after the event.
pub fn evolve(parked: Option<ParkedReaction>, event: &Recorded<ReactionEvent>) -> Option<ParkedReaction> {
    let at = time(event.envelope.time);
    let mut parked = parked.unwrap_or_default();
    parked.context = event.envelope.context.name().to_owned();
    let step = match &event.event {
        ReactionEvent::ReactionParked(e) => {
            parked.reactor.clone_from(&e.reactor);
            parked.source = e.source.to_string();
            parked.event_id = e.event_id.to_string();
            parked.event_type.clone_from(&e.event_type);
            parked.source_version = e.source_version;
            parked.attempts = e.attempts;
            parked.error.clone_from(&e.error);
            parked.parked_at = Some(at.clone());
            ("PARKED", e.source_version, Some(e.error.clone()))
        }
        ReactionEvent::ReactionRedriven(e) => {
            parked.reactor.clone_from(&e.reactor);
            parked.source = e.source.to_string();
            parked.redriven_at = Some(at.clone());
            ("REDRIVEN", e.from_version, None)
        }
    };
    let (state, source_version, error) = step;
    parked.state = state.to_owned();
    parked.history.insert(0, ParkedStep { state: state.to_owned(), source_version, error, at: at.clone() });
    parked.history.truncate(ATTEMPTS);
    parked.updated_at = at;
    Some(parked)
}
