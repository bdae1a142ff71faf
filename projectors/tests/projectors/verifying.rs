//! Verification: documents that were altered from outside are found and put right.

use std::collections::BTreeMap;

use platform::bus::Positions;
use projectors::projections::orders::{self, ORDERS};
use projectors::projections::sales_by_week::SALES_BY_WEEK;
use projectors::projections::stock::{self, STOCK};
use projectors::{Difference, REGISTRY, Verified, verify};
use read_models::{Stored, Write};
use schemas::Topic;

use crate::fold;
use crate::history::history;
use crate::shop::Shop;

const BODY: &str = r#"{"altered":"by hand"}"#;

fn write(id: &str, version: u64, body: &str) -> Write {
    Write { id: id.to_owned(), version, body: Some(body.to_owned()), stale: false }
}

/// Alters a document, whatever its version is.
async fn alter(shop: &Shop, write: &Write) {
    assert!(shop.store().repairs.replace(&shop.live().await, write, i64::MAX as u64).await.unwrap());
}

async fn remove(shop: &Shop, id: &str) {
    assert!(shop.store().repairs.remove(&shop.live().await, id, i64::MAX as u64).await.unwrap());
}

/// The ids of those found with what is wrong.
fn found(verified: &Verified) -> BTreeMap<&str, Difference> {
    verified.first.iter().map(|(id, what)| (id.as_str(), *what)).collect()
}

