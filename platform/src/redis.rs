//! How all crates open Redis: addresses, a connection that is replaced after a failure, and errors that say what to check
//! and reveal no secret.
//!
//! Chorale uses one Redis database or one that fails over behind one address, and no Redis Cluster: a script may use keys
//! of different hash slots.

use std::fmt;
use std::time::Duration;

use ::redis::io::tcp::TcpSettings;
use ::redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

use crate::servers::is_redis;

mod connection;
mod error;
#[cfg(any(test, feature = "contract"))]
pub mod scratch;

pub use connection::Connection;
pub use error::RedisError;

/// The prefix of an address that names none.
const PREFIX: &str = "chorale";
/// The longest prefix, in bytes.
const LONGEST_PREFIX: usize = 64;

/// The time limits of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Of opening a connection, with the handshakes of TLS and of Redis.
    pub connecting: Duration,
    /// Of one answer. A connection that exceeds it is replaced.
    pub answering: Duration,
}

/// The address of a Redis database: `redis://user:password@host:port/database?prefix=NAME`, with `rediss` for TLS.
///
/// `Display` and `Debug` show scheme, host, port and database, but never a user or a password.
#[derive(Clone)]
pub struct Address {
    info: ConnectionInfo,
    prefix: String,
}

impl Address {
    /// Parses an address. The database is a number, 0 by default. The prefix has up to 64 of `a-z 0-9 - _ .`, and is
    /// `chorale` by default. Any other parameter is refused.
    pub fn parse(address: &str) -> Result<Self, RedisError> {
        const FORM: &str = "it is redis://user:password@host:port/database?prefix=NAME";
        if !is_redis(address) {
            return Err(RedisError::Address("it begins with redis:// or rediss://"));
        }
        let (rest, query) = address.split_once('?').unwrap_or((address, ""));
        let mut parts = rest.splitn(4, '/').skip(2);
        let (authority, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        // Otherwise a part of a password could be parsed as a host or a database, and be shown.
        if [path, query].iter().any(|part| part.contains('@'))
            || authority.matches('@').count() > 1
            || address.contains('#')
        {
            return Err(RedisError::Address(
                "write / ? # @ as %2F %3F %23 %40, in names and passwords and elsewhere",
            ));
        }
        let mut prefix = PREFIX.to_owned();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("prefix", name)) if is_prefix(name) => prefix = name.to_owned(),
                Some(("prefix", _)) => {
                    return Err(RedisError::Address("a prefix has 1 to 64 of the characters a-z 0-9 - _ ."));
                }
                _ => return Err(RedisError::Parameter),
            }
        }
        let info = rest.into_connection_info().map_err(|_| RedisError::Address(FORM))?;
        let settings = info.redis_settings().clone().set_skip_set_lib_name();
        let tcp = TcpSettings::default().set_nodelay(true);
        Ok(Self { info: info.set_redis_settings(settings).set_tcp_settings(tcp), prefix })
    }

    /// The beginning of all keys of this shop, so that several shops can share a database.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The server, without the database: `host:port`.
    pub fn server(&self) -> String {
        match self.info.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. }
                if host.contains(':') =>
            {
                format!("[{host}]:{port}")
            }
            other => other.to_string(),
        }
    }
}

fn is_prefix(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    (1..=LONGEST_PREFIX).contains(&name.len()) && name.bytes().all(known)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.info.addr() {
            ConnectionAddr::TcpTls { .. } => "rediss",
            _ => "redis",
        };
        write!(f, "{scheme}://{}/{}", self.server(), self.info.redis_settings().db())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
