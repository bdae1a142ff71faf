//! The appended events: the same for all contenders, about 230 bytes each.

use std::sync::Arc;

use decider::{Aggregate, Changes, Decision, Reads, Refusal, Seen};
use event_log::request::{Expected, Origin, Request};
use schemas::reaction::{ReactionEvent, ReactionRedriven};
use schemas::{Actor, CommandId, EventSet, StreamId, Timestamp};
use uuid::Uuid;

use crate::Outcome;

/// Requests to a stream before the caller begins a new one.
pub const STEPS: u64 = 5;

/// The name of a stream in a topic of ordering.
pub fn stream() -> String {
    format!("reaction-{}", Uuid::new_v4())
}

fn event(stream: &StreamId, number: u64) -> ReactionEvent {
    let (reactor, source) = ("stock-of-the-shop-and-its-shelves".to_owned(), stream.clone());
    ReactionEvent::from(ReactionRedriven { reactor, source, from_version: number })
}

/// The payload of an event as it is stored.
pub fn payload(stream: &str) -> Outcome<String> {
    let stream = StreamId::from_text(stream.to_owned());
    Ok(event(&stream, 1).encode(&Actor::system("bench"))?)
}

/// A command that appends `events` to a stream that must be at `version`.
pub fn request(stream: &str, version: u64, events: u64) -> Request {
    let (id, stream) = (Uuid::new_v4(), StreamId::from_text(stream.to_owned()));
    let expected = if version == 0 { Expected::NoStream } else { Expected::Exact(version) };
    Request {
        command: CommandId::new(id),
        origin: Origin::Command { fingerprint: [7; 32] },
        decision: Arc::new(Tell { stream: stream.clone(), events }),
        actor: Actor::system("bench"),
        correlation: id,
        causation: id,
        traceparent: None,
        expected: vec![(stream, expected)],
        parking: vec![],
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Told(u64);

impl Aggregate for Told {
    type Event = ReactionEvent;

    fn evolve(self, _: &ReactionEvent) -> Self {
        Self(self.0 + 1)
    }
}

struct Tell {
    stream: StreamId,
    events: u64,
}

impl Decision for Tell {
    fn reads(&self) -> Reads {
        Reads::stream::<Told>(self.stream.clone())
    }

    fn decide(&self, _: &Seen, _: Timestamp) -> Result<Changes, Refusal> {
        Ok(Changes::of(&self.stream, (1..=self.events).map(|number| event(&self.stream, number))))
    }
}
