//! The connection, and what the server must be like.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{Client, ErrorKind, InfoDict, IntoConnectionInfo, RedisError};

use super::FORMAT;
use super::error::failed;
use crate::port::StoreError;

/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// How long an answer may take. Readers have limits of their own, which are shorter.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// When a connection counts as dead: nothing was acknowledged, or nothing answered a probe, for so long.
const DEAD_AFTER: Duration = Duration::from_secs(5);
/// The oldest version of Redis that has all commands.
const OLDEST: u64 = 7;

/// One connection for all callers, which is made again when it breaks.
pub(super) struct Connection(ConnectionManager);

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

impl Connection {
    /// Reads the address. Connects with the first command.
    pub(super) fn new(url: &str) -> Result<Self, StoreError> {
        // The client's own message may repeat parts of the address.
        let wrong = |_| StoreError::HotAddress("a text that cannot be read as one".to_owned());
        let probes = TcpKeepalive::new().with_time(DEAD_AFTER).with_interval(Duration::from_secs(1));
        let settings = TcpSettings::default().set_nodelay(true).set_keepalive(probes);
        #[cfg(target_os = "linux")]
        let settings = settings.set_user_timeout(DEAD_AFTER);
        let info = url.into_connection_info().map_err(wrong)?.set_tcp_settings(settings);
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_WITHIN))
            .set_response_timeout(Some(ANSWER_WITHIN))
            // The next command tries again.
            .set_number_of_retries(0);
        let client = Client::open(info).map_err(wrong)?;
        Ok(Self(ConnectionManager::new_lazy_with_config(client, config).map_err(wrong)?))
    }

    /// For one command.
    pub(super) fn get(&self) -> ConnectionManager {
        self.0.clone()
    }

    /// Checks that the server keeps what it is given as long as it runs, takes writes, and holds no store of a newer program
    /// under this key.
    pub(super) async fn check(&self, store: &str) -> Result<(), Refused> {
        let mut connection = self.get();
        let (info, format): (InfoDict, Option<u32>) = redis::pipe()
            .cmd("INFO")
            .hget(store, "format")
            .query_async(&mut connection)
            .await
            .map_err(refused)?;
        match problem(&info, format) {
            Some(problem) => Err(Refused::Unfit(problem)),
            None => Ok(()),
        }
    }
}

/// Wrong credentials are no outage.
fn refused(error: RedisError) -> Refused {
    let code = error.code().unwrap_or_default();
    if error.kind() == ErrorKind::AuthenticationFailed || ["NOAUTH", "NOPERM", "WRONGPASS"].contains(&code) {
        let problem =
            "Redis refuses the user and password of the address, or does not let this user run INFO";
        return Refused::Unfit(problem.to_owned());
    }
    Refused::Unreachable(error)
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
