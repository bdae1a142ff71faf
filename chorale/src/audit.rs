//! The auditor's and operator's commands. They look into a data directory beside a running shop and keep nobody out.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use event_log::log_bus::LogBus;
use event_log::port::Log;
use schemas::Context;

use crate::data_dir::DataDir;

pub mod erase;
pub mod log;
pub mod parked;
pub mod projections;
pub mod story;
pub mod topics;

/// A shop to look at.
pub struct Look {
    /// Where it is.
    pub data: DataDir,
    /// The logs, in the order of [`Context::ALL`], to be read only.
    pub logs: Vec<Arc<dyn Log>>,
    /// The logs as topics.
    pub bus: LogBus,
}

impl Look {
    /// Opens the logs of a shop for reading.
    pub async fn at(path: &Path) -> Result<Self> {
        let data = DataDir::look(path)?;
        let mut logs = Vec::new();
        for context in Context::ALL {
            logs.push(event_log::connect_read_only(&data.log(context), context).await?);
        }
        let bus = LogBus::new(logs.iter().cloned());
        Ok(Self { data, logs, bus })
    }

    /// The log of a context.
    pub fn log(&self, context: Context) -> Option<&Arc<dyn Log>> {
        self.logs.iter().find(|log| log.context() == context)
    }
}
