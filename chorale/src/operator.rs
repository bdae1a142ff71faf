//! Commands for auditors and operators. They work next to a running shop and block no process.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use event_log::port::Log;
use platform::bus::Bus;
use platform::bus::publisher::RelayedTopics;
use schemas::Context;

use crate::stores::{StoreLocations, Stores};

pub mod erase;
mod heads;
pub mod log;
pub mod parked;
pub mod projections;
pub mod reactors;
pub mod status;
pub mod topics;
pub mod trace;
pub mod vault;

/// Read-only access to a shop.
pub struct ReadOnlyShop {
    /// Addresses of its stores.
    pub locations: StoreLocations,
    /// The logs, in the order of [`Context::ALL`], opened for reading.
    pub logs: Vec<Arc<dyn Log>>,
    pub bus: Arc<dyn Bus>,
    /// The topics that relays write to; `None` if the topics are the logs themselves.
    relayed: Option<Arc<dyn RelayedTopics>>,
}

impl ReadOnlyShop {
    /// Opens the logs of a shop for reading.
    pub async fn open(path: &Path, stores: &Stores) -> Result<Self> {
        let locations = StoreLocations::read_only(path, stores)?;
        let mut logs = Vec::new();
        for context in Context::ALL {
            logs.push(event_log::connect_read_only(&locations.log(context), context).await?);
        }
        let (relayed, bus) = locations.bus.connect(&logs).await?;
        Ok(Self { locations, logs, bus, relayed })
    }

    /// The log of a context.
    pub fn log(&self, context: Context) -> Option<&Arc<dyn Log>> {
        self.logs.iter().find(|log| log.context() == context)
    }
}
