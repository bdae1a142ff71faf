//! Commands for auditors and operators. They work next to a running shop and block no process.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use event_log::port::Log;
use platform::bus::Bus;
use platform::bus::kafka::KafkaBus;
use schemas::Context;

use crate::shop;
use crate::stores::{Place, Stores};

pub mod erase;
mod heads;
pub mod log;
pub mod parked;
pub mod projections;
pub mod topics;
pub mod trace;
pub mod vault;

/// Read-only access to a shop.
pub struct Look {
    /// Addresses of its stores.
    pub place: Place,
    /// The logs, in the order of [`Context::ALL`], opened for reading.
    pub logs: Vec<Arc<dyn Log>>,
    /// The topics.
    pub bus: Arc<dyn Bus>,
    /// The Kafka cluster behind the bus, if there is one.
    kafka: Option<KafkaBus>,
}

impl Look {
    /// Opens the logs of a shop for reading.
    pub async fn at(path: &Path, stores: &Stores) -> Result<Self> {
        let place = Place::look(path, stores)?;
        let mut logs = Vec::new();
        for context in Context::ALL {
            logs.push(event_log::connect_read_only(&place.log(context), context).await?);
        }
        let (kafka, bus) = shop::open_bus(&place.bus, &logs).await?;
        Ok(Self { place, logs, bus, kafka })
    }

    /// The log of a context.
    pub fn log(&self, context: Context) -> Option<&Arc<dyn Log>> {
        self.logs.iter().find(|log| log.context() == context)
    }
}
