//! Two logs, a bus, and the processes that run a reactor.

use std::sync::Arc;
use std::time::Duration;

use bus_kafka::KafkaBus;
use bus_kafka::scratch::Scratch as Topics;
use event_log::contract::Draft;
use event_log::log_bus::LogBus;
use event_log::port::{Committed, Log, ParkedRecord, Read, StoredEvent};
use event_log::relay::{self, Relay};
use event_log::writer::{Writer, WriterOptions};
use platform::bus::shuffled::ShuffledBus;
use platform::bus::{Bus, Positions};
use platform::clock::Clock;
use platform::postgres::scratch::Scratch as Database;
use platform::shutdown::Shutdown;
use reactors::progress::Progress;
use reactors::runner::{RunError, Runner, redrive_request};
use schemas::reaction::ReactionEvent;
use schemas::{Context, EventSet, StreamId, Topic};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::script::{NAME, Script, Scripted, notes_of};

/// The timeout of all waits. It only ends a hang: everything else is much faster, also on a busy machine.
pub const SOON: Duration = Duration::from_secs(300);

/// The logs and the bus of a test.
#[derive(Clone, Copy, Debug)]
pub enum Setup {
    /// Files, with the logs as the bus.
    Files,
    /// The same, behind a bus that shuffles by a seed.
    Shuffled(u64),
    /// PostgreSQL, relays and Kafka. Two processes run the reactor.
    Servers,
}

impl Setup {
    pub const ALL: [Self; 5] =
        [Self::Files, Self::Shuffled(1), Self::Shuffled(2), Self::Shuffled(3), Self::Servers];
    /// Setups in which two members of a group get the same records, as around a rebalance.
    pub const SHARED: [Self; 4] = [Self::Files, Self::Shuffled(1), Self::Shuffled(2), Self::Shuffled(3)];
}

pub fn source(name: &str) -> StreamId {
    StreamId::from_text(format!("order-{name}"))
}

/// The parts of a process: its writer of the payments log, and its connection to the bus.
pub struct Process {
    pub writer: Writer,
    pub bus: Arc<dyn Bus>,
    pub progress: Progress,
}

/// The parts of a setup on servers.
struct OnServers {
    database: Database,
    topics: Topics,
    relaying: Vec<JoinHandle<Result<(), relay::RelayError>>>,
}

impl Drop for OnServers {
    fn drop(&mut self) {
        self.relaying.iter().for_each(JoinHandle::abort);
    }
}

/// The logs of ordering and payments, and the bus.
pub struct Harness {
    pub ordering: Arc<dyn Log>,
    pub payments: Arc<dyn Log>,
    pub writer: Writer,
    pub bus: Arc<dyn Bus>,
    pub progress: Progress,
    pub script: Arc<Script>,
    servers: Option<OnServers>,
    _folder: TempDir,
}

/// Started runners, one in each process.
pub struct Running(Vec<(Shutdown, JoinHandle<Result<(), RunError>>)>);

impl Running {
    /// Shuts all of them down.
    pub async fn stop(self) {
        self.0.iter().for_each(|(shutdown, _)| shutdown.begin());
        for (_, task) in self.0 {
            tokio::time::timeout(SOON, task).await.unwrap().unwrap().unwrap();
        }
    }

    /// Kills all of them.
    pub async fn kill(self) {
        for (_, task) in self.0 {
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        }
    }
}

fn writer(payments: &Arc<dyn Log>) -> Writer {
    Writer::start(Arc::clone(payments), Clock::system(), WriterOptions::default()).0
}

impl Harness {
    pub async fn new(setup: Setup) -> Self {
        match setup {
            Setup::Files => Self::on_files(None).await,
            Setup::Shuffled(seed) => Self::on_files(Some(seed)).await,
            Setup::Servers => Self::on_servers().await,
        }
    }

    async fn on_files(seed: Option<u64>) -> Self {
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
        Self {
            writer: writer(&payments),
            ordering,
            payments,
            bus,
            progress: Progress::default(),
            script: Arc::default(),
            servers: None,
            _folder: folder,
        }
    }

