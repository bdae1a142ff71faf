//! A reactor whose behaviour a test chooses.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use domain::policies::{ReactorKind, ReactorSpec};
use domain::{Aggregate, Changes, Decision, Reads, Refusal, Seen};
use parking_lot::Mutex;
use platform::bus::Record;
use reactors::reactor::{AnswerError, Reactor};
use schemas::reaction::{ReactionEvent, ReactionRedriven};
use schemas::{Context, StreamId, Timestamp, Topic};

use crate::harness::source;

/// The behaviour for a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Does {
    Write,
    Break,
    Panic,
    /// Reports that a service is unavailable.
    Wait,
    /// Never returns, as if the process died.
    Hang,
    /// Decides something that is refused.
    BeRefused,
}

/// The behaviour by record; the default is to record the version.
#[derive(Default)]
pub struct Script {
    by_record: Mutex<BTreeMap<(StreamId, u64), Does>>,
    tries: Mutex<BTreeMap<(StreamId, u64), u32>>,
}

impl Script {
    pub fn set(&self, stream: &str, version: u64, does: Does) {
        self.by_record.lock().insert((source(stream), version), does);
    }

    pub fn clear(&self) {
        self.by_record.lock().clear();
    }

    pub fn tries(&self, stream: &str, version: u64) -> u32 {
        self.tries.lock().get(&(source(stream), version)).copied().unwrap_or(0)
    }

    fn does(&self, record: &Record) -> Does {
        let key = (record.envelope.stream.clone(), record.envelope.version);
        *self.tries.lock().entry(key.clone()).or_default() += 1;
        self.by_record.lock().get(&key).copied().unwrap_or(Does::Write)
    }
}

pub struct Scripted(pub Arc<Script>);

pub const NAME: &str = "scripted";

static SPEC: ReactorSpec =
    ReactorSpec { name: NAME, context: Context::Payments, kind: ReactorKind::Rule(&[]) };

#[async_trait]
impl Reactor for Scripted {
    fn spec(&self) -> &'static ReactorSpec {
        &SPEC
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

/// Records a version, each time that it is carried out.
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

/// The stream in which the versions of a stream are recorded.
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
