//! Projectors turn events into documents. A projection is one file with a pure function and one line in the [`REGISTRY`];
//! the runner, rebuilds and status are the same for all.
//!
//! **Invariant:** a document is the fold of the log. Records that are delivered twice, late or to two runners at once change
//! nothing, because documents have versions and the store keeps the newest. **Invariant:** an event that cannot be applied
//! stops only its own stream, and is kept in quarantine until it can be.

#![warn(unreachable_pub)]

mod error;
mod feed;
mod positions;
pub mod projection;
pub mod projections;
mod published;
pub mod rebuild;
pub mod runner;
mod settled;
mod source;
mod status;

use std::sync::Arc;

use platform::bus::Bus;
use platform::clock::Clock;
use read_models::Store;

pub use error::ProjectorError;
pub use projection::{ApplyError, Entity, Entry, Journal, Projection, Summary, Versions};
pub use projections::REGISTRY;
pub use rebuild::{
    Change, Compared, Decision, Difference, FieldDifference, RebuildError, Rebuilt, Verified, drop_old,
    rebuild, rebuild_if, rollback, verify,
};
pub use runner::{Handle, Options, run};
pub use settled::caught_up;
pub use source::{StreamSource, TopicSource};
pub use status::status;

/// The backends of projectors. Cheap to clone.
#[derive(Clone)]
pub struct Backends {
    pub store: Store,
    pub bus: Arc<dyn Bus>,
    /// Reads a stream again if a version of it was skipped.
    pub source: Arc<dyn StreamSource>,
    /// The time for lags and for heartbeats of rebuilds.
    pub clock: Clock,
}

impl Backends {
    /// Streams are read again from the bus itself.
    pub fn new(store: Store, bus: Arc<dyn Bus>, clock: Clock) -> Self {
        Self { source: Arc::new(TopicSource::new(bus.clone())), store, bus, clock }
    }

    /// The same, with a store that is [`patient`](Store::patient).
    pub(crate) fn patient(&self) -> Self {
        Self { store: self.store.patient(), ..self.clone() }
    }
}
