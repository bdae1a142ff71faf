//! A connection that one caller has at a time.

use sqlx::Connection;
use tokio::sync::{Mutex, MutexGuard};

/// A connection, opened when it is first needed, and again when its last borrower did not give it back: it may then be in
/// the middle of something.
pub(crate) struct Lane<C: Connection> {
    options: C::Options,
    idle: Mutex<Option<C>>,
}

impl<C: Connection> Lane<C> {
    pub(crate) fn new(options: C::Options) -> Self {
        Self { options, idle: Mutex::new(None) }
    }

    pub(crate) async fn borrow(&self) -> Result<Borrowed<'_, C>, sqlx::Error> {
        self.open(self.idle.lock().await).await
    }

    /// The connection, if nobody has it.
    pub(crate) async fn try_borrow(&self) -> Result<Option<Borrowed<'_, C>>, sqlx::Error> {
        match self.idle.try_lock() {
            Ok(home) => self.open(home).await.map(Some),
            Err(_) => Ok(None),
        }
    }

    async fn open<'a>(&'a self, mut home: MutexGuard<'a, Option<C>>) -> Result<Borrowed<'a, C>, sqlx::Error> {
        let (connection, fresh) = match home.take() {
            Some(connection) => (connection, false),
            None => (C::connect_with(&self.options).await?, true),
        };
        Ok(Borrowed { home, connection, fresh })
    }
}

/// The connection of a [`Lane`]. It is closed, and what it had begun undone, unless it is given back.
pub(crate) struct Borrowed<'a, C: Connection> {
    home: MutexGuard<'a, Option<C>>,
    connection: C,
    fresh: bool,
}

impl<C: Connection> Borrowed<'_, C> {
    pub(crate) fn connection(&mut self) -> &mut C {
        &mut self.connection
    }

    /// It was opened for this borrower.
    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh
    }

    pub(crate) fn give_back(mut self) {
        *self.home = Some(self.connection);
    }

    /// Closes the connection before anybody opens the next one.
    pub(crate) async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a connection to an event log was not closed well"
            );
        }
    }
}
