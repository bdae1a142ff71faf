//! Skipped versions of a stream.

use std::sync::Arc;

use async_trait::async_trait;
use platform::bus::{BusError, Record};
use projectors::StreamSource;
use projectors::projections::stock::{self, STOCK};
use schemas::Topic;

use crate::fold;
use crate::history::{history, moved};
use crate::shop::Shop;

struct Log(Vec<Record>);

#[async_trait]
impl StreamSource for Log {
    async fn stream(&self, _: Topic, stream: &str, after: u64) -> Result<Vec<Record>, BusError> {
        let of =
            |record: &&Record| record.envelope.stream.as_str() == stream && record.envelope.version > after;
        Ok(self.0.iter().filter(of).cloned().collect())
    }
}

/// Without each stream's third event.
fn with_holes(records: &[Record]) -> Vec<Record> {
    records.iter().filter(|record| record.envelope.version != 3).cloned().collect()
}

fn stock_history() -> Vec<Record> {
    history(21).into_iter().filter(|record| record.topic == Topic::STOCK).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skipped_version_is_noticed_and_the_stream_is_read_again() {
    let records = stock_history();
    let mut shop = Shop::closed(&STOCK, Some(5)).await;
    shop.backends.source = Arc::new(Log(records.clone()));
    shop.start(20);
    shop.bus.put(&with_holes(&records));
    shop.settled().await;
    let expected = fold::entity(&records, &[Topic::STOCK], stock::evolve);
    for document in shop.documents().await.into_iter().filter(|one| one.version > 3) {
        assert_eq!(expected[&document.id], (document.version, document.body));
    }
    assert!(shop.documents().await.iter().any(|one| one.version > 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_version_quarantines_its_stream_until_it_arrives() {
    let records = stock_history();
    let mut shop = Shop::closed(&STOCK, None).await;
    shop.start(20);
    shop.bus.put(&with_holes(&records));
    shop.settled().await;
    assert!(shop.documents().await.iter().all(|one| one.version <= 2));
    let status = &projectors::status(&shop.backends, &[&STOCK]).await.unwrap()[0];
    assert!(status.last_error.as_ref().unwrap().contains("version 3 of the stream is missing"));

    let missing = records.iter().filter(|record| record.envelope.version == 3);
    let late = missing.map(|record| moved(record.clone(), 1_000_000));
    shop.bus.put(&late.collect::<Vec<_>>());
    shop.settled().await;
    let found: fold::Documents =
        shop.documents().await.into_iter().map(|one| (one.id, (one.version, one.body))).collect();
    assert_eq!(found, fold::entity(&records, &[Topic::STOCK], stock::evolve));
}
