//! The relay: publishes a context's log to its topics, each event once and in order.
//!
//! Any number of relays of a context may run; the one that holds the lease leads. Safety does not depend on
//! the lease but on the bus, which fences earlier relays when another one takes over. The published position
//! is stored on the bus itself, in the same transaction as the records. A relay trusts only that position,
//! and compares it with the log before it publishes. It stops at the first failure and starts again from the
//! position on the bus, so there are no gaps and no duplicates.

use std::sync::Arc;
use std::time::Duration;

use platform::backoff::Backoff;
use platform::bus::publisher::{PublishError, Publisher};
use platform::clock::Clock;
use platform::shutdown::Shutdown;
use platform::telemetry::metrics::metrics;
use schemas::audit::{LogHead, LogHeadSigned};
use schemas::{Context, EventId};
use tokio::time::Instant;

use crate::port::{Log, LogError};

mod heads;
mod leading;

/// The name of the relay's lease in its log.
const LEASE: &str = "relay";
/// Pauses after failures: the first one, doubled up to the second one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Creates publishers for a context.
pub type Publishers = Arc<dyn Fn(Context) -> Box<dyn Publisher> + Send + Sync>;

/// Signs the head of a log.
pub type Sign = Arc<dyn Fn(LogHead) -> LogHeadSigned + Send + Sync>;

/// Settings of a relay.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Number of partitions of every topic.
    pub partitions: u32,
    /// The most events in one transaction.
    pub batch: usize,
    /// How often an idle relay publishes that the topics are complete.
    pub beat: Duration,
    /// How long a relay that no longer responds keeps the others waiting.
    pub lease: Duration,
    /// Time between two signed heads, if the log has grown.
    pub heads_every: Duration,
    /// The most events between two signed heads.
    pub heads_events: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            partitions: schemas::topics::PARTITIONS,
            batch: 1_000,
            beat: Duration::from_millis(500),
            lease: Duration::from_secs(3),
            heads_every: Duration::from_mins(1),
            heads_events: 100_000,
        }
    }
}

/// The relay of one context's log.
pub struct Relay {
    log: Arc<dyn Log>,
    publishers: Publishers,
    clock: Clock,
    /// Signs heads of the log, if there is a key.
    sign: Option<Sign>,
    options: Options,
    /// The name under which this relay holds the lease.
    holder: String,
}

/// Why a relay stopped by itself. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    #[error("the relay of {0} cannot read its log")]
    Log(Context, #[source] LogError),
    #[error("the relay of {0} cannot publish")]
    Publish(Context, #[source] PublishError),
    /// The topics contain the events of another log.
    #[error(
        "the topics were not written from this log of {context}: they have events of epoch {published}, but the log has epoch {found}. \
         Use the log that belongs to these topics, or other topics (another prefix)"
    )]
    OtherLog {
        context: Context,
        /// The epoch on the topics.
        published: uuid::Uuid,
        /// The epoch of the log.
        found: uuid::Uuid,
    },
    /// Events that were published are no longer in the log.
    #[error(
        "the log of {context} ends at position {end}, but events up to position {published} were published: it has been restored \
         to an earlier moment, or cut off. Nothing is published from it. Restore a copy that contains position {published}"
    )]
    Lost {
        context: Context,
        /// The last published position.
        published: u64,
        /// The last position of the log.
        end: u64,
    },
    /// The last published event is not the one in the log.
    #[error(
        "the event at position {position} of the log of {context} is not the one that was published: the log has been changed, or \
         restored to an earlier moment and then written. Nothing is published from it. `chorale log verify` checks whether it is \
         intact; restore a copy that belongs to these topics"
    )]
    Rewritten {
        context: Context,
        /// The last published position.
        position: u64,
    },
    /// An event does not follow the one before it, which was published.
    #[error(
        "the event at position {position} of the log of {context} does not follow the one before it: the log has been changed, or \
         restored to an earlier moment and then written. Nothing is published from there. `chorale log verify` checks whether it \
         is intact; restore a copy that belongs to these topics"
    )]
    Torn {
        context: Context,
        /// The position of the event.
        position: u64,
    },
    /// An event that belongs to no topic.
    #[error("the event {event} at position {position} of {context} belongs to no topic: use a newer chorale")]
    NoTopic {
        context: Context,
        /// The position of the event.
        position: u64,
        event: EventId,
    },
}

impl RelayError {
    /// Whether a retry cannot help, so that an operator must act.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Log(_, LogError::Broken { .. } | LogError::Newer { .. }) => true,
            Self::Log(..) | Self::Publish(..) => false,
            Self::OtherLog { .. }
            | Self::Lost { .. }
            | Self::Rewritten { .. }
            | Self::Torn { .. }
            | Self::NoTopic { .. } => true,
        }
    }
}

/// Why a relay stopped leading without an error.
enum Stopped {
    /// The process is shutting down.
    Shutdown,
    /// Another relay holds the lease.
    Standby,
}

impl Relay {
    /// A relay of `log`. `publishers` creates a publisher at the start and after every failure.
    pub fn new(log: Arc<dyn Log>, publishers: Publishers, clock: Clock, options: Options) -> Self {
        let holder = uuid::Uuid::new_v4().to_string();
        Self { log, publishers, clock, sign: None, options, holder }
    }

    /// Also signs and publishes heads of the log.
    #[must_use]
    pub fn signing(self, sign: Sign) -> Self {
        Self { sign: Some(sign), ..self }
    }

    fn context(&self) -> Context {
        self.log.context()
    }

    fn log_failed(&self, error: LogError) -> RelayError {
        RelayError::Log(self.context(), error)
    }

    fn publish_failed(&self, error: PublishError) -> RelayError {
        RelayError::Publish(self.context(), error)
    }

    /// Relays until the shutdown begins. Retries after every failure, except one that
    /// [`RelayError::is_final`].
    pub async fn run(self, shutdown: Shutdown) -> Result<(), RelayError> {
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        while !shutdown.has_begun() {
            let began = Instant::now();
            let wait = match self.take_turn(&shutdown).await {
                Ok(Stopped::Shutdown) => break,
                Ok(Stopped::Standby) => self.options.lease / 3,
                Err(error) if error.is_final() => {
                    self.release().await;
                    return Err(error);
                }
                Err(error) => {
                    let cause = &error as &dyn std::error::Error;
                    tracing::error!(context = %self.context(), error = cause, "relaying failed; will retry");
                    backoff.reset_after(began.elapsed());
                    backoff.next_pause()
                }
            };
            tokio::select! {
                () = shutdown.begun() => break,
                () = tokio::time::sleep(wait) => {}
            }
        }
        self.release().await;
        Ok(())
    }

    /// Leads if the lease can be acquired.
    async fn take_turn(&self, shutdown: &Shutdown) -> Result<Stopped, RelayError> {
        if !self.holds_lease().await? {
            return Ok(Stopped::Standby);
        }
        let leader = metrics().relay_leader.with([self.context().name()]);
        leader.set(1);
        let stopped = self.lead(shutdown).await;
        leader.set(0);
        stopped
    }

    async fn holds_lease(&self) -> Result<bool, RelayError> {
        let held = self.log.lease(LEASE, &self.holder, self.options.lease).await;
        held.map_err(|error| self.log_failed(error))
    }

    /// Releases the lease, so that the next relay need not wait. If that fails, the lease expires.
    async fn release(&self) {
        if let Err(error) = self.log.release(LEASE, &self.holder).await {
            let cause = &error as &dyn std::error::Error;
            tracing::warn!(context = %self.context(), error = cause, "could not release the relay's lease; it will expire");
        }
    }
}
