//! A connection to the vault's database that is opened again after it breaks.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, timeout};

use super::tables::{self, Failure, SCHEMA};
use super::wrapping::{Stored, Wrapping, WrappingError};
use super::{LIMITS, VaultError};
use crate::postgres::Address;
use crate::vault::{Key, KeyKind};

/// The time limit of a request, including the opening of a connection.
const PATIENCE: Duration = Duration::from_secs(6);
/// A connection that has worked within this time is used without a ping.
const TRUSTED: Duration = Duration::from_millis(100);
/// How long a server may take to answer a ping.
const PINGED_WITHIN: Duration = Duration::from_secs(1);

/// One connection with one request at a time.
pub(super) struct DedicatedConnection {
    address: Address,
    /// Whether it may create keys.
    writes: bool,
    wrapping: Wrapping,
    /// The connection, and when it last worked. It is taken out for each request, so that one whose request
    /// failed or was abandoned is never used again.
    idle: Option<(PgConnection, Instant)>,
}

/// Stored keys by name; `None` for a subject that was erased.
pub(super) struct Keys {
    kind: KeyKind,
    stored: HashMap<String, Option<Stored>>,
    wrapping: Wrapping,
}

impl Keys {
    /// The key of `name`; `None` if there is none, or it was erased.
    pub(super) fn get(&self, name: &str) -> Result<Option<Key>, VaultError> {
        let Some(Some(stored)) = self.stored.get(name) else { return Ok(None) };
        self.wrapping.unwrap(self.kind, name, stored).map(Some).map_err(VaultError::unavailable)
    }

    /// The key of a name that has a row. If it has no key, it was erased.
    pub(super) fn require(&self, name: &str) -> Result<Key, VaultError> {
        self.get(name)?.ok_or_else(|| VaultError::Erased { subject: name.to_owned() })
    }
}

impl DedicatedConnection {
    pub(super) fn for_writing(address: Address, wrapping: Wrapping) -> Self {
        Self { address, writes: true, wrapping, idle: None }
    }

    pub(super) fn for_reading(address: Address, wrapping: Wrapping) -> Self {
        Self { address, writes: false, wrapping, idle: None }
    }

    /// Opens the connection and checks the database.
    pub(super) async fn ready(&mut self) -> Result<(), VaultError> {
        let connection = self.in_time(self.open()).await?;
        self.idle = Some((connection, Instant::now()));
        Ok(())
    }

    /// The keys of all of `names`. Missing ones are created.
    pub(super) async fn keys_for(&mut self, kind: KeyKind, mut names: Vec<&str>) -> Result<Keys, VaultError> {
        // In the same order everywhere, so that two processes that create the same keys do not deadlock.
        names.sort_unstable();
        names.dedup();
        let idle = self.idle.take();
        let (connection, stored) = self
            .in_time(async {
                let mut connection = self.working(idle).await?;
                let stored = tables::find_or_create(&mut connection, kind, &names, &self.wrapping).await;
                Ok((connection, stored.map_err(|failure| self.explain(failure))?))
            })
            .await?;
        self.idle = Some((connection, Instant::now()));
        Ok(Keys { kind, stored, wrapping: self.wrapping.clone() })
    }

    /// The existing keys of `subjects`.
    pub(super) async fn existing(&mut self, subjects: Vec<&str>) -> Result<Keys, VaultError> {
        let idle = self.idle.take();
        let (connection, stored) = self
            .in_time(async {
                let mut connection = self.working(idle).await?;
                let stored = tables::find(&mut connection, KeyKind::Subject, &subjects).await;
                Ok((connection, stored.map_err(|error| self.explain(Failure::Sql(error)))?))
            })
            .await?;
        self.idle = Some((connection, Instant::now()));
        Ok(Keys { kind: KeyKind::Subject, stored, wrapping: self.wrapping.clone() })
    }

    /// Destroys the key of `subject`. Returns whether there was one.
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

    pub(super) async fn close(self) {
        if let Some((connection, _)) = self.idle {
            self.address.close(connection).await;
        }
    }

    async fn working(&self, idle: Option<(PgConnection, Instant)>) -> Result<PgConnection, VaultError> {
        if let Some((mut connection, used)) = idle
            && (used.elapsed() < TRUSTED
                || matches!(timeout(PINGED_WITHIN, connection.ping()).await, Ok(Ok(()))))
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
                "{} is a standby, which may show erased keys and cannot create keys; use the primary's address",
                self.address
            ))),
        }
    }
}
