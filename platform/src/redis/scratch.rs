//! A part of the Redis database that `CHORALE_TEST_REDIS` names, for one test.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ::redis::cmd;

use super::{Address, Connection, RedisError, Timeouts};

const SERVER: &str = "CHORALE_TEST_REDIS";
const TIMEOUTS: Timeouts =
    Timeouts { connecting: Duration::from_secs(30), answering: Duration::from_secs(30) };

/// A prefix that no other test uses. Dropping this removes its keys.
#[derive(Debug)]
pub struct Scratch {
    url: String,
}

impl Scratch {
    /// A prefix without keys.
    ///
    /// # Panics
    /// If no server is named: a test that needs one is not skipped.
    #[expect(clippy::new_without_default, reason = "a default does not panic")]
    pub fn new() -> Self {
        static CREATED: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var(SERVER) else {
            panic!("{SERVER} is not set: run `scripts/servers up` and `eval \"$(scripts/servers env)\"`");
        };
        // The time distinguishes it from a process that had the same id.
        let began = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
        let number = CREATED.fetch_add(1, Ordering::Relaxed);
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}prefix=scratch-{began}-{}-{number}", std::process::id());
        Self { url }
    }

    /// Its address, with the credentials of the server's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection of its own.
    pub async fn connect(&self) -> Result<Connection, RedisError> {
        Connection::open(&Address::parse(&self.url)?, TIMEOUTS).await
    }

    /// The keys of this prefix.
    pub async fn keys(&self) -> Result<Vec<String>, RedisError> {
        let (address, connection) = (Address::parse(&self.url)?, self.connect().await?);
        let (mut keys, mut cursor) = (Vec::new(), 0_u64);
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(format!("{}:*", address.prefix())).arg("COUNT").arg(10_000);
            let (next, found): (u64, Vec<String>) = connection.query(&scan).await?;
            keys.extend(found);
            cursor = next;
            if cursor == 0 {
                return Ok(keys);
            }
        }
    }

    /// Removes all its keys, as a server that lost its data would have.
    pub async fn clear(&self) -> Result<(), RedisError> {
        let (keys, connection) = (self.keys().await?, self.connect().await?);
        for keys in keys.chunks(1_000) {
            let _: u64 = connection.query(cmd("DEL").arg(keys)).await?;
        }
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let clear = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Ok(runtime) => runtime.block_on(self.clear()).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            }
        };
        // Not on the test's own runtime, which is shutting down.
        let cleared = std::thread::scope(|scope| scope.spawn(clear).join());
        if !matches!(cleared, Ok(Ok(()))) {
            tracing::warn!(?cleared, "could not remove the keys of a test");
        }
    }
}
