use std::sync::Arc;

use async_trait::async_trait;
use platform::bus::{BusError, Record};
use read_models::QuarantinedEvent;
use read_models::documents::ALL;
use schemas::Topic;
use tempfile::TempDir;

use super::*;
use crate::projections::stock::STOCK;

struct Nothing;

#[async_trait]
impl StreamSource for Nothing {
    async fn stream(&self, _: Topic, _: &str, _: u64) -> Result<Vec<Record>, BusError> {
        Ok(Vec::new())
    }
}

/// A feed of stock items on a new store.
async fn feed() -> (Feed, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("documents.sqlite").display());
    let store = read_models::connect(&url, &ALL).await.unwrap();
    let live = store.of_collection(STOCK.collection()).generations.live(STOCK.collection()).await.unwrap();
    let source: Arc<dyn StreamSource> = Arc::new(Nothing);
    (Feed::of(&STOCK, live, &store, &source), folder)
}

fn at(position: u64) -> Positions {
    platform::bus::decode_positions([("chorale.stock.v1/0".to_owned(), position)])
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_to_a_store_that_is_behind_what_was_reached() {
    let (feed, _folder) = feed().await;
    feed.apply(&[], &at(60), &Positions::new()).await.unwrap();
    feed.apply(&[], &at(70), &at(60)).await.unwrap();
    let restored = feed.apply(&[], &at(90), &at(80)).await.unwrap_err();
    assert!(matches!(restored, ProjectorError::Restored), "{restored}");
    assert_eq!(feed.store.keyed.positions(&feed.generation).await.unwrap(), at(70));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_quarantine_knows_no_event() {
    let (feed, _folder) = feed().await;
    let event = QuarantinedEvent {
        key: EventKey { stream: "stock-a".to_owned(), version: 1 },
        topic: "chorale.stock.v1".to_owned(),
        partition: 0,
        offset: 1,
        at: "2026-03-01T12:00:01.482Z".to_owned(),
        error: Some("unreadable".to_owned()),
        envelope: "{}".to_owned(),
        payload: "{}".to_owned(),
    };
    feed.quarantine.port.add(&feed.generation, &[event]).await.unwrap();
    assert!(feed.quarantine.ever().await.unwrap());
    feed.quarantine.forget().await.unwrap();
    assert!(!feed.quarantine.ever().await.unwrap());
}
