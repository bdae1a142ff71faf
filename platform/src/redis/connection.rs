//! A connection that all callers of a store share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ::redis::aio::MultiplexedConnection;
use ::redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, Pipeline, RedisError as ClientError, RedisResult,
    ScriptInvocation, cmd,
};
use tokio::sync::Mutex;

use super::error::ends_the_connection;
use super::{Address, RedisError, Timeouts};

/// The policy with which a server that is full refuses writes and drops nothing.
const NO_EVICTION: &str = "noeviction";

/// A connection to a Redis database, for concurrent callers. After a failure of the network or an answer that is late, the
/// next call opens a new one. So it does if nothing was answered for as long and callers have given up earlier than that. No
/// call is repeated by itself, because a write that failed may have been made.
pub struct Connection {
    server: String,
    client: Client,
    config: AsyncConnectionConfig,
    /// How long an answer may take.
    answering: Duration,
    state: Mutex<State>,
    /// The oldest call since the last answer whose caller has given up, and the number of its connection.
    given_up: parking_lot::Mutex<Option<(u64, Instant)>>,
    /// How many attempts to connect have ended.
    attempts: AtomicU64,
}

#[derive(Default)]
struct State {
    current: Option<MultiplexedConnection>,
    /// Of `current`.
    number: u64,
    /// Why the latest attempt to connect failed.
    failure: Option<RedisError>,
}

impl Connection {
    /// Connects. Fails if the server does not answer, or if it drops keys when its memory is full.
    pub async fn open(address: &Address, timeouts: Timeouts) -> Result<Self, RedisError> {
        let connection = Self::lazy(address, timeouts)?;
        connection.require_no_eviction().await?;
        Ok(connection)
    }

    /// A connection that is opened by its first call. Nothing is checked.
    pub fn lazy(address: &Address, timeouts: Timeouts) -> Result<Self, RedisError> {
        let server = address.server();
        let client = Client::open(address.info.clone()).map_err(|error| RedisError::new(&server, &error))?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(timeouts.connecting))
            .set_response_timeout(Some(timeouts.answering));
        Ok(Self {
            server,
            client,
            config,
            answering: timeouts.answering,
            state: Mutex::default(),
            given_up: parking_lot::Mutex::default(),
            attempts: AtomicU64::new(0),
        })
    }

    async fn require_no_eviction(&self) -> Result<(), RedisError> {
        let memory: String = self.query(cmd("INFO").arg("memory")).await?;
        let policy = memory.lines().find_map(|line| line.trim().strip_prefix("maxmemory_policy:"));
        match policy {
            Some(NO_EVICTION) => Ok(()),
            Some(policy) => {
                Err(RedisError::Evicts { server: self.server.clone(), policy: policy.to_owned() })
            }
            None => Err(self.unexpected("INFO memory has no maxmemory_policy")),
        }
    }

    /// Sends one command.
    pub async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        let (number, mut connection) = self.current().await?;
        let pending = self.pending(number);
        let answer = command.query_async(&mut connection).await;
        pending.ended();
        self.checked(number, answer).await
    }

    /// Sends several commands at once.
    pub async fn pipeline<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, RedisError> {
        let (number, mut connection) = self.current().await?;
        let pending = self.pending(number);
        let answer = commands.query_async(&mut connection).await;
        pending.ended();
        self.checked(number, answer).await
    }

    /// Runs a script, which is sent to the server if it does not have it.
    pub async fn invoke<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, RedisError> {
        let (number, mut connection) = self.current().await?;
        let pending = self.pending(number);
        let answer = script.invoke_async(&mut connection).await;
        pending.ended();
        self.checked(number, answer).await
    }

    /// The error for an answer whose content is wrong.
    pub fn unexpected(&self, problem: &str) -> RedisError {
        RedisError::Unexpected { server: self.server.clone(), problem: problem.to_owned() }
    }

    fn explain(&self, error: &ClientError) -> RedisError {
        RedisError::new(&self.server, error)
    }

    /// The connection, which is opened if there is none. Of many callers that wait, one connects; if it fails, so do all.
    async fn current(&self) -> Result<(u64, MultiplexedConnection), RedisError> {
        let seen = self.attempts.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        if self.is_silent(state.number) {
            state.current = None;
        }
        if let Some(connection) = &state.current {
            return Ok((state.number, connection.clone()));
        }
        if let Some(failure) = state.failure.clone().filter(|_| self.attempts.load(Ordering::Acquire) > seen)
        {
            return Err(failure);
        }
        let opened = self.client.get_multiplexed_async_connection_with_config(&self.config).await;
        let opened = opened.map_err(|error| self.explain(&error));
        state.failure = opened.as_ref().err().cloned();
        self.attempts.fetch_add(1, Ordering::AcqRel);
        let connection = opened?;
        state.number += 1;
        state.current = Some(connection.clone());
        Ok((state.number, connection))
    }

    /// Whether a call on this connection was given up so long ago that its answer is late, and no other was answered since.
    fn is_silent(&self, number: u64) -> bool {
        self.given_up.lock().is_some_and(|(of, since)| of == number && since.elapsed() >= self.answering)
    }

    fn pending(&self, number: u64) -> Pending<'_> {
        Pending { given_up: &self.given_up, number, began: Instant::now(), ended: false }
    }

    async fn checked<T>(&self, number: u64, answer: RedisResult<T>) -> Result<T, RedisError> {
        let error = match answer {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if ends_the_connection(&error) {
            let mut state = self.state.lock().await;
            if state.number == number {
                state.current = None;
            }
        }
        Err(self.explain(&error))
    }
}

/// A call that waits for its answer. If it is dropped before, its caller has given up: a caller with a shorter limit than the
/// connection's would never find out that the connection is dead.
struct Pending<'a> {
    given_up: &'a parking_lot::Mutex<Option<(u64, Instant)>>,
    number: u64,
    began: Instant,
    ended: bool,
}

impl Pending<'_> {
    /// It has an answer, or has failed by itself.
    fn ended(mut self) {
        self.ended = true;
        *self.given_up.lock() = None;
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let mut given_up = self.given_up.lock();
        // Calls of an earlier connection say nothing about this one.
        if given_up.is_none_or(|(of, since)| of < self.number || (of == self.number && since > self.began)) {
            *given_up = Some((self.number, self.began));
        }
    }
}
