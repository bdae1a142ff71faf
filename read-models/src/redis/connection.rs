//! What the server must be like.

use std::time::Duration;

use platform::redis::{Address, Connection, RedisError, Timeouts};
use redis::InfoDict;

use super::FORMAT;
use super::error::failed;
use crate::port::StoreError;

/// Readers have limits of their own, which are shorter.
const TIMEOUTS: Timeouts = Timeouts { connecting: Duration::from_secs(1), answering: Duration::from_secs(5) };
/// The oldest version of Redis that has all commands.
const OLDEST: u64 = 7;

/// Why the server cannot be used.
#[derive(Debug)]
pub(super) enum Refused {
    /// It does not answer, or answers with an error.
    Unreachable(RedisError),
    /// It is not as hot views need it.
    Unfit(String),
}

impl Refused {
    /// Whether trying again does not help.
    pub(super) fn is_about_the_server(&self) -> bool {
        matches!(self, Self::Unfit(_))
    }
}

impl From<Refused> for StoreError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unreachable(error) => failed("connecting to Redis", error),
            Refused::Unfit(problem) => Self::Unavailable(problem, None),
        }
    }
}

/// A connection that is opened by its first call, and the prefix of all keys.
pub(super) fn open(url: &str) -> Result<(Connection, String), StoreError> {
    let wrong = |error: RedisError| StoreError::HotAddress(error.to_string());
    let address = Address::parse(url).map_err(wrong)?;
    Ok((Connection::lazy(&address, TIMEOUTS).map_err(wrong)?, address.prefix().to_owned()))
}

/// Checks that the server keeps what it is given as long as it runs, takes writes, and holds no store of a newer program
/// under this key.
pub(super) async fn check(connection: &Connection, store: &str) -> Result<(), Refused> {
    let mut both = redis::pipe();
    both.cmd("INFO").hget(store, "format");
    let (info, format): (InfoDict, Option<u32>) = connection.pipeline(&both).await.map_err(refused)?;
    match problem(&info, format) {
        Some(problem) => Err(Refused::Unfit(problem)),
        None => Ok(()),
    }
}

/// Wrong credentials are no outage.
fn refused(error: RedisError) -> Refused {
    match error {
        RedisError::Password { .. } | RedisError::Permission { .. } => Refused::Unfit(error.to_string()),
        _ => Refused::Unreachable(error),
    }
}

fn problem(info: &InfoDict, format: Option<u32>) -> Option<String> {
    let text = |field: &str| info.get::<String>(field).unwrap_or_default();
    let (version, policy) = (text("redis_version"), text("maxmemory_policy"));
    let major: u64 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    if major < OLDEST {
        return Some(format!("Redis is version {version}; hot views need {OLDEST} or newer"));
    }
    if policy != "noeviction" {
        return Some(format!(
            "Redis drops keys when its memory is full (maxmemory-policy {policy}), which would lose documents unnoticed; \
             set maxmemory-policy noeviction"
        ));
    }
    if text("role") == "slave" {
        return Some(
            "Redis at this address is a replica and takes no writes; use the address of its primary"
                .to_owned(),
        );
    }
    format.filter(|format| *format > FORMAT).map(|format| {
        format!("the hot views were written by a newer program (format {format}; this one knows {FORMAT})")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(version: &str, policy: &str, role: &str) -> InfoDict {
        InfoDict::new(&format!(
            "# Server\r\nredis_version:{version}\r\nmaxmemory_policy:{policy}\r\nrole:{role}\r\n"
        ))
    }

    #[test]
    fn a_server_that_may_lose_documents_or_takes_no_writes_is_refused_with_what_to_do() {
        assert_eq!(problem(&info("7.0.15", "noeviction", "master"), Some(FORMAT)), None);
        assert_eq!(problem(&info("8.2.1", "noeviction", "master"), None), None);
        for (info, format, expected) in [
            (info("7.0.15", "allkeys-lru", "master"), None, "set maxmemory-policy noeviction"),
            (info("6.2.0", "noeviction", "master"), None, "need 7 or newer"),
            (info("7.0.15", "noeviction", "slave"), None, "address of its primary"),
            (info("7.0.15", "noeviction", "master"), Some(FORMAT + 1), "newer program"),
        ] {
            let problem = problem(&info, format).unwrap();
            assert!(problem.contains(expected), "{problem}");
        }
    }
}
