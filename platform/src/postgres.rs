//! How all crates open PostgreSQL: addresses, connections, and errors that say what to check and reveal no
//! secret.
//!
//! Users parse an [`Address`], take options from [`Address::options`], open connections with
//! [`Address::connect`] (or a pool), and convert errors of `sqlx` into a [`PostgresError`] with
//! [`Address::explain`] before they pass them on, because details that the server sends can hold the values
//! of a row.
//!
//! Parts that an address omits come from the usual variables and files: `PGPASSWORD`, `~/.pgpass`,
//! `PGSSLMODE`, `PGSSLROOTCERT`.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::timeout;

use crate::servers::after_postgres_scheme;

mod error;
mod schema;
#[cfg(any(test, feature = "contract"))]
pub mod scratch;

pub use error::PostgresError;
pub use schema::Schema;

/// Time limit of [`Address::connect`], including all round trips of the handshake.
const CONNECTING: Duration = Duration::from_secs(5);
/// Parameters of an address that every user of it knows.
const KNOWN: [&str; 5] = ["sslmode", "sslrootcert", "sslcert", "sslkey", "host"];

/// The address of a database: `postgres://user:password@host:port/database?sslmode=verify-full`.
///
/// `Display` and `Debug` show scheme, host, port and database, but never a user, a password or a parameter.
#[derive(Clone)]
pub struct Address {
    options: PgConnectOptions,
    own: BTreeMap<String, String>,
}

/// Timeouts on the server. Zero is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A statement that runs longer fails.
    pub statement: Duration,
    /// A statement that waits longer for a lock fails.
    pub lock: Duration,
    /// A transaction that is idle for longer is rolled back, and its connection closed.
    pub idle_in_transaction: Duration,
}

impl Address {
    /// Parses an address. Its parameters may be `sslmode`, `sslrootcert`, `sslcert`, `sslkey`, `host` (the
    /// folder of a socket) and those in `own`, which [`Address::own`] returns as they are written. Any other
    /// parameter is refused, and so is an address without a database.
    pub fn parse(address: &str, own: &[&'static str]) -> Result<Self, PostgresError> {
        let rest =
            after_postgres_scheme(address).ok_or(PostgresError::Address("it begins with postgres://"))?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        // Otherwise a part of a password could be parsed as a host or a database, and be shown.
        if path.contains(['@', '#']) || authority.matches('@').count() > 1 {
            return Err(PostgresError::Address(
                "write / ? # @ as %2F %3F %23 %40, in names and passwords and elsewhere",
            ));
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        if path.trim_start_matches('/').is_empty() {
            return Err(PostgresError::Address("it ends with /database"));
        }
        let (mut known, mut kept) = (Vec::new(), BTreeMap::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if KNOWN.contains(&name) {
                known.push(pair);
            } else if own.contains(&name) {
                kept.insert(name.to_owned(), value.to_owned());
            } else {
                return Err(PostgresError::Parameter(KNOWN.iter().chain(own).copied().collect()));
            }
        }
        let options =
            PgConnectOptions::from_str(&format!("postgres://{authority}{path}?{}", known.join("&")))
                .map_err(|_| {
                    PostgresError::Address("it is postgres://user:password@host:port/database?sslmode=…")
                })?;
        // The brackets around an IPv6 address belong to the URL.
        let host = options.get_host().trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { options: options.host(&host), own: kept })
    }

    /// The value of one of the caller's own parameters.
    pub fn own(&self, name: &str) -> Option<&str> {
        self.own.get(name).map(String::as_str)
    }

    pub fn database(&self) -> &str {
        self.options.get_database().unwrap_or_default()
    }

    /// The same address with another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        Self { options: self.options.clone().database(database), own: self.own.clone() }
    }

    /// Connection options. `application` is the name of the connection in the server's views. Commits are on
    /// disk when they return, whatever the server's default. Never print the options, because they hold the
    /// password.
    pub fn options(&self, application: &str, limits: &Limits) -> PgConnectOptions {
        let millis = |limit: Duration| format!("{}ms", limit.as_millis());
        self.options.clone().application_name(application).options([
            ("statement_timeout", millis(limits.statement)),
            ("lock_timeout", millis(limits.lock)),
            ("idle_in_transaction_session_timeout", millis(limits.idle_in_transaction)),
            ("synchronous_commit", "on".to_owned()),
        ])
    }

    /// Opens a connection, within 5 seconds.
    pub async fn connect(&self, options: &PgConnectOptions) -> Result<PgConnection, PostgresError> {
        match timeout(CONNECTING, options.connect()).await {
            Ok(answer) => answer.map_err(|error| self.explain(error)),
            Err(late) => Err(self.explain(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, late)))),
        }
    }

    /// Closes a connection cleanly. A failure is only logged.
    pub async fn close(&self, connection: PgConnection) {
        if let Ok(Err(error)) = timeout(CONNECTING, connection.close()).await {
            let error = &self.explain(error) as &dyn std::error::Error;
            tracing::debug!(error, "could not close a connection cleanly");
        }
    }

    /// Converts an error into one for operators. Neither the result nor its sources contain a secret.
    pub fn explain(&self, error: sqlx::Error) -> PostgresError {
        PostgresError::new(self, error)
    }

    /// The server, without the database: `host:port`, or the folder of its socket.
    pub fn server(&self) -> String {
        let (host, port) = (self.options.get_host(), self.options.get_port());
        match self.options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None if host.starts_with('/') => host.to_owned(),
            None if host.contains(':') => format!("[{host}]:{port}"),
            None => format!("{host}:{port}"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}/{}", self.server(), self.database())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
