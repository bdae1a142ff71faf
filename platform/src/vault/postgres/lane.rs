//! A connection to the vault's database that is opened again when it broke.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, timeout};

use super::tables::{self, Failure, SCHEMA, Table};
use super::wrapping::{Stored, Wrapping, WrappingError};
use super::{LIMITS, VaultError};
use crate::postgres::Address;
use crate::vault::Key;

/// How long a request is waited for, the opening of a connection included.
const PATIENCE: Duration = Duration::from_secs(10);
/// A connection that worked so lately is used without asking whether it still does.
const TRUSTED: Duration = Duration::from_millis(100);

/// One connection, one request at a time.
pub(super) struct Lane {
    address: Address,
    /// Whether it may make keys.
    writes: bool,
    wrapping: Wrapping,
    /// With the moment when it last worked. Taken out for each request, so that one that failed or was given up half way
    /// is never used again.
    idle: Option<(PgConnection, Instant)>,
}

/// Keys as they are stored, by whose they are; `None` for a subject that was erased.
pub(super) struct Keys {
    table: Table,
    stored: HashMap<String, Option<Stored>>,
    wrapping: Wrapping,
}

impl Keys {
    /// The key of one; `None` where there is none (any more).
    pub(super) fn one(&self, whose: &str) -> Result<Option<Key>, VaultError> {
        let Some(Some(stored)) = self.stored.get(whose) else { return Ok(None) };
        self.wrapping.unwrap(self.table.kind(), whose, stored).map(Some).map_err(VaultError::unavailable)
    }

    /// The key of one that was there when these were looked up: so if it has none, it was erased.
    pub(super) fn one_that_exists(&self, whose: &str) -> Result<Key, VaultError> {
        self.one(whose)?.ok_or_else(|| VaultError::Erased { subject: whose.to_owned() })
    }
}

impl Lane {
    pub(super) fn that_writes(address: Address, wrapping: Wrapping) -> Self {
        Self { address, writes: true, wrapping, idle: None }
    }

    pub(super) fn that_reads(address: Address, wrapping: Wrapping) -> Self {
        Self { address, writes: false, wrapping, idle: None }
    }

    /// Makes sure of a connection to a database that can be used.
    pub(super) async fn ready(&mut self) -> Result<(), VaultError> {
        let connection = self.in_time(self.open()).await?;
        self.idle = Some((connection, Instant::now()));
        Ok(())
    }

    /// The keys of all of `names`, made where there are none.
    pub(super) async fn keys_for(&mut self, table: Table, mut names: Vec<&str>) -> Result<Keys, VaultError> {
        // In one order everywhere, so that two processes that make the same keys wait for each other in a row.
        names.sort_unstable();
        names.dedup();
        let idle = self.idle.take();
        let (connection, stored) = self
            .in_time(async {
                let mut connection = self.working(idle).await?;
                let stored = tables::find_or_make(&mut connection, table, &names, &self.wrapping).await;
                Ok((connection, stored.map_err(|failure| self.explain(failure))?))
            })
            .await?;
        self.idle = Some((connection, Instant::now()));
        Ok(Keys { table, stored, wrapping: self.wrapping.clone() })
    }

    /// The keys that there are of `subjects`.
    pub(super) async fn existing(&mut self, subjects: Vec<&str>) -> Result<Keys, VaultError> {
        let idle = self.idle.take();
        let (connection, stored) = self
            .in_time(async {
                let mut connection = self.working(idle).await?;
                let stored = tables::find(&mut connection, Table::Subjects, &subjects).await;
                Ok((connection, stored.map_err(|error| self.explain(Failure::Sql(error)))?))
            })
            .await?;
        self.idle = Some((connection, Instant::now()));
        Ok(Keys { table: Table::Subjects, stored, wrapping: self.wrapping.clone() })
    }

    /// Destroys the key of `subject`. Answers whether there was one.
    pub(super) async fn erase(&mut self, subject: &str) -> Result<bool, VaultError> {
        let idle = self.idle.take();
        let (connection, destroyed) = self
            .in_time(async {
                let mut connection = self.working(idle).await?;
                let destroyed = tables::erase(&mut connection, subject).await;
                Ok((connection, destroyed.map_err(|error| self.explain(Failure::Sql(error)))?))
            })
            .await?;
        self.idle = Some((connection, Instant::now()));
        Ok(destroyed)
    }

    /// Says good-bye to the server.
    pub(super) async fn close(self) {
        if let Some((connection, _)) = self.idle {
            self.address.close(connection).await;
        }
    }

    async fn working(&self, idle: Option<(PgConnection, Instant)>) -> Result<PgConnection, VaultError> {
        if let Some((mut connection, used)) = idle
            && (used.elapsed() < TRUSTED || connection.ping().await.is_ok())
        {
            return Ok(connection);
        }
        self.open().await
    }

    async fn open(&self) -> Result<PgConnection, VaultError> {
        let options = self.address.options("chorale-vault", &LIMITS);
        let mut connection = self.address.connect(&options).await.map_err(VaultError::unavailable)?;
        SCHEMA.require(&self.address, &mut connection).await.map_err(VaultError::unavailable)?;
        let checked = tables::check(&mut connection, &self.wrapping).await;
        checked.map_err(|failure| self.explain(failure))?;
        if self.writes {
            let registered = tables::register(&mut connection, &self.wrapping).await;
            registered.map_err(|failure| self.explain(failure))?;
        }
        Ok(connection)
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, VaultError>>) -> Result<T, VaultError> {
        match timeout(PATIENCE, work).await {
            Ok(answer) => answer,
            Err(late) => {
                let late = sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, late));
                Err(self.explain(Failure::Sql(late)))
            }
        }
    }

    fn explain(&self, failure: Failure) -> VaultError {
        match failure {
            Failure::Sql(error) if tables::is_unknown_wrapping(&error) => {
                let id = self.wrapping.id().unwrap_or_default().to_owned();
                VaultError::unavailable(WrappingError::Retired(id))
            }
            Failure::Sql(error) => VaultError::unavailable(self.address.explain(error)),
            Failure::Wrapping(error) => VaultError::unavailable(error),
            Failure::Standby => VaultError::unavailable(io::Error::other(format!(
                "{} is a standby, which may show erased keys and can make none; give the primary's address",
                self.address
            ))),
        }
    }
}
