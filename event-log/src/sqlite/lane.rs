//! A connection that one caller has at a time.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard};

/// A connection, opened when it is first needed, and again when its last borrower did not give it back: it may then be in
/// the middle of something.
pub(super) struct Lane {
    options: SqliteConnectOptions,
    idle: Mutex<Option<SqliteConnection>>,
}

impl Lane {
    pub(super) fn new(options: SqliteConnectOptions) -> Self {
        Self { options, idle: Mutex::new(None) }
    }

    pub(super) async fn borrow(&self) -> Result<Borrowed<'_>, sqlx::Error> {
        let mut home = self.idle.lock().await;
        let connection = match home.take() {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        Ok(Borrowed { home, connection })
    }
}

/// The connection of a [`Lane`]. It is closed, and what it had begun undone, unless it is given back.
pub(super) struct Borrowed<'a> {
    home: MutexGuard<'a, Option<SqliteConnection>>,
    connection: SqliteConnection,
}

impl Borrowed<'_> {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    pub(super) fn give_back(mut self) {
        *self.home = Some(self.connection);
    }

    /// Closes the connection before anybody opens the next one.
    pub(super) async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a connection to an event log was not closed well"
            );
        }
    }
}
