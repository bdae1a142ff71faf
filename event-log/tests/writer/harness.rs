//! A log of its own, a writer on it, and simple rules that show what the writer does with them.

use std::sync::Arc;

use decider::{Aggregate, Changes, ClaimKind, Decision, Reads, Refusal, Seen};
use event_log::port::{Handled, Log, Read, StoredEvent};
use event_log::request::{Origin, Outcome, Request, Verdict};
use event_log::writer::{Writer, WriterOptions};
use platform::clock::Clock;
use platform::postgres::scratch::Scratch;
use schemas::reaction::{ReactionEvent, ReactionRedriven};
use schemas::{Actor, CommandId, Context, EventId, StreamId, Timestamp};
use serde_json::json;
use uuid::Uuid;

/// The numbers that a stream holds, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers(pub Vec<u64>);

impl Aggregate for Numbers {
    type Event = ReactionEvent;

    fn evolve(mut self, event: &ReactionEvent) -> Self {
        if let ReactionEvent::ReactionRedriven(event) = event {
            self.0.push(event.from_version);
        }
        self
    }
}

/// Any rule over streams of [`Numbers`].
pub struct Rule<F> {
    pub reads: Reads,
    pub decide: F,
}

impl<F: Fn(&Seen) -> Result<Changes, Refusal> + Send + Sync> Decision for Rule<F> {
    fn reads(&self) -> Reads {
        self.reads.clone()
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        (self.decide)(seen)
    }
}

pub fn stream(name: &str) -> StreamId {
    StreamId::from_text(format!("order-{name}"))
}

pub fn numbered(number: u64) -> ReactionEvent {
    let (reactor, source) = ("test".to_owned(), stream("source"));
    ReactionRedriven { reactor, source, from_version: number }.into()
}

/// Appends the next number to `name`, and answers with it.
pub fn count_up(name: &str) -> Arc<dyn Decision> {
    let stream = stream(name);
    let decide = {
        let stream = stream.clone();
        move |seen: &Seen| {
            let next = seen.state::<Numbers>(&stream).0.len() as u64 + 1;
            Ok(Changes::of(&stream, [numbered(next)]).answering(json!(next)))
        }
    };
    Arc::new(Rule { reads: Reads::stream::<Numbers>(stream), decide })
}

/// Appends the next number to `name`, but none above `limit`.
pub fn count_up_to(name: &str, limit: u64) -> Arc<dyn Decision> {
    let stream = stream(name);
    let decide = {
        let stream = stream.clone();
        move |seen: &Seen| {
            let next = seen.state::<Numbers>(&stream).0.len() as u64 + 1;
            if next > limit {
                return Err(Refusal::rule("FULL", "The stream is full."));
            }
            Ok(Changes::of(&stream, [numbered(next)]))
        }
    };
    Arc::new(Rule { reads: Reads::stream::<Numbers>(stream), decide })
}

/// Appends the next number to `name`, but none above `limit`, which may rise by itself.
pub fn count_up_to_for_now(name: &str, limit: u64) -> Arc<dyn Decision> {
    let full = count_up_to(name, limit);
    let reads = full.reads();
    Arc::new(Rule {
        reads,
        decide: move |seen: &Seen| full.decide(seen, Timestamp::EPOCH).map_err(Refusal::retryable),
    })
}

/// Claims a slug for `name`, or refuses if it is taken.
pub fn claim(name: &str, slug: &str) -> Arc<dyn Decision> {
    let (stream, slug) = (stream(name), slug.to_owned());
    let reads = Reads::stream::<Numbers>(stream.clone()).and_claim(ClaimKind("slug"), slug.clone());
    let decide = move |seen: &Seen| {
        if seen.holder(ClaimKind("slug"), &slug).is_some() {
            return Err(Refusal::rule("TAKEN", "The slug is taken."));
        }
        let mut changes = Changes::of(&stream, [numbered(1)]);
        changes.claim(ClaimKind("slug"), slug.clone(), &stream);
        Ok(changes)
    };
    Arc::new(Rule { reads, decide })
}

