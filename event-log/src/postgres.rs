//! The event log in PostgreSQL: a schema per context, called after it.
//!
//! One connection writes, another one answers what decisions ask, and a few read. None of them comes from a shared pool: a
//! writer that queues for a connection loses a third of its speed. Any number of processes may append to one log; a commit
//! moves the head's row, which orders them.
//!
//! The address is `postgres://user:password@host:port/database`, with the parameters of [`platform::postgres::Address`] and
//! these: `readers` (connections that read, 4), `statement_timeout` and `lock_timeout` (seconds, 30 and 10). A transaction
//! that says nothing for [`IDLE`] is ended by the server, so that a client which is stopped while it holds the head holds
//! up the others no longer than that.

mod append;
mod desk;
mod facts;
mod fault;
mod hold;
mod locked;
mod news;
mod readers;
mod rows;
mod schema;
mod statement;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use platform::postgres::{Address, Limits};
use schemas::Context;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio::time::timeout;
use uuid::Uuid;

use self::fault::Log;
use self::news::News;
use self::readers::{Readers, within};
use crate::growth::{Growth, Looks};
use crate::lane::{Borrowed, Lane};
use crate::plan::Plan;
use crate::port::{
    Batch, Committed, EventLog, Facts, Head, Held, LogError, Migrated, Read, StoredEvent, Wanted,
};

/// Connections that read events and the desk, if the address does not say otherwise.
const READERS: u64 = 4;
/// Seconds that a statement may take.
const STATEMENT: u64 = 30;
/// Seconds that a lock is waited for.
const LOCK: u64 = 10;
/// How long a transaction may say nothing.
const IDLE: Duration = Duration::from_millis(500);
/// How much longer than the server's own limit its answer is waited for.
const GRACE: Duration = Duration::from_secs(5);
/// The parameters of an address that are read here.
pub(crate) const PARAMETERS: [&str; 3] = ["readers", "statement_timeout", "lock_timeout"];
/// What a log says about itself while it is being moved here. Until the move has ended nobody may write it.
pub(crate) const MOVING: &str = "moving";
/// How often it is looked whether another process has committed.
const LOOKS: Looks = Looks { soonest: Duration::from_millis(20), rarest: Duration::from_millis(250) };

/// A context's log in PostgreSQL. Belongs to the Tokio runtime that it was opened in.
pub struct PostgresLog {
    log: Log,
    epoch: Uuid,
    /// None: opened to look only.
    writer: Option<Lane<PgConnection>>,
    facts: Readers,
    readers: Arc<Readers>,
    patience: Duration,
    growth: Arc<Growth>,
    news: News,
}

impl PostgresLog {
    /// Opens the log of `context` in the database at `url`. Its tables must be there: [`PostgresLog::migrate`] makes them.
    pub async fn open(url: &str, context: Context) -> Result<Self, LogError> {
        Self::on(Place::of(url, context)?, true).await
    }

    /// Opens it to look only: nothing can be written.
    pub async fn open_read_only(url: &str, context: Context) -> Result<Self, LogError> {
        Self::on(Place::of(url, context)?, false).await
    }

    /// Makes the tables of `context`, or brings them to this program's format. Others may be reading meanwhile; several
    /// may do it at once.
    pub async fn migrate(url: &str, context: Context) -> Result<Migrated, LogError> {
        let place = Place::of(url, context)?;
        schema::migrate(&place.log, &place.options(&[])).await
    }

    async fn on(place: Place, to_write: bool) -> Result<Self, LogError> {
        let read_only = if to_write { "off" } else { "on" };
        let options = place.options(&[("default_transaction_read_only", read_only)]);
        let head = schema::examine(&place.log, &options, to_write).await?;
        let patience = place.limits.statement + GRACE;
        let readers = Arc::new(Readers::new(&options, place.readers, patience));
        Ok(Self {
            epoch: head.epoch,
            writer: to_write.then(|| Lane::new(options.clone())),
            facts: Readers::new(&options, 1, patience),
            news: News::new(&place.log, &readers, &options),
            readers,
            patience,
            growth: Arc::new(Growth::from(head.position, LOOKS)),
            log: place.log,
        })
    }

