//! Events that cannot be applied: their streams wait, all others go on, and nothing is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use platform::bus::Record;
use projectors::projections::{events, sales_by_week, stock};
use projectors::{Entity, Projection, Summary, Versions};
use read_models::documents::sales_by_week::ProductWeek;
use read_models::documents::stock::StockItem;
use read_models::{Collection, QuarantinedEvent, Streams};
use schemas::order::OrderEvent;
use schemas::stock::StockEvent;
use schemas::{Recorded, Topic};

use crate::fold;
use crate::history::{history, moved};
use crate::shop::Shop;

/// Events of stock items, and the stream that has the most of them.
fn stock_history() -> (Vec<Record>, String) {
    let records: Vec<_> = history(7).into_iter().filter(|record| record.topic == Topic::STOCK).collect();
    let longest = records.iter().max_by_key(|record| record.envelope.version).unwrap();
    assert!(longest.envelope.version > 5);
    let stream = longest.envelope.stream.to_string();
    (records, stream)
}

/// The event as a future program might write it.
pub fn from_the_future(record: &Record) -> Record {
    let mut envelope = (*record.envelope).clone();
    envelope.type_version = 99;
    Record { envelope: Arc::new(envelope), ..record.clone() }
}

pub async fn quarantined(shop: &Shop) -> Vec<QuarantinedEvent> {
    shop.store().quarantine.waiting(&shop.live().await, None, None, 1_000).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_waits_behind_an_event_that_cannot_be_read_and_the_others_go_on() {
    let (records, stream) = stock_history();
    let last = records.iter().filter(|record| record.envelope.stream.as_str() == stream).count() as u64;
    let broken: Vec<Record> = records
        .iter()
        .map(|record| {
            let poison = record.envelope.stream.as_str() == stream && record.envelope.version == 3;
            if poison { from_the_future(record) } else { record.clone() }
        })
        .collect();
    let mut shop = Shop::closed(&stock::STOCK, None).await;
    shop.bus.put(&broken);
    shop.start(10_000);
    shop.settled().await;

    let waiting = quarantined(&shop).await;
    assert_eq!(waiting.iter().map(|one| one.key.version).collect::<Vec<_>>(), (3..=last).collect::<Vec<_>>());
    assert!(waiting[0].error.as_ref().unwrap().contains("version 99 is unknown"), "{:?}", waiting[0].error);
    assert!(waiting[1..].iter().all(|one| one.error.is_none()));
    assert_eq!(
        waiting[1].payload,
        *records
            .iter()
            .find(|r| r.envelope.stream.as_str() == stream && r.envelope.version == 4)
            .unwrap()
            .payload
    );

    let expected = fold::entity(&records, &[Topic::STOCK], stock::evolve);
    for document in shop.documents().await {
        if document.id == stream {
            assert_eq!((document.version, document.stale), (2, true));
        } else {
            assert_eq!(expected[&document.id], (document.version, document.body));
            assert!(!document.stale);
        }
    }
    let status = &projectors::status(&shop.backends, &[&stock::STOCK]).await.unwrap()[0];
    assert_eq!((status.quarantined_streams, status.quarantined_events), (1, last - 2));
    assert!(status.last_error.as_ref().unwrap().contains("version 99"));
}

macro_rules! moody {
    ($projection:ident, $collection:ident, $evolve:ident, $broken:ident) => {
        static $broken: AtomicBool = AtomicBool::new(true);
        static $collection: Collection = Collection {
            name: "moody",
            shape: 1,
            streams: Streams::Entity("stock"),
            hot: false,
            indexes: &[],
        };
        static $projection: Projection = Projection::entity(&$collection, &[Topic::STOCK], &Entity($evolve));

        fn $evolve(item: Option<StockItem>, event: &Recorded<StockEvent>) -> Option<StockItem> {
            let panics = $broken.load(Ordering::SeqCst) && event.envelope.version % 4 == 0;
            assert!(!panics, "every fourth event panics");
            stock::evolve(item, event)
        }
    };
}

moody!(ASKED, ASKED_DOCUMENTS, asked, ASKED_IS_BROKEN);
moody!(RESTARTED, RESTARTED_DOCUMENTS, restarted, RESTARTED_IS_BROKEN);
moody!(GOING_ON, GOING_ON_DOCUMENTS, going_on, GOING_ON_IS_BROKEN);

async fn is_the_fold(shop: &Shop, records: &[Record]) {
    let expected = fold::entity(records, &[Topic::STOCK], stock::evolve);
    let found: fold::Documents =
        shop.documents().await.into_iter().map(|one| (one.id, (one.version, one.body))).collect();
    assert_eq!(found, expected);
    assert!(shop.documents().await.iter().all(|one| !one.stale));
    assert_eq!(quarantined(shop).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn quarantined_events_are_applied_in_order_on_request() {
    let (records, _) = stock_history();
    let shop = Shop::open(&ASKED, Some(1)).await;
    shop.bus.put(&records);
    shop.settled().await;
    assert!(!quarantined(&shop).await.is_empty());
    assert!(shop.documents().await.iter().all(|one| one.version < 4));

    ASKED_IS_BROKEN.store(false, Ordering::SeqCst);
    shop.handle().retry_quarantined("moody").unwrap();
    wait_until_nothing_is_quarantined(&shop).await;
    is_the_fold(&shop, &records).await;
}

pub async fn wait_until_nothing_is_quarantined(shop: &Shop) {
    let (mut since, deadline) = (None, tokio::time::Instant::now() + crate::shop::LONG);
    while !quarantined(shop).await.is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "{:?}", quarantined(shop).await);
        // The release comes after the write of the document.
        let wait = std::time::Duration::from_millis(100);
        let name = shop.live().await.collection;
        since = Some(shop.store().keyed.changed(&name, since.as_ref(), wait).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_program_applies_quarantined_events_when_it_starts() {
    let (records, _) = stock_history();
    let mut shop = Shop::open(&RESTARTED, Some(2)).await;
    let (first, second) = records.split_at(records.len() / 2);
    shop.bus.put(first);
    shop.settled().await;
    shop.stop().await;

    RESTARTED_IS_BROKEN.store(false, Ordering::SeqCst);
    shop.bus.put(second);
    shop.start(50);
    shop.settled().await;
    wait_until_nothing_is_quarantined(&shop).await;
    is_the_fold(&shop, &records).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_event_of_a_stream_finds_the_events_that_wait_before_it() {
    let (records, stream) = stock_history();
    let mine: Vec<_> =
        records.into_iter().filter(|record| record.envelope.stream.as_str() == stream).collect();
    let (first, rest) = mine.split_at(5);
    let shop = Shop::open(&GOING_ON, None).await;
    shop.bus.put(first);
    shop.settled().await;
    assert_eq!(quarantined(&shop).await.len(), 2);
    GOING_ON_IS_BROKEN.store(false, Ordering::SeqCst);
    shop.bus.put(rest);
    shop.settled().await;
    wait_until_nothing_is_quarantined(&shop).await;
    is_the_fold(&shop, &mine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_quarantines_what_it_cannot_enter_and_enters_the_rest() {
    let records = history(3);
    let mut broken = records.clone();
    broken[5].payload = "{}".into();
    let shop = Shop::open(&events::EVENTS, Some(3)).await;
    shop.bus.put(&broken);
    shop.settled().await;
    let waiting = quarantined(&shop).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (waiting[0].key.stream.as_str(), &*waiting[0].payload),
        (records[5].envelope.stream.as_str(), "{}")
    );
    assert_eq!(shop.documents().await.len(), records.len() - 1);
}

static VERSIONS_ARE_BROKEN: AtomicBool = AtomicBool::new(true);
static MOODY_VERSIONS_DOCUMENTS: Collection = Collection {
    name: "moody_versions",
    shape: 1,
    streams: Streams::Versions("stock"),
    hot: false,
    indexes: &[],
};
static MOODY_VERSIONS: Projection =
    Projection::versions(&MOODY_VERSIONS_DOCUMENTS, &[Topic::STOCK], &Versions(moody_version));

fn moody_version(item: Option<StockItem>, event: &Recorded<StockEvent>) -> Option<StockItem> {
    let panics = VERSIONS_ARE_BROKEN.load(Ordering::SeqCst) && event.envelope.version.is_multiple_of(4);
    assert!(!panics, "every fourth event panics");
    stock::evolve(item, event)
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_stop_before_an_event_that_cannot_be_applied_and_continue_with_it() {
    let (records, _) = stock_history();
    let shop = Shop::open(&MOODY_VERSIONS, Some(5)).await;
    let (first, second) = records.split_at(records.len() / 2);
    shop.bus.put(first);
    shop.settled().await;
    assert!(!quarantined(&shop).await.is_empty());
    let expected = fold::versions(&records, &[Topic::STOCK], stock::evolve);
    for document in shop.documents().await {
        assert!(document.id < format!("{}@0000000004", document.id.split('@').next().unwrap()));
        assert_eq!(expected[&document.id], (document.version, document.body));
    }

    VERSIONS_ARE_BROKEN.store(false, Ordering::SeqCst);
    // Some streams continue by themselves, with their next event; the others on request.
    shop.bus.put(second);
    shop.settled().await;
    shop.handle().retry_quarantined("moody_versions").unwrap();
    wait_until_nothing_is_quarantined(&shop).await;
    let found: fold::Documents =
        shop.documents().await.into_iter().map(|one| (one.id, (one.version, one.body))).collect();
    assert_eq!(found, expected);
}

static SUM_IS_BROKEN: AtomicBool = AtomicBool::new(true);
static MOODY_SALES_DOCUMENTS: Collection =
    Collection { name: "moody_sales", shape: 1, streams: Streams::Other, hot: false, indexes: &[] };
static MOODY_SALES: Projection = Projection::summary(
    &MOODY_SALES_DOCUMENTS,
    &[Topic::ORDER],
    &Summary { keys: sales_by_week::keys, add: moody_add },
);

fn moody_add(sums: Option<ProductWeek>, key: &str, event: &Recorded<OrderEvent>) -> ProductWeek {
    let panics = SUM_IS_BROKEN.load(Ordering::SeqCst) && event.envelope.position.is_multiple_of(2);
    assert!(!panics, "even positions panic");
    sales_by_week::add(sums, key, event)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sum_counts_a_quarantined_event_once_even_when_everything_is_redelivered() {
    let records: Vec<_> = (11..15).flat_map(history_apart).collect();
    let mut shop = Shop::open(&MOODY_SALES, Some(4)).await;
    shop.bus.put(&records);
    shop.settled().await;
    assert!(!quarantined(&shop).await.is_empty());
    SUM_IS_BROKEN.store(false, Ordering::SeqCst);
    for _ in 0..3 {
        shop.stop().await;
        shop.forget_positions().await;
        shop.start(40);
        shop.settled().await;
    }
    assert_eq!(quarantined(&shop).await, []);
    let weeks = shop.documents().await.into_iter();
    let weeks = weeks.map(|one| serde_json::from_str(&one.body.unwrap()).unwrap()).collect();
    assert_eq!(fold::added_up(weeks), fold::sales(&records));
}

/// Histories that fit into one log: other orders, later offsets.
fn history_apart(seed: u64) -> Vec<Record> {
    let later = seed * 1_000_000;
    let move_on = |record: Record| {
        let mut record = moved(record, later);
        let envelope = Arc::make_mut(&mut record.envelope);
        envelope.id = schemas::EventId::derived(&[&seed.to_string(), &envelope.id.to_string()]);
        envelope.stream = schemas::StreamId::from_text(format!("{}-{seed}", envelope.stream));
        record
    };
    history(seed).into_iter().filter(|record| record.topic == Topic::ORDER).map(move_on).collect()
}