/// A rule that panics.
pub fn panicking(name: &str) -> Arc<dyn Decision> {
    let decide = |_: &Seen| -> Result<Changes, Refusal> { panic!("a broken rule, on purpose") };
    Arc::new(Rule { reads: Reads::stream::<Numbers>(stream(name)), decide })
}

/// A command whose fingerprint is made of `what`.
pub fn command(key: &str, what: &str, decision: Arc<dyn Decision>) -> Request {
    let mut fingerprint = [0; 32];
    for (at, byte) in fingerprint.iter_mut().zip(what.bytes()) {
        *at = byte;
    }
    request(CommandId::derived(&[key]), Origin::Command { fingerprint }, decision)
}

/// A reaction to version `version` of `source`.
pub fn reaction(source: &StreamId, version: u64, decision: Arc<dyn Decision>) -> Request {
    let event = EventId::derived(&[source.as_str(), &version.to_string()]);
    let origin = Origin::Reaction {
        reactor: "tester".to_owned(),
        source: source.clone(),
        event: Handled { version, event },
    };
    request(CommandId::derived(&["answer", &event.to_string()]), origin, decision)
}

pub fn request(command: CommandId, origin: Origin, decision: Arc<dyn Decision>) -> Request {
    Request {
        command,
        origin,
        decision,
        actor: Actor::system("test"),
        correlation: Uuid::nil(),
        causation: command.uuid(),
        traceparent: None,
        expected: Vec::new(),
        parking: Vec::new(),
    }
}

/// A log in a folder or database of its own.
pub struct Harness {
    url: String,
    /// Deletes it when dropped.
    _storage: Box<dyn std::any::Any>,
}

impl Harness {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("ordering.sqlite").display());
        Self { url, _storage: Box::new(folder) }
    }

    pub async fn on_postgres() -> Self {
        let database = Scratch::new().await.unwrap();
        event_log::migrate(database.url(), Context::Ordering).await.unwrap();
        Self { url: database.url().to_owned(), _storage: Box::new(database) }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub async fn log(&self) -> Arc<dyn Log> {
        event_log::connect(&self.url(), Context::Ordering).await.unwrap()
    }

    pub async fn writer(&self) -> Writer {
        on(self.log().await)
    }
}

pub fn on(log: Arc<dyn Log>) -> Writer {
    Writer::start(log, Clock::system(), WriterOptions::default()).0
}

pub async fn everything(log: &dyn Log) -> Vec<StoredEvent> {
    log.read(Read::After(0), usize::MAX).await.unwrap()
}

/// The numbers of a stream, as the log has it; its versions must be 1, 2, 3 …
pub async fn numbers(log: &dyn Log, name: &str) -> Vec<u64> {
    let events = log.read(Read::Streams(&[(stream(name), 0)]), usize::MAX).await.unwrap();
    assert!(events.iter().map(|event| event.envelope.version).eq(1..=events.len() as u64));
    let number = |event: &StoredEvent| {
        serde_json::from_str::<serde_json::Value>(&event.payload).unwrap()["fromVersion"].as_u64().unwrap()
    };
    events.iter().map(number).collect()
}

pub fn answer(outcome: &Outcome) -> Option<u64> {
    match &outcome.verdict {
        Verdict::Done { answer, .. } => answer.as_ref().and_then(serde_json::Value::as_u64),
        verdict => panic!("{verdict:?}"),
    }
}

pub fn appended(outcome: &Outcome) -> u32 {
    match &outcome.verdict {
        Verdict::Done { appended, .. } => *appended,
        verdict => panic!("{verdict:?}"),
    }
}

pub fn refusal(outcome: &Outcome) -> &str {
    match &outcome.verdict {
        Verdict::Refused { refusal } => &refusal.code,
        verdict => panic!("{verdict:?}"),
    }
}
