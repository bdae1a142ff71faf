//! A participant whose behaviour a test chooses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::{Aggregate, Changes, Decision, Reads, Refusal, Seen};
use platform::bus::Record;
use reactors::participant::{AnswerError, Participant};
use schemas::reaction::{ReactionEvent, ReactionRedriven};
use schemas::{Context, StreamId, Timestamp, Topic};

use crate::bench::source;

/// What the participant does about a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Does {
    /// Writes its version down.
    Write,
    /// Says that it will never work.
    Break,
    /// Panics.
    Panic,
    /// Says that something outside is not there.
    Wait,
    /// Never comes to an end, as if the process died here.
    Hang,
    /// Decides something that the rules refuse.
    BeRefused,
}

/// Behaves as it is told, record by record; otherwise writes down the versions that it hears.
#[derive(Default)]
pub struct Script {
    by_record: Mutex<BTreeMap<(StreamId, u64), Does>>,
    tries: Mutex<BTreeMap<(StreamId, u64), u32>>,
}

impl Script {
    pub fn set(&self, stream: &str, version: u64, does: Does) {
        self.by_record.lock().unwrap().insert((source(stream), version), does);
    }

    pub fn mend(&self) {
        self.by_record.lock().unwrap().clear();
    }

    pub fn tries(&self, stream: &str, version: u64) -> u32 {
        self.tries.lock().unwrap().get(&(source(stream), version)).copied().unwrap_or(0)
    }

    fn does(&self, record: &Record) -> Does {
        let key = (record.envelope.stream.clone(), record.envelope.version);
        *self.tries.lock().unwrap().entry(key.clone()).or_default() += 1;
        self.by_record.lock().unwrap().get(&key).copied().unwrap_or(Does::Write)
    }
}

/// The participant.
pub struct Scripted(pub Arc<Script>);

pub const NAME: &str = "scripted";

#[async_trait]
impl Participant for Scripted {
    fn name(&self) -> &'static str {
        NAME
    }

    fn context(&self) -> Context {
        Context::Payments
    }

    fn topics(&self) -> Vec<Topic> {
        vec![Topic::ORDER]
    }

    fn hears(&self, _topic: Topic, _name: &str) -> bool {
        true
    }

    async fn answer(&self, record: &Record) -> Result<Option<Arc<dyn Decision>>, AnswerError> {
        let note = |refused| {
            Arc::new(Note { of: record.envelope.stream.clone(), version: record.envelope.version, refused })
        };
        match self.0.does(record) {
            Does::Write => Ok(Some(note(false))),
            Does::BeRefused => Ok(Some(note(true))),
            Does::Break => Err(AnswerError::Broken("it does not work".to_owned())),
            Does::Panic => panic!("on purpose"),
            Does::Wait => Err(AnswerError::Unavailable("the world".to_owned())),
            Does::Hang => std::future::pending().await,
        }
    }
}

/// Writes a version down, each time that it is carried out.
struct Note {
    of: StreamId,
    version: u64,
    refused: bool,
}

#[derive(Clone, Default)]
struct Blank;

impl Aggregate for Blank {
    type Event = ReactionEvent;

    fn evolve(self, _event: &ReactionEvent) -> Self {
        self
    }
}

/// Where it writes down the versions of a stream.
pub fn notes_of(stream: &StreamId) -> StreamId {
    StreamId::from_text(format!("payment-{}", stream.key()))
}

impl Decision for Note {
    fn reads(&self) -> Reads {
        Reads::stream::<Blank>(notes_of(&self.of))
    }

    fn decide(&self, _seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        if self.refused {
            return Err(Refusal::rule("NO", "The rules say no."));
        }
        let (reactor, source) = (NAME.to_owned(), self.of.clone());
        let event = ReactionRedriven { reactor, source, from_version: self.version };
        Ok(Changes::of(&notes_of(&self.of), [ReactionEvent::from(event)]))
    }
}
