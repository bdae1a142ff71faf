//! Projectors batch by batch: what they write, when they write positions, and what they report.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use platform::bus::{BusError, Delivery, Record};
use platform::telemetry::metrics::metrics;
use projectors::projections::{events, sales_by_week, stock, stock_versions};
use projectors::{ApplyError, Entity, Entry, Journal, Projection, Summary};
use read_models::documents::events::EventEntry;
use read_models::documents::sales_by_week::ProductWeek;
use read_models::documents::stock::StockItem;
use read_models::{Collection, ProjectorState, ProjectorStatus, Streams};
use schemas::order::OrderEvent;
use schemas::stock::StockEvent;
use schemas::{EventId, Recorded, StreamId, Topic};

use crate::fold;
use crate::gaps::Log;
use crate::history::{history, moved};
use crate::poison::{from_the_future, quarantined, wait_until_nothing_is_quarantined};
use crate::scripted::{Script, Step, Unused, at, stream};
use crate::shop::{LONG, Shop};

const fn collection(name: &'static str, streams: Streams) -> Collection {
    Collection { name, shape: 1, streams, hot: false, indexes: &[] }
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_without_records_are_written_once_they_are_far_or_nothing_more_comes() {
    let mut script = Script::new(&stock::STOCK, Duration::ZERO).await;
    for position in [10, 500, 999, 1_000, 1_500] {
        script.send(Ok(Delivery { records: Vec::new(), positions: at(position) }));
    }
    script.shop.start(20);
    assert_eq!(script.committed().await, at(1_000));
    assert_eq!(script.committed().await, at(1_500));
    let live = script.shop.live().await;
    assert_eq!(script.shop.store().keyed.positions(&live).await.unwrap(), at(1_500));
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_without_a_gap_are_not_read_again() {
    let records = stream();
    for projection in [&stock::STOCK, &stock_versions::STOCK_VERSIONS] {
        let mut script = Script::new(projection, Duration::ZERO).await;
        let source = Arc::new(Unused::default());
        script.shop.backends.source = source.clone();
        script.shop.start(20);
        for batch in [&records[..2], &records[2..3], &records[3..]] {
            script.apply(batch).await;
        }
        assert_eq!(*source.0.lock(), [] as [String; 0], "{projection:?}");
        assert_eq!(quarantined(&script.shop).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_filled_in_the_batch_that_has_it() {
    let records = stream();
    let mut script = Script::new(&stock::STOCK, Duration::ZERO).await;
    script.shop.backends.source = Arc::new(Log(records.clone()));
    script.shop.start(20);
    script.apply(&[records[0].clone(), records[1].clone(), records[3].clone()]).await;
    let expected = fold::entity(&records, &[Topic::STOCK], stock::evolve);
    let document = script.shop.document(records[0].envelope.stream.as_str()).await.unwrap();
    // The source has the rest of the stream, too.
    assert_eq!(expected[&document.id], (document.version, document.body));
    assert!(!document.stale);
    assert_eq!(quarantined(&script.shop).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_first_event_cannot_be_applied_has_no_document() {
    let records = stream();
    let mut script = Script::running(&stock::STOCK).await;
    script.apply(&[from_the_future(&records[0])]).await;
    assert_eq!(quarantined(&script.shop).await.len(), 1);
    assert_eq!(script.shop.document(records[0].envelope.stream.as_str()).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_stale_from_the_first_event_on_that_is_not_applied() {
    let records = stream();
    let mut script = Script::running(&stock::STOCK).await;
    script.apply(&records[..2]).await;
    script.apply(&[from_the_future(&records[2])]).await;
    let document = script.shop.document(records[0].envelope.stream.as_str()).await.unwrap();
    assert_eq!((document.version, document.stale), (2, true));
}

fn placed() -> Record {
    history(11).into_iter().find(|record| record.envelope.name == "OrderPlaced").unwrap()
}

async fn sums(shop: &Shop) -> std::collections::BTreeMap<(String, String), (u64, u64, i64)> {
    let weeks = shop.documents().await.into_iter();
    fold::added_up(weeks.map(|one| serde_json::from_str(&one.body.unwrap()).unwrap()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_delivered_again_with_the_next_one_is_counted_once() {
    let first = placed();
    let mut second = moved(first.clone(), 3);
    let envelope = Arc::make_mut(&mut second.envelope);
    envelope.id = EventId::derived(&["second"]);
    envelope.stream = StreamId::from_text("order-second");
    let both = [first.clone(), second];
    let mut script = Script::running(&sales_by_week::SALES_BY_WEEK).await;
    script.apply(&[first]).await;
    script.apply(&both).await;
    assert_eq!(sums(&script.shop).await, fold::sales(&both));
}

static SUM_IS_BROKEN: AtomicBool = AtomicBool::new(true);
static BROKEN_SALES_DOCUMENTS: Collection = collection("broken_sales", Streams::Other);
static BROKEN_SALES: Projection = Projection::summary(
    &BROKEN_SALES_DOCUMENTS,
    &[Topic::ORDER],
    &Summary { keys: sales_by_week::keys, add: broken_add },
);

fn broken_add(sums: Option<ProductWeek>, key: &str, event: &Recorded<OrderEvent>) -> ProductWeek {
    assert!(!SUM_IS_BROKEN.load(Ordering::SeqCst), "every event panics");
    sales_by_week::add(sums, key, event)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_was_quarantined_and_counted_is_not_counted_again_when_it_is_delivered_again() {
    let event = [placed()];
    let mut script = Script::running(&BROKEN_SALES).await;
    script.apply(&event).await;
    assert_eq!(quarantined(&script.shop).await.len(), 1);
    SUM_IS_BROKEN.store(false, Ordering::SeqCst);
    script.shop.handle().retry_quarantined("broken_sales").unwrap();
    wait_until_nothing_is_quarantined(&script.shop).await;
    script.apply(&event).await;
    assert_eq!(sums(&script.shop).await, fold::sales(&event));
}

static JOURNAL_IS_BROKEN: AtomicBool = AtomicBool::new(true);
static BROKEN_EVENTS_DOCUMENTS: Collection = collection("broken_events", Streams::Other);
static BROKEN_EVENTS: Projection =
    Projection::journal(&BROKEN_EVENTS_DOCUMENTS, &[Topic::STOCK], &Journal(broken_entries));

fn broken_entries(record: &Record) -> Result<Vec<Entry<EventEntry>>, ApplyError> {
    assert!(!JOURNAL_IS_BROKEN.load(Ordering::SeqCst), "every event panics");
    events::entries(record)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_enters_quarantined_events_on_request() {
    let records = stream();
    let mut script = Script::running(&BROKEN_EVENTS).await;
    script.apply(&records[..3]).await;
    assert_eq!((quarantined(&script.shop).await.len(), script.shop.documents().await.len()), (3, 0));
    JOURNAL_IS_BROKEN.store(false, Ordering::SeqCst);
    script.shop.handle().retry_quarantined("broken_events").unwrap();
    wait_until_nothing_is_quarantined(&script.shop).await;
    assert_eq!(script.shop.documents().await.len(), 3);
}

static STOCK_IS_BROKEN: AtomicBool = AtomicBool::new(true);
static BROKEN_STOCK_DOCUMENTS: Collection = collection("broken_stock", Streams::Entity("stock"));
static BROKEN_STOCK: Projection =
    Projection::entity(&BROKEN_STOCK_DOCUMENTS, &[Topic::STOCK], &Entity(broken_evolve));

fn broken_evolve(item: Option<StockItem>, event: &Recorded<StockEvent>) -> Option<StockItem> {
    assert!(!STOCK_IS_BROKEN.load(Ordering::SeqCst), "every event panics");
    stock::evolve(item, event)
}

/// The record as version `version` of `stream`.
fn numbered(record: &Record, stream: &str, version: u64) -> Record {
    let mut record = moved(record.clone(), 10 * version);
    let envelope = Arc::make_mut(&mut record.envelope);
    envelope.id = EventId::derived(&[stream, &version.to_string()]);
    (envelope.stream, envelope.version) = (StreamId::from_text(stream), version);
    record
}

/// More events than the store answers at once: 500.
#[tokio::test(flavor = "multi_thread")]
async fn streams_and_events_on_every_page_of_the_quarantine_are_found() {
    let event = stream()[1].clone();
    let mut script = Script::running(&BROKEN_STOCK).await;
    let long: Vec<Record> = (1..=602).map(|version| numbered(&event, "stock-a", version)).collect();
    let last = |version| numbered(&event, "stock-z", version);
    script.apply(&long[..601]).await;
    script.apply(&[last(1)]).await;
    assert_eq!(quarantined(&script.shop).await.len(), 602);

    STOCK_IS_BROKEN.store(false, Ordering::SeqCst);
    script.apply(&[last(2)]).await;
    assert_eq!(script.shop.document("stock-z").await.unwrap().version, 2);
    assert!(quarantined(&script.shop).await.iter().all(|one| one.key.stream == "stock-a"));
    script.apply(&long[601..]).await;
    let document = script.shop.document("stock-a").await.unwrap();
    assert_eq!((document.version, document.stale), (602, false));
    assert_eq!(quarantined(&script.shop).await, []);
}

/// Waits until the projector reports this state, and returns the report.
async fn reported(script: &Script, state: ProjectorState) -> ProjectorStatus {
    let reported = async {
        loop {
            let mut all = projectors::status(&script.shop.backends, &[&stock::STOCK]).await.unwrap();
            script.shop.handle().mark_stalled(&mut all);
            if all[0].state == state {
                return all.remove(0);
            }
        }
    };
    tokio::time::timeout(LONG, reported).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_is_reported_as_stalled_until_it_follows_again_even_if_nothing_more_comes() {
    let records = stream();
    let mut script = Script::running(&stock::STOCK).await;
    script.apply(&records[..1]).await;
    assert_eq!(reported(&script, ProjectorState::Live).await.last_error, None);
    // The bus fails until the report was seen.
    let stalled = {
        let seen = reported(&script, ProjectorState::Stalled);
        tokio::pin!(seen);
        loop {
            script.send(Err(BusError::Unavailable("the cable is out".into())));
            tokio::select! {
                seen = &mut seen => break seen,
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
        }
    };
    assert!(stalled.last_error.unwrap().contains("the cable is out"));
    assert_eq!(reported(&script, ProjectorState::Live).await.last_error, None);
    script.apply(&records[1..2]).await;
    assert_eq!(script.shop.document(records[0].envelope.stream.as_str()).await.unwrap().version, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_rests_after_a_batch_that_is_not_full() {
    let mut script = Script::new(&stock::STOCK, Duration::from_millis(30)).await;
    script.shop.start(20);
    let records = stream();
    let positions = at(records[0].position());
    script.send(Ok(Delivery { records: records[..1].to_vec(), positions }));
    let committed = loop {
        if let Step::Committed(_, at) = script.step().await {
            break at;
        }
    };
    let Step::Asked(asked) = script.step().await else { panic!("committed twice") };
    // Twice as long as the batch took, at most 50 ms.
    assert!(asked - committed >= Duration::from_millis(50), "{:?}", asked - committed);
}

static COUNTED_DOCUMENTS: Collection = collection("counted_stock", Streams::Entity("stock"));
static COUNTED: Projection = Projection::entity(&COUNTED_DOCUMENTS, &[Topic::STOCK], &Entity(stock::evolve));

#[tokio::test(flavor = "multi_thread")]
async fn applied_records_are_counted() {
    let records = stream();
    let mut script = Script::running(&COUNTED).await;
    for batch in [&records[..2], &records[2..5]] {
        script.apply(batch).await;
    }
    assert_eq!(metrics().projector_records.with(["counted_stock"]).get(), 5);
}
