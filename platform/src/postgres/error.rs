//! Errors of PostgreSQL, with messages that say what to check.

use std::error::Error;
use std::sync::Arc;

use super::Address;

type Source = Arc<dyn Error + Send + Sync>;

/// Why an operation of PostgreSQL failed. Never contains a user, a password or a value of a row.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PostgresError {
    /// A text is not an address.
    #[error("this is not the address of a PostgreSQL database: {0}")]
    Address(&'static str),
    /// An address has an unknown parameter. It is not named, because it may be a part of a password.
    #[error("the address of a PostgreSQL database has an unknown parameter; known are {}", .0.join(", "))]
    Parameter(Vec<&'static str>),
    /// The server does not respond, or the connection broke.
    #[error(
        "PostgreSQL at {server} does not answer; check that it is running and that host, port and firewall are right"
    )]
    Unreachable {
        server: String,
        /// The error of the network.
        #[source]
        source: Source,
    },
    /// The server is starting or stopping, or has no connection left.
    #[error("PostgreSQL at {server} accepts no work now: {message}")]
    NotNow { server: String, message: String },
    /// No connection of a pool was free in time.
    #[error("no connection to PostgreSQL at {server} in time: all are in use, or it does not answer")]
    PoolExhausted { server: String },
    #[error(
        "no TLS connection to PostgreSQL at {server}; check sslmode, sslrootcert and the server's certificate"
    )]
    Tls {
        server: String,
        /// The error of the TLS library.
        #[source]
        source: Source,
    },
    /// The password is wrong.
    #[error("PostgreSQL at {server} does not accept this user with this password")]
    Password { server: String },
    /// The server does not have the role, or does not admit it from here.
    #[error(
        "PostgreSQL at {server} does not admit this user to {database} from here; check that the role exists and the lines of pg_hba.conf"
    )]
    NotAdmitted { server: String, database: String },
    /// The database does not exist.
    #[error("PostgreSQL at {server} has no database {database}; create it first")]
    NoDatabase { server: String, database: String },
    /// The role lacks a privilege.
    #[error("PostgreSQL at {server} does not allow this: {message}; grant it to the user of the address")]
    Permission {
        server: String,
        /// The server's message, which names the object.
        message: String,
    },
    /// A timeout was reached, or a lock not acquired in time.
    #[error("PostgreSQL at {server} did not finish in time: {message}")]
    TooSlow { server: String, message: String },
    /// The server refused a statement.
    #[error("PostgreSQL at {server} refused a statement: {message} ({code})")]
    Refused {
        server: String,
        code: String,
        /// The server's message, without its details, which can hold values of a row.
        message: String,
    },
    /// The database is not prepared for Chorale.
    #[error("{place} has no schema {schema}; run chorale migrate")]
    NoSchema {
        schema: String,
        /// The address of the database.
        place: String,
    },
    /// The schema was created by an older program.
    #[error(
        "the schema {schema} in {place} has version {found}, and this program needs {known}; run chorale migrate"
    )]
    OlderSchema {
        schema: String,
        /// The address of the database.
        place: String,
        found: usize,
        /// The version that this program needs.
        known: usize,
    },
    /// The schema was created by a newer program.
    #[error(
        "the schema {schema} in {place} has version {found}, and this program knows {known}; run the newer chorale"
    )]
    NewerSchema {
        schema: String,
        /// The address of the database.
        place: String,
        found: usize,
        /// The newest version that this program knows.
        known: usize,
    },
    #[error("PostgreSQL at {server} cannot be used: {problem}")]
    Other { server: String, problem: String },
}

impl PostgresError {
    pub(super) fn new(address: &Address, error: sqlx::Error) -> Self {
        let server = address.server();
        match error {
            sqlx::Error::Database(error) => {
                let code = error.code().map(|code| code.into_owned()).unwrap_or_default();
                Self::from_code(address, code, error.message().to_owned())
            }
            sqlx::Error::Io(error) => Self::Unreachable { server, source: Arc::new(error) },
            sqlx::Error::Tls(error) => Self::Tls { server, source: Arc::from(error) },
            sqlx::Error::PoolTimedOut => Self::PoolExhausted { server },
            other => Self::Other { server, problem: other.to_string() },
        }
    }

    fn from_code(address: &Address, code: String, message: String) -> Self {
        let (server, database) = (address.server(), address.database().to_owned());
        match code.as_str() {
            // The server's message would name the user.
            "28P01" => Self::Password { server },
            "28000" => Self::NotAdmitted { server, database },
            "3D000" => Self::NoDatabase { server, database },
            "42501" => Self::Permission { server, message },
            "57P01" | "57P02" | "57P03" | "53300" => Self::NotNow { server, message },
            "57014" | "55P03" | "25P03" => Self::TooSlow { server, message },
            _ => Self::Refused { server, code, message },
        }
    }

    /// Whether a retry may succeed later without a change of configuration.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::NotNow { .. }
            | Self::PoolExhausted { .. }
            | Self::TooSlow { .. } => true,
            // Connection exceptions, serialisation failures and deadlocks, a full disk or memory.
            Self::Refused { code, .. } => ["08", "40", "53"].iter().any(|class| code.starts_with(class)),
            _ => false,
        }
    }
}
