//! Two logs, a bus over them, and a participant whose behaviour a test chooses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::reaction::RedriveReaction;
use domain::{Aggregate, Changes, Decision, Reads, Refusal, Seen};
use event_log::contract::Draft;
use event_log::log_bus::LogBus;
use event_log::port::{Committed, Log, ParkedRecord, Parking, Read, StoredEvent};
use event_log::request::{Origin, Request};
use event_log::writer::{Writer, WriterOptions};
use platform::bus::shuffled::ShuffledBus;
use platform::bus::{Bus, Positions, Record};
use platform::clock::Clock;
use platform::shutdown::Shutdown;
use reactors::participant::{AnswerError, Participant};
use reactors::progress::Progress;
use reactors::runner::{RunError, Runner};
use schemas::reaction::{ReactionEvent, ReactionRedriven};
use schemas::{Actor, CommandId, Context, EventSet, StreamId, Timestamp, Topic};
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// Everything that is waited for comes long before this, on the busiest machine too: it only ends a hang.
pub const SOON: Duration = Duration::from_secs(300);

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

struct Scripted(Arc<Script>);

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

fn notes_of(stream: &StreamId) -> StreamId {
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

pub fn source(name: &str) -> StreamId {
    StreamId::from_text(format!("order-{name}"))
}

/// The logs of ordering and payments, and the bus over them.
pub struct Bench {
    pub ordering: Arc<dyn Log>,
    pub payments: Arc<dyn Log>,
    pub writer: Writer,
    pub bus: Arc<dyn Bus>,
    pub progress: Progress,
    pub script: Arc<Script>,
    _folder: TempDir,
}

/// A runner that was started.
pub struct Running {
    shutdown: Shutdown,
    task: JoinHandle<Result<(), RunError>>,
}

impl Running {
    /// Leaves as a process that was asked to.
    pub async fn stop(self) {
        self.shutdown.begin();
        tokio::time::timeout(SOON, self.task).await.unwrap().unwrap().unwrap();
    }

    /// Leaves as a process that was killed.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

impl Bench {
    /// On a kind bus, or on one that shuffles in the way of a seed.
    pub async fn new(seed: Option<u64>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let open = async |context: Context| {
            let url = format!("sqlite://{}", folder.path().join(format!("{context}.sqlite")).display());
            event_log::connect(&url, context).await.unwrap()
        };
        let (ordering, payments) = (open(Context::Ordering).await, open(Context::Payments).await);
        let plain: Arc<dyn Bus> = Arc::new(LogBus::new([Arc::clone(&ordering), Arc::clone(&payments)]));
        let bus = match seed {
            Some(seed) => Arc::new(ShuffledBus::new(plain, seed)),
            None => plain,
        };
        let (writer, _) = Writer::start(Arc::clone(&payments), Clock::system(), WriterOptions::default());
        let (progress, script) = (Progress::default(), Arc::default());
        Self { ordering, payments, writer, bus, progress, script, _folder: folder }
    }

    /// Starts the participant, as a process does.
    pub fn start(&self) -> Running {
        let participant = Arc::new(Scripted(Arc::clone(&self.script)));
        let runner =
            Runner::new(participant, Arc::clone(&self.bus), self.writer.clone(), self.progress.clone());
        // Behind until it has joined.
        self.progress.join(NAME, Context::Payments, &[Topic::ORDER], Positions::new());
        let shutdown = Shutdown::new();
        Running { task: tokio::spawn(runner.run(shutdown.clone())), shutdown }
    }

    /// One more event of each of these streams.
    pub async fn publish(&self, streams: &[&str]) {
        for name in streams {
            let stream = source(name);
            let known = self.ordering.read(Read::Streams(&[(stream.clone(), 0)]), usize::MAX).await.unwrap();
            let draft = Draft::now(self.ordering.as_ref()).await.unwrap();
            let draft = draft.event(stream.as_str(), known.len() as u64 + 1);
            assert!(matches!(draft.commit(self.ordering.as_ref()).await.unwrap(), Committed::Done(_)));
        }
    }

    /// Waits until the participant has handled, or parked, everything.
    pub async fn handled(&self) {
        let arrived = self.progress.caught_up(self.bus.as_ref(), |group| group == NAME, SOON).await.unwrap();
        assert!(arrived, "not everything is handled in time");
    }

    /// Waits until the payments log is as `is` wants it.
    pub async fn until(&self, what: &str, is: impl AsyncFn() -> bool) {
        let waiting = async {
            loop {
                let head = self.payments.head().await.unwrap();
                if is().await {
                    return;
                }
                self.payments.grown(head.position, Duration::from_millis(20)).await;
            }
        };
        assert!(tokio::time::timeout(SOON, waiting).await.is_ok(), "{what}");
    }

    /// The versions of a stream that were written down, in order.
    pub async fn written(&self, name: &str) -> Vec<u64> {
        let notes = notes_of(&source(name));
        let events = self.payments.read(Read::Streams(&[(notes, 0)]), usize::MAX).await.unwrap();
        let version = |event: &StoredEvent| {
            serde_json::from_str::<serde_json::Value>(&event.payload).unwrap()["fromVersion"]
                .as_u64()
                .unwrap()
        };
        events.iter().map(version).collect()
    }

    /// What is parked of a stream, in order.
    pub async fn parked(&self, name: &str) -> Vec<ParkedRecord> {
        let mut parked = self.payments.parked(Some(NAME), usize::MAX).await.unwrap();
        parked.retain(|record| record.envelope.stream == source(name));
        parked
    }

    /// The versions that are parked of a stream.
    pub async fn parked_versions(&self, name: &str) -> Vec<u64> {
        self.parked(name).await.iter().map(|record| record.envelope.version).collect()
    }

    /// What the reactor told of a stream on its context's reaction topic.
    pub async fn reactions(&self, name: &str) -> Vec<ReactionEvent> {
        let stream = StreamId::reaction(NAME, &source(name));
        let events = self.payments.read(Read::Streams(&[(stream, 0)]), usize::MAX).await.unwrap();
        let decode = |event: &StoredEvent| {
            assert_eq!(event.envelope.topic(), Some(Topic::PAYMENTS_REACTION));
            ReactionEvent::decode(&event.envelope.name, event.envelope.type_version, &event.payload).unwrap()
        };
        events.iter().map(decode).collect()
    }

    /// Asks for a stream to be tried again, as the operator's command does.
    pub async fn redrive(&self, name: &str) {
        let (reactor, source) = (NAME.to_owned(), source(name));
        let head = self.payments.head().await.unwrap();
        let command = CommandId::derived(&["redrive", source.as_str(), &head.position.to_string()]);
        let request = Request {
            command,
            origin: Origin::Inner,
            decision: Arc::new(RedriveReaction { reactor: reactor.clone(), source: source.clone() }),
            actor: Actor::staff("operator"),
            correlation: command.uuid(),
            causation: command.uuid(),
            traceparent: None,
            expected: Vec::new(),
            parking: vec![Parking::Redrive { reactor, source }],
        };
        self.writer.submit(request).await.unwrap();
    }
}
