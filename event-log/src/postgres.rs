//! The event log in PostgreSQL: one schema per context, named after it.
//!
//! One connection writes, one looks up facts for decisions, and a few read. None of them comes from a shared
//! pool: a writer that queues for a connection loses a third of its speed. Any number of processes may append
//! to one log. A commit updates the head's row, which orders them.
//!
//! The server ends a transaction that is idle for [`IDLE`], so a client that stops while it holds the head lock
//! delays the others no longer than that.

mod append;
mod facts;
mod fault;
mod head_lock;
mod locked;
mod notifications;
mod operational;
mod readers;
mod rows;
mod schema;
mod statement;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use platform::connection::{Borrowed, DedicatedConnection};
use platform::postgres::{Address, Limits};
use schemas::Context;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio::time::timeout;
use uuid::Uuid;

use self::fault::LogIdentity;
use self::notifications::Notifications;
use self::readers::{Readers, within};
use crate::plan::Plan;
use crate::port::{
    Batch, Committed, EventAppender, EventReader, Facts, Head, HeadLock, LogError, Migrated, Read,
    StoredEvent, Wanted,
};
use crate::tail_watcher::{PollInterval, TailWatcher};

/// Default number of reading connections.
const READERS: u64 = 4;
/// Default timeout of a statement, in seconds.
const STATEMENT: u64 = 30;
/// Default timeout of a wait for a lock, in seconds.
const LOCK: u64 = 5;
/// How long a write may take before its outcome counts as unknown, unless the address allows statements or locks more.
const WRITTEN_WITHIN: Duration = Duration::from_secs(6);
/// How long a transaction may be idle.
const IDLE: Duration = Duration::from_millis(500);
/// How much longer than the server's statement timeout a client waits for the answer.
const GRACE: Duration = Duration::from_secs(5);
/// Parameters of an address that belong to this backend.
pub(crate) const PARAMETERS: [&str; 3] = ["readers", "statement_timeout", "lock_timeout"];
/// The property of a log that is being moved here. It cannot be opened for writing until the move is
/// complete.
pub(crate) const MOVING: &str = "moving";
/// How often commits of other processes are polled for.
const POLLING: PollInterval =
    PollInterval { shortest: Duration::from_millis(20), longest: Duration::from_millis(250) };

/// A context's log in PostgreSQL. Belongs to the Tokio runtime that it was opened in.
pub(crate) struct PostgresLog {
    log: LogIdentity,
    epoch: Uuid,
    /// `None`: the log was opened read-only.
    writer: Option<DedicatedConnection<PgConnection>>,
    facts: Readers,
    readers: Arc<Readers>,
    patience: Duration,
    /// How long a write may take.
    writing: Duration,
    tail: Arc<TailWatcher>,
    notifications: Notifications,
}

impl PostgresLog {
    /// Opens the log of `context` in the database at `url`. Its tables must exist; [`PostgresLog::migrate`]
    /// creates them.
    pub(crate) async fn open(url: &str, context: Context) -> Result<Self, LogError> {
        Self::on(Location::of(url, context)?, true).await
    }

    /// Opens the log read-only.
    pub(crate) async fn open_read_only(url: &str, context: Context) -> Result<Self, LogError> {
        Self::on(Location::of(url, context)?, false).await
    }

    /// Creates the tables of `context`, or migrates them to this program's format. Safe while others read the
    /// log, and when several processes do it at once.
    pub(crate) async fn migrate(url: &str, context: Context) -> Result<Migrated, LogError> {
        let location = Location::of(url, context)?;
        schema::migrate(&location.log, &location.options(&[])).await
    }

    async fn on(location: Location, to_write: bool) -> Result<Self, LogError> {
        let read_only = if to_write { "off" } else { "on" };
        let options = location.options(&[("default_transaction_read_only", read_only)]);
        let head = schema::examine(&location.log, &options, to_write).await?;
        let patience = location.limits.statement + GRACE;
        let readers = Arc::new(Readers::new(&options, location.readers, patience));
        Ok(Self {
            epoch: head.epoch,
            writer: to_write.then(|| DedicatedConnection::to_server(options.clone())),
            facts: Readers::new(&options, 1, patience),
            notifications: Notifications::new(&location.log, &readers, &options),
            readers,
            patience,
            writing: location.writing,
            tail: Arc::new(TailWatcher::new(head.position, POLLING)),
            log: location.log,
        })
    }

    /// Borrows the writing connection.
    async fn writer(&self) -> Result<Borrowed<'_, PgConnection>, LogError> {
        let refusal = || LogError::Unavailable("it was opened read-only".to_owned(), None);
        let writer = self.writer.as_ref().ok_or_else(refusal)?;
        let borrowed = within(self.patience, writer.borrow()).await;
        borrowed.map_err(|error| self.log.cannot("be written", error))
    }

    /// Fails if the log was replaced, for example restored from a dump, since it was opened.
    fn require_epoch(&self, head: Head) -> Result<Head, LogError> {
        if head.epoch == self.epoch {
            return Ok(head);
        }
        let problem = format!(
            "that of {} had epoch {} when it was opened and has epoch {} now: it was replaced; restart this process",
            self.log.context, self.epoch, head.epoch
        );
        Err(LogError::Unavailable(problem, None))
    }
}

