//! The one way to open PostgreSQL: addresses, connections, and errors that say what to check and nothing secret.
//!
//! Everybody takes an [`Address`], asks it for options with [`Address::options`], opens connections with
//! [`Address::connect`] (or a pool of his own), and turns what `sqlx` says into a [`PostgresError`] with
//! [`Address::explain`] before it goes anywhere: details that the server sends can hold the values of a row.
//!
//! What an address leaves out comes from the usual variables and files: `PGPASSWORD`, `~/.pgpass`, `PGSSLMODE`,
//! `PGSSLROOTCERT`.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::timeout;

mod error;
mod schema;
#[cfg(any(test, feature = "contract"))]
pub mod scratch;

pub use error::PostgresError;
pub use schema::{Migrated, Schema};

/// How long [`Address::connect`] tries, all round trips of the greeting together.
const CONNECTING: Duration = Duration::from_secs(5);
/// Parameters of an address that every backend knows.
const KNOWN: [&str; 5] = ["sslmode", "sslrootcert", "sslcert", "sslkey", "host"];

/// The address of a database: `postgres://user:password@host:port/database?sslmode=verify-full`.
///
/// Shown (also by `{:?}`) it is scheme, host, port and database: never a user, a password or a parameter.
#[derive(Clone)]
pub struct Address {
    options: PgConnectOptions,
    own: BTreeMap<String, String>,
}

/// What the server ends by itself. Zero is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A statement that runs longer fails.
    pub statement: Duration,
    /// A statement that waits longer for a lock fails.
    pub lock: Duration,
    /// A transaction in which nobody says anything for longer is rolled back, and its connection closed.
    pub idle_in_transaction: Duration,
}

impl Address {
    /// Whether `address` begins as one of PostgreSQL does.
    pub fn is_one(address: &str) -> bool {
        after_scheme(address).is_some()
    }

    /// Reads an address. Its parameters may be `sslmode`, `sslrootcert`, `sslcert`, `sslkey`, `host` (the folder of a
    /// socket) and those in `own`, which are kept for [`Address::own`] as they are written; any other is refused, and so
    /// is an address without a database.
    pub fn parse(address: &str, own: &[&'static str]) -> Result<Self, PostgresError> {
        let rest = after_scheme(address).ok_or(PostgresError::Address("it begins with postgres://"))?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        // Else a part of a password could be taken for a host or a database, and shown.
        if path.contains(['@', '#']) || authority.matches('@').count() > 1 {
            return Err(PostgresError::Address(
                "write a / ? # @ in a name or password as %2F %3F %23 %40, and elsewhere as well",
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

    /// The database's name.
    pub fn database(&self) -> &str {
        self.options.get_database().unwrap_or_default()
    }

    /// The same address with another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        Self { options: self.options.clone().database(database), own: self.own.clone() }
    }

    /// Options to connect with, under a name by which the server's own views show the connection. A commit is on the
    /// disk when it returns, whatever the server's default. They hold the password: never print them.
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

    /// Says good-bye to the server. That it does not answer is no matter any more.
    pub async fn close(&self, connection: PgConnection) {
        if let Ok(Err(error)) = timeout(CONNECTING, connection.close()).await {
            let error = &self.explain(error) as &dyn std::error::Error;
            tracing::debug!(error, "a connection was not closed in good order");
        }
    }

    /// What an error means for whoever runs the shop. Nothing secret is in it, nor in its sources.
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

fn after_scheme(address: &str) -> Option<&str> {
    address.strip_prefix("postgres://").or_else(|| address.strip_prefix("postgresql://"))
}

#[cfg(test)]
mod tests;
