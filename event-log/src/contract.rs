//! What every event log promises. A backend's test names its factory: `assert_eq!(breaches(&factory).await, NONE)`.

mod answers;
mod commits;
mod cuts;
mod deadlines;
mod desk;
mod draft;
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

/// What [`breaches`] answers for a backend that keeps every promise.
pub const NONE: Vec<String> = Vec::new();

/// The longest that one promise may take: a log that waits for ever breaks it.
const PATIENCE: Duration = Duration::from_secs(600);

/// A backend to be tested.
#[async_trait]
pub trait LogUnderTest: Send + Sync {
    /// Opens the log called `name` once more, as another process would: every call with one name opens the same log, which
    /// was empty at first and belongs to any one context.
    async fn open(&self, name: &str) -> Result<Arc<dyn Log>, LogError>;

    /// Runs a statement on the database of the log called `name`, as somebody who has its password would. The log's events
    /// stand in the table `events`. Answers the database's error.
    async fn raw(&self, name: &str, statement: &str) -> Result<(), String>;

    /// Ends all connections to the database of the log called `name`, as an administrator or a broken network would. Where
    /// there is nothing between log and database, nothing.
    async fn cut(&self, _name: &str) {}

    /// Within this growth is noticed wherever it comes from, also on a busy machine. A backend that is known to be deaf may
    /// be given up earlier.
    fn soon(&self) -> Duration {
        Duration::from_secs(60)
    }
}

/// The promises that the backend breaks, and how; each is tested on a log of its own.
pub async fn breaches(logs: &dyn LogUnderTest) -> Vec<String> {
    let mut broken = Vec::new();
    for (promise, check) in PROMISES {
        broken.extend(test(logs, promise, *check).await);
    }
    broken
}

/// How the backend breaks this one promise. `None`: it keeps it, or there is no such promise.
pub async fn breach(logs: &dyn LogUnderTest, promise: &str) -> Option<String> {
    let (promise, check) = PROMISES.iter().find(|(name, _)| *name == promise)?;
    test(logs, promise, *check).await
}

async fn test(logs: &dyn LogUnderTest, promise: &str, check: Check) -> Option<String> {
    let bench = Bench { logs, name: promise.replace(|c: char| !c.is_alphanumeric(), "-") };
    match tokio::time::timeout(PATIENCE, check(&bench)).await {
        Ok(Ok(())) => None,
        Ok(Err(problem)) => Some(format!("{promise}: {problem}")),
        Err(_) => Some(format!("{promise}: it never came to an end")),
    }
}

/// The log that a promise is tested on.
struct Bench<'a> {
    logs: &'a dyn LogUnderTest,
    name: String,
}

impl Bench<'_> {
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

/// How a promise was broken.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("{0}")]
    Promise(String),
    #[error("it failed: {0:?}")]
    Failed(#[from] LogError),
}

type Checked = Result<(), Broken>;
type Checking<'a> = Pin<Box<dyn Future<Output = Checked> + Send + 'a>>;
type Check = for<'a> fn(&'a Bench<'a>) -> Checking<'a>;

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
    ("racing processes lose and double nothing", |b| Box::pin(races::on_one_stream(b))),
    ("a reader by position never misses an event", |b| Box::pin(races::with_a_reader(b))),
    ("facts belong to the head that comes with them", |b| Box::pin(races::with_facts(b))),
    ("a commit whose connection ends is there or not", |b| Box::pin(cuts::of_connections(b))),
    ("a command's first answer is kept", |b| Box::pin(answers::ledger(b))),
    ("what was handled last is known", |b| Box::pin(answers::inbox(b))),
    ("a claim has one holder", |b| Box::pin(answers::claims(b))),
    ("views are written, replaced and removed", |b| Box::pin(answers::views(b))),
    ("groups have their own positions and starts, and never go back", |b| Box::pin(answers::groups(b))),
    ("a stream has one deadline, the last", |b| Box::pin(deadlines::one_per_stream(b))),
    ("deadlines come earliest first", |b| Box::pin(deadlines::earliest_first(b))),
    ("parked records wait in order", |b| Box::pin(parking::in_order(b))),
    ("parked records are redriven and unparked", |b| Box::pin(parking::redriven(b))),
    ("a parked record that comes again stays as it is", |b| Box::pin(parking::coming_again(b))),
    ("events are counted by prefix", |b| Box::pin(reads::counts(b))),
    ("events are read by position", |b| Box::pin(reads::by_position(b))),
    ("events are read by stream", |b| Box::pin(reads::by_stream(b))),
    ("events are read by flow", |b| Box::pin(reads::by_flow(b))),
    ("what is stored is kept to the byte", |b| Box::pin(reads::to_the_byte(b))),
    ("events are neither changed nor deleted", |b| Box::pin(reads::unchangeable(b))),
    ("everything is there when it is opened again", |b| Box::pin(reads::after_reopening(b))),
    ("a lease has one holder", |b| Box::pin(desk::leases(b))),
    ("what is said about a log is said once", |b| Box::pin(desk::about(b))),
    ("growth wakes those who wait", |b| Box::pin(waiting::for_growth(b))),
];