/// Limits the time of work that writes, which may take several statements.
async fn in_time<T>(
    patience: Duration,
    log: &LogIdentity,
    work: impl Future<Output = Result<T, LogError>>,
) -> Result<T, LogError> {
    match timeout(patience, work).await {
        Ok(answer) => answer,
        Err(late) => {
            let late = io::Error::new(io::ErrorKind::TimedOut, late);
            Err(log.cannot("be written", sqlx::Error::Io(late)))
        }
    }
}

struct Location {
    log: LogIdentity,
    limits: Limits,
    writing: Duration,
    readers: usize,
}

impl Location {
    fn of(url: &str, context: Context) -> Result<Self, LogError> {
        let unusable = |problem: String| LogError::Unavailable(problem, None);
        let address = Address::parse(url, &PARAMETERS).map_err(|error| unusable(error.to_string()))?;
        let number = |name: &str, default: u64| match address.own(name) {
            None => Ok(default),
            Some(text) => text.parse().ok().filter(|number| (1..=3600).contains(number)).ok_or_else(|| {
                unusable(format!("{name} in the address {address} must be a number from 1 to 3600"))
            }),
        };
        let limits = Limits {
            statement: Duration::from_secs(number("statement_timeout", STATEMENT)?),
            lock: Duration::from_secs(number("lock_timeout", LOCK)?),
            idle_in_transaction: IDLE,
        };
        let named = ["statement_timeout", "lock_timeout"].iter().any(|name| address.own(name).is_some());
        let writing = if named { 2 * (limits.statement + GRACE) } else { WRITTEN_WITHIN };
        let readers = usize::try_from(number("readers", READERS)?).unwrap_or(1);
        Ok(Self { log: LogIdentity { context, address }, limits, writing, readers })
    }

    /// Options of all connections. Generic plans that use indexes, because a plan that was made for an empty
    /// table must not scan the table after it has grown.
    fn options(&self, more: &[(&str, &str)]) -> PgConnectOptions {
        let context = self.log.context.name();
        let search_path = format!("{context},pg_temp");
        self.log
            .address
            .options(&format!("chorale-{context}"), &self.limits)
            .options([
                ("search_path", search_path.as_str()),
                ("default_transaction_isolation", "read committed"),
                ("plan_cache_mode", "force_generic_plan"),
                ("jit", "off"),
                ("enable_seqscan", "off"),
                ("enable_hashjoin", "off"),
                ("enable_mergejoin", "off"),
            ])
            .options(more.iter().copied())
            .disable_statement_logging()
    }
}

#[async_trait]
impl EventReader for PostgresLog {
    fn context(&self) -> Context {
        self.log.context
    }

    async fn head(&self) -> Result<Head, LogError> {
        let unreadable = |error| self.log.cannot("be read", error);
        let rows = self.readers.rows(|| sqlx::query(rows::HEAD)).await.map_err(unreadable)?;
        let head = rows.first().ok_or(sqlx::Error::RowNotFound).and_then(rows::head_of);
        self.require_epoch(head.map_err(unreadable)?)
    }

    async fn read(&self, what: Read<'_>, limit: usize) -> Result<Vec<StoredEvent>, LogError> {
        let rows = self.readers.rows(|| rows::events(&what, limit)).await;
        let rows = rows.map_err(|error| self.log.cannot("be read", error))?;
        rows.iter().map(|row| rows::event(row, &self.log, self.epoch)).collect()
    }

    async fn grown(&self, position: u64, patience: Duration) {
        self.notifications.listen(&self.tail);
        self.tail.past(position, patience, || self.head()).await;
    }
}

#[async_trait]
impl EventAppender for PostgresLog {
    async fn facts(&self, wanted: &Wanted) -> Result<(Head, Facts), LogError> {
        let unreadable = |error| self.log.cannot("be read", error);
        let rows = self.facts.rows(|| facts::question(wanted)).await.map_err(unreadable)?;
        let (head, facts) = facts::answer(&rows, wanted).map_err(unreadable)?;
        Ok((self.require_epoch(head)?, facts))
    }

    async fn commit(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        let plan = Plan::of(self.log.context, base, batch)?;
        let mut borrowed = self.writer().await?;
        let work = append::commit(borrowed.connection(), &self.log, base, &plan);
        let committed = in_time(self.writing, &self.log, work).await;
        // Closing the connection rolls the transaction back, even if the server cannot confirm it.
        if matches!(committed, Ok(_) | Err(LogError::Broken { .. })) {
            borrowed.give_back();
        }
        let committed = committed?;
        let (Committed::Done(head) | Committed::Moved(head)) = committed;
        self.tail.reached(self.require_epoch(head)?.position);
        if let Committed::Done(head) = committed {
            self.notifications.announce(head.position);
        }
        Ok(committed)
    }

    async fn lock_head(&self) -> Result<Option<Box<dyn HeadLock + '_>>, LogError> {
        Ok(Some(Box::new(head_lock::lock_head(self).await?)))
    }
}
