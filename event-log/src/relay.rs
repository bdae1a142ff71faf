//! The relay: takes a context's log to its topics, each event once and in order.
//!
//! Any number of relays of a context may run; the one that holds the lease leads. Safety does not hang on the lease but on
//! the bus: who takes over makes all before it powerless. How far the topics are stands on the bus itself, in the same
//! transaction as the records; a relay believes only that, and compares it with the log before it writes anything. It stops
//! at the first failure and begins anew from what the bus says, so there is never a gap and nothing twice.

use std::sync::Arc;
use std::time::Duration;

use platform::bus::publisher::{PublishError, Publisher};
use platform::clock::Clock;
use platform::shutdown::Shutdown;
use schemas::audit::{LogHead, LogHeadSigned};
use schemas::{Context, EventId};
use tokio::time::Instant;

use crate::port::{Log, LogError};

mod heads;
mod leading;

/// The name of the relay's lease in its log.
const LEASE: &str = "relay";
/// Pauses after a failure: from the first, doubled up to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Makes publishers for a context.
pub type Publishers = Arc<dyn Fn(Context) -> Box<dyn Publisher> + Send + Sync>;

/// Signs where a log ends.
pub type Sign = Arc<dyn Fn(LogHead) -> LogHeadSigned + Send + Sync>;

/// How a relay works.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Partitions of every topic.
    pub partitions: u32,
    /// Events in a transaction at most.
    pub batch: usize,
    /// How often an idle relay tells that the topics are complete.
    pub beat: Duration,
    /// How long a relay that does not answer any more keeps the others waiting.
    pub lease: Duration,
    /// A head is signed this long after the one before it, if the log has grown.
    pub heads_every: Duration,
    /// A head is signed at the latest after so many events.
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
    /// Signs heads of the log, where there is a key.
    sign: Option<Sign>,
    options: Options,
    /// By which the lease knows this relay.
    holder: String,
}

/// Why a relay ended though nobody asked it to. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The log fails.
    #[error("the relay of {0} cannot read its log")]
    Log(Context, #[source] LogError),
    /// The bus fails.
    #[error("the relay of {0} cannot publish")]
    Publish(Context, #[source] PublishError),
    /// The log is another one than that whose events stand on the topics.
    #[error(
        "the log of {context} is not the one that the topics were written from: they hold events of epoch {published}, the log \
         has epoch {found}. Use the log that belongs to these topics, or other topics (another prefix)"
    )]
    OtherLog {
        /// Whose log.
        context: Context,
        /// The epoch on the topics.
        published: uuid::Uuid,
        /// The log's.
        found: uuid::Uuid,
    },
    /// Events that the world has seen are not in the log any more.
    #[error(
        "the log of {context} ends at position {end}, but events up to position {published} were published: it has been restored \
         to an earlier moment, or cut off. Nothing is published from it. Restore a copy that holds position {published}"
    )]
    Lost {
        /// Whose log.
        context: Context,
        /// The last published position.
        published: u64,
        /// Where the log ends.
        end: u64,
    },
    /// The log is another one than that whose events stand on the topics, from here at the latest.
    #[error(
        "the log of {context} has another event at position {position} than the one that was published: it has been restored to \
         an earlier moment and written on, or changed. Nothing is published from it. `chorale log verify` says whether it is \
         whole; restore a copy that belongs to these topics"
    )]
    Rewritten {
        /// Whose log.
        context: Context,
        /// The last published position.
        position: u64,
    },
    /// An event does not follow from the one before it, which was published.
    #[error(
        "the log of {context} does not go on at position {position} from what stands before it: it has been changed, or restored \
         to an earlier moment and written on. Nothing is published from there. `chorale log verify` says whether it is whole; \
         restore a copy that belongs to these topics"
    )]
    Torn {
        /// Whose log.
        context: Context,
        /// Where.
        position: u64,
    },
    /// An event that belongs to no topic.
    #[error("the event {event} at position {position} of {context} belongs to no topic: use a newer chorale")]
    NoTopic {
        /// Whose log.
        context: Context,
        /// Where.
        position: u64,
        /// Which.
        event: EventId,
    },
}

impl RelayError {
    /// Trying again does not help: a human has to look.
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

/// How leading ended well.
enum Ended {
    /// The process is leaving.
    Asked,
    /// Another relay holds the lease.
    Standby,
}

impl Relay {
    /// A relay of `log`. `publishers` makes its way to the bus, anew after every failure.
    pub fn new(log: Arc<dyn Log>, publishers: Publishers, clock: Clock, options: Options) -> Self {
        let holder = uuid::Uuid::new_v4().to_string();
        Self { log, publishers, clock, sign: None, options, holder }
    }

    /// The same, and heads of the log are signed and published.
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

    fn not_published(&self, error: PublishError) -> RelayError {
        RelayError::Publish(self.context(), error)
    }

    /// Relays until the shutdown begins. Failures are tried again for ever; only those that [`RelayError::is_final`] end it.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), RelayError> {
        let mut pause = PAUSES.0;
        while !shutdown.has_begun() {
            let began = Instant::now();
            let wait = match self.take_turn(&shutdown).await {
                Ok(Ended::Asked) => break,
                Ok(Ended::Standby) => self.options.lease / 3,
                Err(error) if error.is_final() => {
                    self.release().await;
                    return Err(error);
                }
                Err(error) => {
                    let cause = &error as &dyn std::error::Error;
                    tracing::error!(context = %self.context(), error = cause, "relaying failed; trying again");
                    pause = if began.elapsed() > PAUSES.1 { PAUSES.0 } else { (pause * 2).min(PAUSES.1) };
                    pause
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

    /// Leads if the lease can be had.
    async fn take_turn(&self, shutdown: &Shutdown) -> Result<Ended, RelayError> {
        if !self.holds_lease().await? {
            return Ok(Ended::Standby);
        }
        self.lead(shutdown).await
    }

    async fn holds_lease(&self) -> Result<bool, RelayError> {
        let held = self.log.lease(LEASE, &self.holder, self.options.lease).await;
        held.map_err(|error| self.log_failed(error))
    }

    /// So that the next one need not wait. Where it cannot be done the lease ends by itself.
    async fn release(&self) {
        if let Err(error) = self.log.release(LEASE, &self.holder).await {
            let cause = &error as &dyn std::error::Error;
            tracing::warn!(context = %self.context(), error = cause, "the relay's lease was not given back");
        }
    }
}
