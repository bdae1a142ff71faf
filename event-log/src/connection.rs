//! A database connection that has one user at a time.

use std::time::{Duration, Instant};

use sqlx::Connection;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

/// A connection to a server that has worked within this time is used without a ping.
const TRUSTED: Duration = Duration::from_millis(100);
/// How long a server may take to answer a ping.
const PINGED_WITHIN: Duration = Duration::from_secs(1);

/// A connection that is opened on first use, and opened again if a borrower has not given it back, because a
/// statement or transaction may then be incomplete.
///
/// One to a server is pinged before it is used after a pause: a firewall or a restart of the other machine can have ended it
/// without a sign, and a statement would wait for its whole time limit.
pub(crate) struct DedicatedConnection<C: Connection> {
    options: C::Options,
    idle: Mutex<Resting<C>>,
    /// Whether it is to a server.
    remote: bool,
}

/// A connection that is not in use, and since when.
type Resting<C> = Option<(C, Instant)>;

impl<C: Connection> DedicatedConnection<C> {
    pub(crate) fn new(options: C::Options) -> Self {
        Self { options, idle: Mutex::new(None), remote: false }
    }

    /// One to a server.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "only PostgreSQL needs it"))]
    pub(crate) fn to_server(options: C::Options) -> Self {
        Self { remote: true, ..Self::new(options) }
    }

    pub(crate) async fn borrow(&self) -> Result<Borrowed<'_, C>, sqlx::Error> {
        self.open(self.idle.lock().await).await
    }

    /// The connection, unless it is in use.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "only PostgreSQL needs it"))]
    pub(crate) async fn try_borrow(&self) -> Result<Option<Borrowed<'_, C>>, sqlx::Error> {
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
                tracing::debug!("a connection to an event log was dead; opening another one");
                None
            }
        }
    }
}

/// A borrowed [`DedicatedConnection`]. Unless it is given back, dropping it closes the connection, which
/// rolls back an open transaction.
pub(crate) struct Borrowed<'a, C: Connection> {
    slot: MutexGuard<'a, Resting<C>>,
    connection: C,
    fresh: bool,
}

impl<C: Connection> Borrowed<'_, C> {
    pub(crate) fn connection(&mut self) -> &mut C {
        &mut self.connection
    }

    /// Whether it was opened for this borrower.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "only PostgreSQL needs it"))]
    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Goes on with another connection. This one is closed.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "only PostgreSQL needs it"))]
    pub(crate) fn replace(&mut self, connection: C) {
        self.connection = connection;
    }

    pub(crate) fn give_back(mut self) {
        *self.slot = Some((self.connection, Instant::now()));
    }

    /// Closes the connection before the next borrower can open another one.
    pub(crate) async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "could not close a connection to an event log cleanly"
            );
        }
    }
}