    async fn on_servers() -> Self {
        let database = Database::new().await.unwrap();
        let (topics, kafka) = Topics::new(&schemas::topics::names(), 2, "").await.unwrap();
        let (mut logs, mut relaying) = (Vec::new(), Vec::new());
        for context in [Context::Ordering, Context::Payments] {
            event_log::migrate(database.url(), context).await.unwrap();
            let log = event_log::connect(database.url(), context).await.unwrap();
            relaying.push(relay(&log, kafka.clone()));
            logs.push(log);
        }
        let payments = logs.pop().unwrap();
        Self {
            writer: writer(&payments),
            ordering: logs.pop().unwrap(),
            progress: Progress::shared([Arc::clone(&payments)]),
            payments,
            bus: Arc::new(kafka),
            script: Arc::default(),
            servers: Some(OnServers { database, topics, relaying }),
            _folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The processes that run a reactor or a view.
    async fn processes(&self) -> Vec<Process> {
        let own = Process {
            writer: self.writer.clone(),
            bus: Arc::clone(&self.bus),
            progress: self.progress.clone(),
        };
        let Some(servers) = &self.servers else { return vec![own] };
        let payments = event_log::connect(servers.database.url(), Context::Payments).await.unwrap();
        let another = Process {
            writer: writer(&payments),
            bus: Arc::new(servers.topics.connect().await.unwrap()),
            progress: Progress::shared([payments]),
        };
        vec![own, another]
    }

    /// Starts the reactor in every process.
    pub async fn start(&self) -> Running {
        // It counts as behind until it has started.
        self.progress.join(NAME, Context::Payments, &[Topic::ORDER], Positions::new());
        self.run_everywhere(|process, shutdown| {
            let reactor = Arc::new(Scripted(Arc::clone(&self.script)));
            Runner::new(reactor, process.bus, process.writer, process.progress).run(shutdown)
        })
        .await
    }

    /// Runs something in every process.
    pub async fn run_everywhere<F>(&self, run: impl Fn(Process, Shutdown) -> F) -> Running
    where
        F: Future<Output = Result<(), RunError>> + Send + 'static,
    {
        let start = |process| {
            let shutdown = Shutdown::new();
            (shutdown.clone(), tokio::spawn(run(process, shutdown)))
        };
        Running(self.processes().await.into_iter().map(start).collect())
    }

    /// Appends an event to each of these streams.
    pub async fn publish(&self, streams: &[&str]) {
        for name in streams {
            let stream = source(name);
            let known = self.ordering.read(Read::Streams(&[(stream.clone(), 0)]), usize::MAX).await.unwrap();
            let draft = Draft::now(self.ordering.as_ref()).await.unwrap();
            let draft = draft.event(stream.as_str(), known.len() as u64 + 1);
            assert!(matches!(draft.commit(self.ordering.as_ref()).await.unwrap(), Committed::Done(_)));
        }
    }

    /// Waits until the reactor has handled or parked all records.
    pub async fn handled(&self) {
        self.done_by(NAME).await;
    }

    /// Waits until a group has handled all records that are published by now.
    pub async fn done_by(&self, group: &str) {
        self.relayed().await;
        let arrived = self.progress.caught_up(self.bus.as_ref(), |name| name == group, SOON).await.unwrap();
        assert!(arrived, "timed out waiting for the group");
    }

    /// Waits until the topics hold the ordering log.
    async fn relayed(&self) {
        let end = self.ordering.head().await.unwrap().position;
        let relayed = async {
            loop {
                let reach = self.bus.reach(&[Context::Ordering]).await.unwrap();
                if reach.get(&Context::Ordering).map_or(0, |reach| reach.position) >= end {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        assert!(tokio::time::timeout(SOON, relayed).await.is_ok(), "timed out waiting for the relay");
    }

    /// Waits until `is` holds of the payments log.
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

    /// The versions of a stream that the reactor has recorded, in order.
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

    /// The parked records of a stream, in order.
    pub async fn parked(&self, name: &str) -> Vec<ParkedRecord> {
        let mut parked = self.payments.parked(Some(NAME), usize::MAX).await.unwrap();
        parked.retain(|record| record.envelope.stream == source(name));
        parked
    }

    /// The versions of the parked records of a stream.
    pub async fn parked_versions(&self, name: &str) -> Vec<u64> {
        self.parked(name).await.iter().map(|record| record.envelope.version).collect()
    }

    /// The events about reactions to a stream.
    pub async fn reactions(&self, name: &str) -> Vec<ReactionEvent> {
        let stream = schemas::reaction::stream(NAME, &source(name));
        let events = self.payments.read(Read::Streams(&[(stream, 0)]), usize::MAX).await.unwrap();
        let decode = |event: &StoredEvent| {
            assert_eq!(event.envelope.topic(), Some(Topic::PAYMENTS_REACTION));
            ReactionEvent::decode(&event.envelope.name, event.envelope.type_version, &event.payload).unwrap()
        };
        events.iter().map(decode).collect()
    }

    /// Requests a redrive of a stream, as the operator's command does.
    pub async fn redrive(&self, name: &str) {
        let head = self.payments.head().await.unwrap();
        let request = redrive_request(NAME.to_owned(), source(name), head.position);
        self.writer.submit(request).await.unwrap();
    }
}

fn relay(log: &Arc<dyn Log>, kafka: KafkaBus) -> JoinHandle<Result<(), relay::RelayError>> {
    let options = relay::Options { partitions: kafka.address().partitions, ..relay::Options::default() };
    let publishers: relay::Publishers = Arc::new(move |context| Box::new(kafka.publisher(context)));
    let relay = Relay::new(Arc::clone(log), publishers, Clock::system(), options);
    tokio::spawn(relay.run(Shutdown::new()))
}
