//! The contract of the event log port. A backend's test passes its factory: `assert_eq!(breaches(&factory).await, NONE)`.

mod answers;
mod commits;
mod cuts;
mod deadlines;
mod draft;
mod operational;
mod parking;
mod races;
mod reads;
mod snapshot;
mod waiting;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use self::draft::Draft;
use crate::port::{Log, LogError};

/// The result of [`breaches`] for a backend that keeps every promise.
pub const NONE: Vec<String> = Vec::new();

/// The time limit of one promise: a log that never responds breaks it.
const PATIENCE: Duration = Duration::from_secs(600);

/// A backend under test.
#[async_trait]
pub trait LogUnderTest: Send + Sync {
    /// Opens the log called `name`, as another process would. Every call with the same name opens the same log, which is empty
    /// at first and belongs to any one context.
    async fn open(&self, name: &str) -> Result<Arc<dyn Log>, LogError>;

    /// Runs a statement on the database of the log called `name`, bypassing the log. Its events are in the table `events`.
    /// Returns the database's error.
    async fn raw(&self, name: &str, statement: &str) -> Result<(), String>;

    /// Ends all connections to the database of the log called `name`, as an administrator or a broken network would. Does nothing
    /// for an embedded database.
    async fn cut(&self, _name: &str) {}

    /// The time within which growth is noticed, even on a busy machine. Shorter for a backend that is known not to notice it.
    fn soon(&self) -> Duration {
        Duration::from_secs(60)
    }
}

/// The promises that the backend breaks, and how. Each is tested on a log of its own.
pub async fn breaches(logs: &dyn LogUnderTest) -> Vec<String> {
    let mut broken = Vec::new();
    for (promise, check) in PROMISES {
        broken.extend(test(logs, promise, *check).await);
    }
    broken
}

/// How the backend breaks one promise. `None`: it keeps the promise, or there is no such promise.
pub async fn breach(logs: &dyn LogUnderTest, promise: &str) -> Option<String> {
    let (promise, check) = PROMISES.iter().find(|(name, _)| *name == promise)?;
    test(logs, promise, *check).await
}

async fn test(logs: &dyn LogUnderTest, promise: &str, check: Check) -> Option<String> {
    let harness = Harness { logs, name: promise.replace(|c: char| !c.is_alphanumeric(), "-") };
    match tokio::time::timeout(PATIENCE, check(&harness)).await {
        Ok(Ok(())) => None,
        Ok(Err(problem)) => Some(format!("{promise}: {problem}")),
        Err(_) => Some(format!("{promise}: it timed out")),
    }
}

/// The log that a promise is tested on.
struct Harness<'a> {
    logs: &'a dyn LogUnderTest,
    name: String,
}

impl Harness<'_> {
    async fn open(&self) -> Result<Arc<dyn Log>, LogError> {
        self.logs.open(&self.name).await
    }

    async fn raw(&self, statement: &str) -> Result<(), String> {
        self.logs.raw(&self.name, statement).await
    }

    async fn cut(&self) {
        self.logs.cut(&self.name).await;
    }
}

/// How a promise is broken.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("{0}")]
    Promise(String),
    #[error("an operation failed: {0:?}")]
    Failed(#[from] LogError),
}

type Checked = Result<(), Broken>;
type Checking<'a> = Pin<Box<dyn Future<Output = Checked> + Send + 'a>>;
type Check = for<'a> fn(&'a Harness<'a>) -> Checking<'a>;

fn ensure(holds: bool, otherwise: impl Into<String>) -> Checked {
    if holds { Ok(()) } else { Err(Broken::Promise(otherwise.into())) }
}

fn same<T: PartialEq + std::fmt::Debug>(found: &T, wanted: &T, what: &str) -> Checked {
    ensure(found == wanted, format!("{what} is {found:?} and not {wanted:?}"))
}

const PROMISES: &[(&str, Check)] = &[
    ("a commit moves the head", |b| Box::pin(commits::move_the_head(b))),
    ("a commit on an older head changes nothing", |b| Box::pin(commits::on_an_older_head(b))),
    ("a batch is all or nothing", |b| Box::pin(commits::all_or_nothing(b))),
    ("a batch may be large", |b| Box::pin(commits::of_many_events(b))),
    ("racing processes lose and duplicate nothing", |b| Box::pin(races::on_one_stream(b))),
    ("a reader by position never misses an event", |b| Box::pin(races::with_a_reader(b))),
    ("facts belong to the head that comes with them", |b| Box::pin(races::with_facts(b))),
    ("a commit whose connection breaks is complete or absent", |b| Box::pin(cuts::of_connections(b))),
    ("a command's first answer is kept", |b| Box::pin(answers::ledger(b))),
    ("the last handled event is known", |b| Box::pin(answers::inbox(b))),
    ("a claim has one holder", |b| Box::pin(answers::claims(b))),
    ("views are written, replaced and removed", |b| Box::pin(answers::views(b))),
    ("groups have positions and starts of their own, and never move backwards", |b| {
        Box::pin(answers::groups(b))
    }),
    ("a stream has one deadline, the last one", |b| Box::pin(deadlines::one_per_stream(b))),
    ("deadlines come earliest first", |b| Box::pin(deadlines::earliest_first(b))),
    ("parked records wait in order", |b| Box::pin(parking::in_order(b))),
    ("parked records are redriven and unparked", |b| Box::pin(parking::redriven(b))),
    ("a redelivered parked record stays as it is", |b| Box::pin(parking::redelivered(b))),
    ("events are counted by prefix", |b| Box::pin(reads::counts(b))),
    ("events are read by position", |b| Box::pin(reads::by_position(b))),
    ("events are read by stream", |b| Box::pin(reads::by_stream(b))),
    ("events are read by flow", |b| Box::pin(reads::by_flow(b))),
    ("events are stored byte by byte", |b| Box::pin(reads::to_the_byte(b))),
    ("events are neither changed nor deleted", |b| Box::pin(reads::unchangeable(b))),
    ("everything is there after reopening", |b| Box::pin(reads::after_reopening(b))),
    ("a lease has one holder", |b| Box::pin(operational::leases(b))),
    ("a property is written once", |b| Box::pin(operational::properties(b))),
    ("growth wakes waiters", |b| Box::pin(waiting::for_growth(b))),
];
