//! The read models of a shop: its documents, and its hot views if they are in a store of their own.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use event_log::port::Log;
use projectors::REGISTRY;
use read_models::documents::ALL;
use read_models::{KeyedStore, Store};
use schemas::Context;
use uuid::Uuid;

use super::StoreLocations;

impl StoreLocations {
    /// Opens the read models of the shop with these logs.
    pub async fn read_models(&self, logs: &[Arc<dyn Log>]) -> Result<Store> {
        let store = read_models::connect(&self.documents(), &ALL).await?;
        let hot: Option<KeyedStore> = match self.hot_views() {
            Some(address) => Some(read_models::connect_hot(address, &shop(logs).await?, &ALL).await?),
            None => None,
        };
        Ok(Store { hot, ..store })
    }

    /// Opens them for reading. Nothing is created or written.
    pub async fn read_models_read_only(&self, logs: &[Arc<dyn Log>]) -> Result<Store> {
        let store = read_models::connect_read_only(&self.documents(), &ALL).await?;
        let hot: Option<KeyedStore> = match self.hot_views() {
            Some(address) => {
                Some(read_models::connect_hot_read_only(address, &shop(logs).await?, &ALL).await?)
            }
            None => None,
        };
        Ok(Store { hot, ..store })
    }
}

/// The name of a shop in the store of hot views. It follows from the logs that they are built from, so that those of another
/// shop, or of a log that was created again, are never taken for its own.
async fn shop(logs: &[Arc<dyn Log>]) -> Result<String> {
    let hot = REGISTRY.iter().filter(|projection| projection.collection().hot);
    let contexts: BTreeSet<Context> =
        hot.flat_map(|projection| projection.topics()).map(|topic| topic.context()).collect();
    let mut sources = String::new();
    for log in logs.iter().filter(|log| contexts.contains(&log.context())) {
        sources.push_str(&format!("{}={} ", log.context(), log.head().await?.epoch));
    }
    Ok(Uuid::new_v5(&Uuid::NAMESPACE_OID, sources.as_bytes()).simple().to_string())
}