fn as_fold(documents: Vec<Stored>) -> fold::Documents {
    documents.into_iter().map(|one| (one.id, (one.version, one.body))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_are_altered_missing_or_surplus_are_found_and_put_right() {
    let records = history(41);
    for projection in REGISTRY {
        let shop = Shop::open(projection, Some(41)).await;
        shop.bus.put(&records);
        shop.settled().await;
        let before = shop.documents().await;
        let altered = &before[0];
        alter(&shop, &write(&altered.id, altered.version, BODY)).await;
        alter(&shop, &write("surplus", 1_000_000, BODY)).await;
        let mut expected =
            BTreeMap::from([(altered.id.as_str(), Difference::Altered), ("surplus", Difference::Surplus)]);
        // There is one document of all categories.
        for missing in before.iter().skip(1).take(1) {
            remove(&shop, &missing.id).await;
            expected.insert(&missing.id, Difference::Missing);
        }
        let wrong_ones = expected.len() as u64;
        let wrong = shop.documents().await;

        let verified = verify(projection, &shop.backends, false, |_| {}).await.unwrap();
        assert_eq!(found(&verified), expected, "{projection:?}");
        let counts = (verified.wrong(), verified.repaired, verified.uncompared);
        assert_eq!(counts, (wrong_ones, 0, 0), "{projection:?}");
        assert_eq!(verified.equal, before.len() as u64 + 1 - wrong_ones, "{projection:?}");
        assert_eq!(shop.documents().await, wrong, "{projection:?}");

        let verified = verify(projection, &shop.backends, true, |_| {}).await.unwrap();
        assert_eq!((verified.wrong(), verified.repaired), (0, wrong_ones), "{projection:?}");
        assert_eq!(shop.documents().await, before, "{projection:?}");
        let verified = verify(projection, &shop.backends, false, |_| {}).await.unwrap();
        assert_eq!((verified.wrong(), verified.equal), (0, before.len() as u64), "{projection:?}");
        assert_eq!(verified.first, []);
        let generations = shop.store().generations.list().await.unwrap();
        let of = generations.iter().filter(|(one, _)| one.collection == projection.name());
        assert_eq!(of.count(), 1, "{generations:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_after_a_repair_are_applied_to_the_repaired_document() {
    let records = history(42);
    let (first, second) = records.split_at(records.len() / 2);
    for higher in [0, 1_000] {
        let shop = Shop::open(&ORDERS, Some(42)).await;
        shop.bus.put(first);
        shop.settled().await;
        for document in shop.documents().await {
            alter(&shop, &write(&document.id, document.version + higher, BODY)).await;
        }
        let verified = verify(&ORDERS, &shop.backends, true, |_| {}).await.unwrap();
        assert!(verified.repaired > 3 && verified.wrong() == 0, "{verified:?}");
        shop.bus.put(second);
        shop.settled().await;
        let expected = fold::entity(&records, &[Topic::ORDER], orders::evolve);
        assert_eq!(as_fold(shop.documents().await), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_quarantined_because_its_document_was_altered_is_put_right() {
    let records = history(43);
    let (first, second) = records.split_at(records.len() / 2);
    let mut shop = Shop::open(&STOCK, Some(43)).await;
    shop.bus.put(first);
    shop.settled().await;
    let last = |id: &str| second.iter().any(|record| record.envelope.stream.as_str() == id);
    let altered = shop.documents().await.into_iter().find(|one| last(&one.id)).unwrap();
    alter(&shop, &write(&altered.id, altered.version, BODY)).await;
    shop.bus.put(second);
    shop.settled().await;
    assert!(shop.document(&altered.id).await.unwrap().stale);

    let verified = verify(&STOCK, &shop.backends, false, |_| {}).await.unwrap();
    assert_eq!(found(&verified), BTreeMap::from([(altered.id.as_str(), Difference::Stale)]));
    let verified = verify(&STOCK, &shop.backends, true, |_| {}).await.unwrap();
    assert_eq!((verified.wrong(), verified.repaired), (0, 1));
    let expected = fold::entity(&records, &[Topic::STOCK], stock::evolve);
    assert_eq!(as_fold(shop.documents().await), expected);
    // The quarantined events are in the document.
    shop.stop().await;
    shop.start(64);
    let live = shop.live().await;
    while shop.store().quarantine.count(&live).await.unwrap().waiting > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(as_fold(shop.documents().await), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_of_a_shop_that_stays_open_finds_exactly_what_is_wrong() {
    let records = history(44);
    for projection in [&ORDERS, &SALES_BY_WEEK] {
        let shop = Shop::open(projection, Some(44)).await;
        let (first, rest) = records.split_at(records.len() / 3);
        shop.bus.put(first);
        shop.settled().await;
        let altered = shop.documents().await.swap_remove(0);
        alter(&shop, &write(&altered.id, 1_000_000, BODY)).await;
        let mut pieces = rest.chunks(7);
        let bus = shop.bus.clone();
        let verified =
            verify(projection, &shop.backends, true, |_| bus.put(pieces.next().unwrap_or_default())).await;
        let verified = verified.unwrap();
        assert_eq!(found(&verified), BTreeMap::from([(altered.id.as_str(), Difference::Altered)]));
        assert_eq!((verified.repaired, verified.uncompared), (1, 0));
        pieces.for_each(|piece| shop.bus.put(piece));
        shop.settled().await;
        let verified = verify(projection, &shop.backends, false, |_| {}).await.unwrap();
        assert_eq!((verified.wrong(), verified.uncompared), (0, 0), "{verified:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_its_projector_writes_again_while_it_is_put_right_ends_right() {
    let records = history(45);
    let expected = fold::entity(&records, &[Topic::STOCK], stock::evolve);
    for round in 1..12 {
        let shop = Shop::open(&STOCK, Some(45)).await;
        let (first, second) = records.split_at(records.len() * round / 12);
        shop.bus.put(first);
        shop.settled().await;
        let mut documents = shop.documents().await;
        if documents.is_empty() {
            continue;
        }
        // A plausible document, to which events can be applied.
        let altered = documents.swap_remove(0);
        let body = altered.body.unwrap();
        let mut parsed: serde_json::Value = serde_json::from_str(&body).unwrap();
        parsed["policy"] = "ALTERED".into();
        alter(&shop, &write(&altered.id, altered.version, &parsed.to_string())).await;
        let bus = shop.bus.clone();
        let putting = async {
            for record in second {
                bus.put(std::slice::from_ref(record));
                tokio::task::yield_now().await;
            }
        };
        let (verified, ()) = tokio::join!(verify(&STOCK, &shop.backends, true, |_| {}), putting);
        assert_eq!(verified.unwrap().wrong(), 0, "round {round}");
        shop.settled().await;
        assert_eq!(as_fold(shop.documents().await), expected, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_projectors_that_are_behind_are_not_called_wrong() {
    let records = history(46);
    let (first, second) = records.split_at(records.len() / 2);
    let mut shop = Shop::open(&STOCK, Some(46)).await;
    shop.bus.put(first);
    shop.settled().await;
    shop.stop().await;
    shop.bus.put(second);
    let verified = verify(&STOCK, &shop.backends, true, |_| {}).await.unwrap();
    assert_eq!((verified.wrong(), verified.repaired), (0, 0));
    assert!(verified.uncompared > 0, "{verified:?}");
    // Lost documents of a live generation that has passed their events are wrong.
    shop.start(64);
    shop.settled().await;
    for document in shop.documents().await {
        remove(&shop, &document.id).await;
    }
    let verified = verify(&STOCK, &shop.backends, true, |_| {}).await.unwrap();
    assert_eq!(verified.different, BTreeMap::from([(Difference::Missing, verified.repaired)]));
    let expected = fold::entity(&records, &[Topic::STOCK], stock::evolve);
    assert_eq!(as_fold(shop.documents().await), expected);
    let positions = shop.store().keyed.positions(&shop.live().await).await.unwrap();
    assert_ne!(positions, Positions::new());
}
