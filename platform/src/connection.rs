//! A database connection that has one user at a time: the writer of a log in SQLite or PostgreSQL, of a vault, of a hot store.

use std::fmt;
use std::time::{Duration, Instant};

use sqlx::Connection;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

/// A connection to a server that has worked within this time is used without a ping.
const TRUSTED: Duration = Duration::from_millis(100);
/// How long a server may take to answer a ping.
const PINGED_WITHIN: Duration = Duration::from_secs(1);

/// A connection that is opened on first use, and opened again if a borrower has not given it back, because a
/// statement or transaction may then be incomplete: SQLite rolls some failed transactions back by itself (when the disk is full),
/// and a connection whose client still believes that one is open refuses all later ones.
///
/// One to a server is pinged before it is used after a pause: a firewall or a restart of the other machine can have ended it
/// without a sign, and a statement would wait for its whole time limit.
pub struct DedicatedConnection<C: Connection> {
    options: C::Options,
    idle: Mutex<Resting<C>>,
    /// Whether it is to a server.
    remote: bool,
}

/// A connection that is not in use, and since when.
type Resting<C> = Option<(C, Instant)>;

impl<C: Connection> fmt::Debug for DedicatedConnection<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DedicatedConnection").field("remote", &self.remote).finish_non_exhaustive()
    }
}

impl<C: Connection> DedicatedConnection<C> {
    /// One to a file.
    pub fn new(options: C::Options) -> Self {
        Self { options, idle: Mutex::new(None), remote: false }
    }

    /// One to a server.
    pub fn to_server(options: C::Options) -> Self {
        Self { remote: true, ..Self::new(options) }
    }

    /// Waits for the borrower before, and opens the connection if there is none.
    pub async fn borrow(&self) -> Result<Borrowed<'_, C>, sqlx::Error> {
        self.open(self.idle.lock().await).await
    }

    /// The connection, unless it is in use.
    pub async fn try_borrow(&self) -> Result<Option<Borrowed<'_, C>>, sqlx::Error> {
        match self.idle.try_lock() {
            Ok(slot) => self.open(slot).await.map(Some),
            Err(_) => Ok(None),
        }
    }

    async fn open<'a>(
        &'a self,
        mut slot: MutexGuard<'a, Resting<C>>,
    ) -> Result<Borrowed<'a, C>, sqlx::Error> {
        let kept = match slot.take() {
            Some((connection, since)) => self.alive(connection, since).await,
            None => None,
        };
        let (connection, fresh) = match kept {
            Some(connection) => (connection, false),
            None => (C::connect_with(&self.options).await?, true),
        };
        Ok(Borrowed { slot, connection, fresh })
    }

    /// The connection, unless the server does not answer on it.
    async fn alive(&self, mut connection: C, since: Instant) -> Option<C> {
        if !self.remote || since.elapsed() < TRUSTED {
            return Some(connection);
        }
        match timeout(PINGED_WITHIN, connection.ping()).await {
            Ok(Ok(())) => Some(connection),
            _ => {
                tracing::debug!("a database connection was dead; opening another one");
                None
            }
        }
    }
}

/// A borrowed [`DedicatedConnection`]. Unless it is given back, dropping it closes the connection, which
/// rolls back an open transaction.
pub struct Borrowed<'a, C: Connection> {
    slot: MutexGuard<'a, Resting<C>>,
    connection: C,
    fresh: bool,
}

impl<C: Connection> Borrowed<'_, C> {
    /// The connection itself.
    pub fn connection(&mut self) -> &mut C {
        &mut self.connection
    }

    /// Whether it was opened for this borrower.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Goes on with another connection. This one is closed.
    pub fn replace(&mut self, connection: C) {
        self.connection = connection;
    }

    /// Keeps the connection for the next borrower. Call it only if nothing has failed.
    pub fn give_back(mut self) {
        *self.slot = Some((self.connection, Instant::now()));
    }

    /// Closes the connection before the next borrower can open another one.
    pub async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "could not close a database connection cleanly"
            );
        }
    }
}

impl<C: Connection> fmt::Debug for Borrowed<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Borrowed").field("fresh", &self.fresh).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use sqlx::SqliteConnection;

    use super::*;
    use crate::sqlite::{create, durable};

    #[tokio::test]
    async fn a_connection_is_kept_after_success_and_replaced_after_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let options = durable(&folder.path().join("file"), Duration::from_secs(10));
        create(&options).await.unwrap();
        let dedicated = DedicatedConnection::<SqliteConnection>::new(options);
        let mut borrowed = dedicated.borrow().await.unwrap();
        sqlx::raw_sql("CREATE TEMP TABLE mark (x); BEGIN").execute(borrowed.connection()).await.unwrap();
        borrowed.give_back();

        let mut borrowed = dedicated.borrow().await.unwrap();
        sqlx::raw_sql("SELECT * FROM mark").execute(borrowed.connection()).await.unwrap();
        // Its transaction is still open, as after a failed commit.
        borrowed.connection().begin_with("BEGIN IMMEDIATE").await.unwrap_err();
        drop(borrowed);

        let mut borrowed = dedicated.borrow().await.unwrap();
        borrowed.connection().begin_with("BEGIN IMMEDIATE").await.unwrap();
        sqlx::raw_sql("SELECT * FROM mark").execute(borrowed.connection()).await.unwrap_err();
    }
}
