//! Errors of Redis, with messages that say what to check.

use std::error::Error;
use std::sync::Arc;

use ::redis::{ErrorKind, RedisError as ClientError, ServerErrorKind};

/// Why an operation of Redis failed. Never contains a user, a password or a value.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RedisError {
    /// A text is not an address.
    #[error("this is not the address of a Redis database: {0}")]
    Address(&'static str),
    /// An address has an unknown parameter. It is not named, because it may be a part of a password.
    #[error("the address of a Redis database has an unknown parameter; known is prefix")]
    Parameter,
    /// The server does not respond in time, or the connection broke. A write may have been made.
    #[error(
        "Redis at {server} does not answer; check that it is running and that host, port, firewall and TLS are right"
    )]
    Unreachable {
        server: String,
        /// The error of the network.
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The server is loading its data, fails over, or runs a long script.
    #[error("Redis at {server} accepts no work now: {code}")]
    NotNow { server: String, code: String },
    /// The memory of the server is full.
    #[error("Redis at {server} has reached its maxmemory; raise it or remove data")]
    Full { server: String },
    /// The password is wrong or missing.
    #[error("Redis at {server} does not accept this user with this password")]
    Password { server: String },
    /// The user lacks a permission.
    #[error("Redis at {server} does not allow this: {message}; allow it to the user of the address")]
    Permission { server: String, message: String },
    /// The server drops data when its memory is full.
    #[error(
        "Redis at {server} drops keys when its memory is full (maxmemory-policy {policy}); set it to noeviction"
    )]
    Evicts { server: String, policy: String },
    /// The server refused a command or a script failed.
    #[error("Redis at {server} refused a command: {message} ({code})")]
    Refused { server: String, code: String, message: String },
    /// The answer is not one of those that are expected.
    #[error("Redis at {server} gave an unexpected answer: {problem}")]
    Unexpected { server: String, problem: String },
}

impl RedisError {
    pub(super) fn new(server: &str, error: &ClientError) -> Self {
        let server = server.to_owned();
        // The client describes its own errors; the server's are known by their codes.
        let (code, message) = (error.code().unwrap_or_default(), error.detail().unwrap_or_default());
        match (error.kind(), code) {
            (ErrorKind::AuthenticationFailed, _) | (_, "NOAUTH" | "WRONGPASS") => Self::Password { server },
            (ErrorKind::Io, _) => Self::Unreachable { server, source: Arc::new(error.clone()) },
            (_, "OOM") => Self::Full { server },
            (_, "NOPERM") => Self::Permission { server, message: message.to_owned() },
            (
                _,
                "LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" | "READONLY" | "BUSY" | "UNBLOCKED",
            ) => Self::NotNow { server, code: code.to_owned() },
            (ErrorKind::Server(_) | ErrorKind::Extension, _) => {
                Self::Refused { server, code: code.to_owned(), message: message.to_owned() }
            }
            _ => Self::Unexpected { server, problem: error.to_string() },
        }
    }

    /// Whether a retry may succeed later without a change of configuration.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::NotNow { .. } | Self::Full { .. })
    }
}

/// Whether the connection must be replaced. A response that did not come in time is a reason: a connection whose other end
/// is gone without a word would otherwise fail until TCP gives up. So is a server that has become a replica.
pub(super) fn ends_the_connection(error: &ClientError) -> bool {
    error.is_io_error()
        || error.is_unrecoverable_error()
        || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}
