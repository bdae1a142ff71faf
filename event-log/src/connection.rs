//! A database connection that has one user at a time.

use sqlx::Connection;
use tokio::sync::{Mutex, MutexGuard};

/// A connection that is opened on first use, and opened again if a borrower has not given it back, because a
/// statement or transaction may then be incomplete.
pub(crate) struct DedicatedConnection<C: Connection> {
    options: C::Options,
    idle: Mutex<Option<C>>,
}

impl<C: Connection> DedicatedConnection<C> {
    pub(crate) fn new(options: C::Options) -> Self {
        Self { options, idle: Mutex::new(None) }
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

    async fn open<'a>(&'a self, mut slot: MutexGuard<'a, Option<C>>) -> Result<Borrowed<'a, C>, sqlx::Error> {
        let (connection, fresh) = match slot.take() {
            Some(connection) => (connection, false),
            None => (C::connect_with(&self.options).await?, true),
        };
        Ok(Borrowed { slot, connection, fresh })
    }
}

/// A borrowed [`DedicatedConnection`]. Unless it is given back, dropping it closes the connection, which
/// rolls back an open transaction.
pub(crate) struct Borrowed<'a, C: Connection> {
    slot: MutexGuard<'a, Option<C>>,
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

    pub(crate) fn give_back(mut self) {
        *self.slot = Some(self.connection);
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
