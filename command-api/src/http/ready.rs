//! Whether commands can be recorded.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use http_server::Readiness;
use platform::error::Chain;
use schemas::Context;
use tokio::sync::Mutex;

use crate::commands::Commands;

/// A result is used again for this long, because a check writes to stores and anyone may ask for it.
const KEPT: Duration = Duration::from_secs(1);
/// The lease that a check takes. All processes take it as the same holder, so that each of them writes.
const LEASE: &str = "readiness";

/// Orders can be accepted when every log can be read, and that of ordering and the key vault can be written to.
pub(super) struct StoresAnswer {
    commands: Commands,
    last: Mutex<Option<(Instant, Result<(), String>)>>,
}

impl StoresAnswer {
    pub(super) fn new(commands: Commands) -> Self {
        Self { commands, last: Mutex::new(None) }
    }

    async fn check(&self) -> Result<(), String> {
        let writers = self.commands.writers();
        for context in Context::ALL {
            let head = writers.of(context).log().head().await;
            head.map_err(|error| format!("the log of {context}: {}", Chain(&error)))?;
        }
        let ordering = writers.of(Context::Ordering).log();
        let written = ordering.lease(LEASE, LEASE, KEPT).await;
        written.map_err(|error| format!("the log of {}: {}", Context::Ordering, Chain(&error)))?;
        self.commands.sealer().writable().await.map_err(|error| Chain(&error).to_string())
    }
}

#[async_trait]
impl Readiness for StoresAnswer {
    async fn ready(&self) -> Result<(), String> {
        let mut last = self.last.lock().await;
        if let Some((at, result)) = &*last
            && at.elapsed() < KEPT
        {
            return result.clone();
        }
        let result = self.check().await;
        *last = Some((Instant::now(), result.clone()));
        result
    }
}