    /// The connection that writes.
    async fn lane(&self) -> Result<Borrowed<'_, PgConnection>, LogError> {
        let refusal = || LogError::Unavailable("it was opened for reading only".to_owned(), None);
        let writer = self.writer.as_ref().ok_or_else(refusal)?;
        let lane = within(self.patience, writer.borrow()).await;
        lane.map_err(|error| self.log.cannot("be written", error))
    }

    /// A log that was restored from a dump or replaced meanwhile must not be continued as if nothing had happened.
    fn same_life(&self, head: Head) -> Result<Head, LogError> {
        if head.epoch == self.epoch {
            return Ok(head);
        }
        let problem = format!(
            "that of {} had the epoch {} when it was opened and has {} now: it was replaced; start again",
            self.log.context, self.epoch, head.epoch
        );
        Err(LogError::Unavailable(problem, None))
    }
}

/// The answer to work that writes, which may take several statements.
async fn in_time<T>(
    patience: Duration,
    log: &Log,
    work: impl Future<Output = Result<T, LogError>>,
) -> Result<T, LogError> {
    match timeout(2 * patience, work).await {
        Ok(answer) => answer,
        Err(late) => {
            let late = io::Error::new(io::ErrorKind::TimedOut, late);
            Err(log.cannot("be written", sqlx::Error::Io(late)))
        }
    }
}

/// Where a context's log is, and how it is used.
struct Place {
    log: Log,
    limits: Limits,
    readers: usize,
}

impl Place {
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
        let readers = usize::try_from(number("readers", READERS)?).unwrap_or(1);
        Ok(Self { log: Log { context, address }, limits, readers })
    }

    /// How all connections are opened. Plans are made once, before anything is known of the values, and walk indexes: one
    /// that was made while a table was empty must not read all of it when it has grown.
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
impl EventLog for PostgresLog {
    fn context(&self) -> Context {
        self.log.context
    }

    async fn head(&self) -> Result<Head, LogError> {
        let unreadable = |error| self.log.cannot("be read", error);
        let rows = self.readers.rows(|| sqlx::query(rows::HEAD)).await.map_err(unreadable)?;
        let head = rows.first().ok_or(sqlx::Error::RowNotFound).and_then(rows::head_of);
        self.same_life(head.map_err(unreadable)?)
    }

    async fn read(&self, what: Read<'_>, limit: usize) -> Result<Vec<StoredEvent>, LogError> {
        let rows = self.readers.rows(|| rows::events(&what, limit)).await;
        let rows = rows.map_err(|error| self.log.cannot("be read", error))?;
        rows.iter().map(|row| rows::event(row, &self.log, self.epoch)).collect()
    }

    async fn facts(&self, wanted: &Wanted) -> Result<(Head, Facts), LogError> {
        let unreadable = |error| self.log.cannot("be read", error);
        let rows = self.facts.rows(|| facts::question(wanted)).await.map_err(unreadable)?;
        let (head, facts) = facts::answer(&rows, wanted).map_err(unreadable)?;
        Ok((self.same_life(head)?, facts))
    }

    async fn commit(&self, base: &Head, batch: &Batch) -> Result<Committed, LogError> {
        let plan = Plan::of(self.log.context, base, batch)?;
        let mut lane = self.lane().await?;
        let work = append::commit(lane.connection(), &self.log, base, &plan);
        let committed = in_time(self.patience, &self.log, work).await;
        // Without its connection a transaction is undone, also where the database cannot say so.
        if matches!(committed, Ok(_) | Err(LogError::Broken { .. })) {
            lane.give_back();
        }
        let committed = committed?;
        let (Committed::Done(head) | Committed::Moved(head)) = committed;
        self.growth.reached(self.same_life(head)?.position);
        if let Committed::Done(head) = committed {
            self.news.tell(head.position);
        }
        Ok(committed)
    }

    async fn hold(&self) -> Result<Option<Box<dyn Held + '_>>, LogError> {
        Ok(Some(Box::new(hold::hold(self).await?)))
    }

    async fn grown(&self, position: u64, patience: Duration) {
        self.news.hear(&self.growth);
        self.growth.past(position, patience, || self.head()).await;
    }
}
