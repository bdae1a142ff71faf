//! A log, in-memory topics, and relays between them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use event_log::contract::Draft;
use event_log::port::{Committed, Log, Read};
use event_log::relay::{Options, Publishers, Relay, RelayError};
use platform::bus::memory_topics::MemoryTopics;
use platform::bus::publisher::{Mark, Outgoing};
use platform::clock::Clock;
use platform::shutdown::Shutdown;
use schemas::Context;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Only ends a hang.
pub const SOON: Duration = Duration::from_secs(120);
const ORDERS: &str = "chorale.order.v1";
const PARTITIONS: u32 = 6;

pub struct Harness {
    pub folder: TempDir,
    pub log: Arc<dyn Log>,
    pub topics: MemoryTopics,
}

pub struct Running {
    pub shutdown: Shutdown,
    pub task: JoinHandle<Result<(), RelayError>>,
}

pub fn options() -> Options {
    Options {
        batch: 7,
        beat: Duration::from_millis(20),
        lease: Duration::from_millis(300),
        ..Options::default()
    }
}

impl Harness {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = open(folder.path().join("log")).await;
        Self { folder, log, topics: MemoryTopics::default() }
    }

    pub fn relay(&self, options: Options) -> Relay {
        relay(&self.log, &self.topics, options)
    }

    pub fn start(&self) -> Running {
        start(self.relay(options()))
    }

    /// Waits until the topics hold the log up to its end, and returns that position.
    pub async fn relayed(&self) -> u64 {
        let head = self.log.head().await.unwrap();
        self.until_mark(|mark| mark.position >= head.position).await;
        head.position
    }

    /// Waits until the mark on the topics is as wanted, and returns it.
    pub async fn until_mark(&self, is_so: impl Fn(&Mark) -> bool) -> Mark {
        let there = |topics: &MemoryTopics| topics.mark(Context::Ordering).filter(&is_so);
        let waiting = self.topics.until(|topics| there(topics).is_some());
        assert!(timeout(SOON, waiting).await.is_ok(), "{:?}", self.topics.mark(Context::Ordering));
        self.topics.mark(Context::Ordering).unwrap()
    }

    /// Asserts that each event of the log is in its topic once, in order per partition.
    pub async fn topic_is_log(&self) {
        let events = self.log.read(Read::After(0), usize::MAX).await.unwrap();
        let mut there: Vec<u64> = Vec::new();
        for number in 0..PARTITIONS {
            let positions: Vec<u64> = self.topics.visible(ORDERS, number).iter().map(position).collect();
            assert!(positions.is_sorted_by(|one, next| one < next), "{number}: {positions:?}");
            there.extend(positions);
        }
        there.sort_unstable();
        assert_eq!(there, (1..=events.len() as u64).collect::<Vec<_>>());
    }
}

pub async fn open(path: PathBuf) -> Arc<dyn Log> {
    event_log::connect(&format!("sqlite://{}", path.display()), Context::Ordering).await.unwrap()
}

pub fn relay(log: &Arc<dyn Log>, topics: &MemoryTopics, options: Options) -> Relay {
    let topics = topics.clone();
    let publishers: Publishers = Arc::new(move |context| topics.publisher(context));
    Relay::new(Arc::clone(log), publishers, Clock::system(), options)
}

pub fn start(relay: Relay) -> Running {
    let shutdown = Shutdown::new();
    Running { task: tokio::spawn(relay.run(shutdown.clone())), shutdown }
}

impl Running {
    pub async fn stop(self) {
        self.shutdown.begin();
        timeout(SOON, self.task).await.unwrap().unwrap().unwrap();
    }

    /// Stops like a killed process.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.is_err_and(|error| error.is_cancelled()));
    }

    /// Waits until the relay stops by itself, and returns the error.
    pub async fn error(self) -> RelayError {
        timeout(SOON, self.task).await.expect("the relay keeps running").unwrap().unwrap_err()
    }
}

pub fn position(record: &Outgoing) -> u64 {
    let header = record.headers.iter().find(|(name, _)| *name == "ce_position").unwrap();
    header.1.parse().unwrap()
}

/// Appends an event to each of these streams, while others write as well.
pub async fn append(log: &dyn Log, streams: &[&str]) {
    for stream in streams {
        loop {
            let known =
                log.read(Read::Streams(&[(schemas::StreamId::from_text(*stream), 0)]), usize::MAX).await;
            let draft = Draft::now(log).await.unwrap().event(stream, known.unwrap().len() as u64 + 1);
            match draft.commit(log).await {
                Ok(Committed::Done(_)) => break,
                Ok(Committed::Moved(_)) => {}
                // The stream has grown between the two reads.
                Err(error) => assert!(
                    error.to_string().contains("version") || error.to_string().contains("broken"),
                    "{error}"
                ),
            }
        }
    }
}
