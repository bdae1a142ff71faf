//! Lets commands wait for the reactors and local views of their context.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use command_api::{Following, ForeignEvent};
use platform::bus::Bus;
use platform::error::Chain;
use reactors::progress::{Event, Progress};
use schemas::Context;

use super::Shop;

struct Followers {
    bus: Arc<dyn Bus>,
    progress: Progress,
}

#[async_trait]
impl Following for Followers {
    async fn handled(
        &self,
        context: Context,
        event: &ForeignEvent,
        patience: Duration,
    ) -> Result<bool, String> {
        let ForeignEvent { topic, stream, position } = event;
        let event = Event { topic: *topic, key: stream.as_str(), position: *position };
        let handled = self.progress.handled(self.bus.as_ref(), context, &event, patience).await;
        handled.map_err(|error| Chain(&error).to_string())
    }
}

impl Shop {
    /// What the reactors and local views of this shop have handled, in whichever process they run.
    pub fn following(&self) -> Arc<dyn Following> {
        Arc::new(Followers { bus: Arc::clone(&self.bus), progress: self.progress.clone() })
    }
}
