//! Skipped versions of a stream.

use std::sync::Arc;

use async_trait::async_trait;
use platform::bus::{BusError, Record};
use projectors::projections::stock::{self, STOCK};
use projectors::projections::stock_versions::STOCK_VERSIONS;
use projectors::{Projection, StreamSource};
use read_models::Stored;
use read_models::documents::versions;
use schemas::Topic;

use crate::fold;
use crate::history::{history, moved};
use crate::shop::Shop;

/// A source that has these records.
pub struct Log(pub Vec<Record>);

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

/// Each stream's third event arrives last. `is_behind`: whether a document is of a version before the missing one.
async fn waits_for_a_missing_version(
    projection: &'static Projection,
    is_behind: fn(&Stored) -> bool,
    expected: fold::Documents,
    records: &[Record],
) {
    let mut shop = Shop::closed(projection, None).await;
    shop.start(20);
    shop.bus.put(&with_holes(records));
    shop.settled().await;
    assert!(shop.documents().await.iter().all(is_behind));
    let status = &projectors::status(&shop.backends, &[projection]).await.unwrap()[0];
    assert!(status.last_error.as_ref().unwrap().contains("version 3 of the stream is missing"));

    let missing = records.iter().filter(|record| record.envelope.version == 3);
    let late = missing.map(|record| moved(record.clone(), 1_000_000));
    shop.bus.put(&late.collect::<Vec<_>>());
    shop.settled().await;
    let found: fold::Documents =
        shop.documents().await.into_iter().map(|one| (one.id, (one.version, one.body))).collect();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_version_quarantines_its_stream_until_it_arrives() {
    let records = stock_history();
    let expected = fold::entity(&records, &[Topic::STOCK], stock::evolve);
    waits_for_a_missing_version(&STOCK, |one| one.version <= 2, expected, &records).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_behind_a_missing_one_wait_until_it_arrives() {
    let records = stock_history();
    let expected = fold::versions(&records, &[Topic::STOCK], stock::evolve);
    let is_behind = |one: &Stored| versions::of_id(&one.id).unwrap() <= 2;
    waits_for_a_missing_version(&STOCK_VERSIONS, is_behind, expected, &records).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn skipped_and_lost_versions_are_made_again_from_the_stream() {
    let records = stock_history();
    let (first, second) = records.split_at(records.len() / 2);
    let mut shop = Shop::closed(&STOCK_VERSIONS, None).await;
    shop.backends.source = Arc::new(Log(records.clone()));
    shop.start(20);
    shop.bus.put(&with_holes(first));
    shop.settled().await;
    let live = shop.live().await;
    for document in shop.documents().await {
        assert!(shop.store().repairs.remove(&live, &document.id, 1).await.unwrap());
    }
    shop.bus.put(&with_holes(second));
    shop.settled().await;
    let expected = fold::versions(&records, &[Topic::STOCK], stock::evolve);
    let goes_on = |id: &str| {
        let of = |one: &Record| id.starts_with(&format!("{}@", one.envelope.stream));
        second.iter().any(|one| of(one) && one.envelope.version > 3)
    };
    let found: fold::Documents =
        shop.documents().await.into_iter().map(|one| (one.id, (one.version, one.body))).collect();
    let of_those =
        |all: fold::Documents| -> fold::Documents { all.into_iter().filter(|(id, _)| goes_on(id)).collect() };
    let (found, expected) = (of_those(found), of_those(expected));
    assert_eq!(found, expected);
    assert!(found.keys().any(|id| id.ends_with("@0000000001")));
}
