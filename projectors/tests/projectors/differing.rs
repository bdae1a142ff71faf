//! Documents whose code or shape has changed: what a rebuild finds before it switches.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use projectors::projections::stock;
use projectors::rebuild::Phase;
use projectors::{Change, Compared, Decision, Difference, Entity, Projection, rebuild, rebuild_if};
use read_models::documents::stock::StockItem;
use read_models::{Collection, Generation, GenerationState, Store, Stored, Streams};
use schemas::stock::StockEvent;
use schemas::{Recorded, Topic};
use serde::{Deserialize, Serialize};

use crate::history::history;
use crate::shop::Shop;

/// Stock items in a history.
const ITEMS: u64 = 4;

static FIRST_DOCUMENTS: Collection =
    Collection { name: "reshaped", shape: 1, streams: Streams::Entity("stock"), hot: false, indexes: &[] };
static FIRST: Projection = Projection::entity(&FIRST_DOCUMENTS, &[Topic::STOCK], &Entity(stock::evolve));
static SECOND_DOCUMENTS: Collection = Collection {
    name: FIRST_DOCUMENTS.name,
    shape: 2,
    streams: FIRST_DOCUMENTS.streams,
    hot: false,
    indexes: &[],
};
static SECOND: Projection = Projection::entity(&SECOND_DOCUMENTS, &[Topic::STOCK], &Entity(reshaped));
static CHANGED: AtomicBool = AtomicBool::new(false);

/// Less than a stock item, and the number of events.
#[derive(Serialize, Deserialize)]
struct Reshaped {
    sku: String,
    events: u32,
    policy: String,
}

fn reshaped(item: Option<Reshaped>, event: &Recorded<StockEvent>) -> Option<Reshaped> {
    let events = item.map_or(0, |item| item.events) + 1;
    let policy = if CHANGED.load(Ordering::SeqCst) { "DENY" } else { "ALLOW" }.to_owned();
    Some(Reshaped { sku: event.envelope.stream.key().to_owned(), events, policy })
}

async fn documents(store: &Store, generation: &Generation) -> Vec<Stored> {
    let query = read_models::Query { limit: 100, ..read_models::Query::default() };
    let found = store.queries.find(generation, &query).await.unwrap();
    found.into_iter().map(|one| one.document).collect()
}

async fn generations(store: &Store) -> Vec<(u32, u32, GenerationState)> {
    let all = store.generations.list().await.unwrap();
    let of = all.into_iter().filter(|(one, _)| one.collection == FIRST_DOCUMENTS.name);
    of.map(|(one, state)| (one.shape, one.number, state)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raised_shape_is_compared_with_the_shape_before_field_by_field_before_the_switch() {
    let shop = Shop::open(&FIRST, Some(81)).await;
    let records = history(81);
    let (first, rest) = records.split_at(records.len() - 5);
    shop.bus.put(first);
    shop.settled().await;
    let before = documents(shop.store(), &shop.live().await).await;
    assert_eq!(before.len() as u64, ITEMS);

    // Only compared: nothing stays.
    let (mut found, mut phases) = (None, Vec::new());
    let compare = |compared: &Compared| {
        found = Some(compared.clone());
        Decision::Drop
    };
    let outcome = rebuild_if(&SECOND, &shop.backends, compare, |progress| phases.push(progress.phase)).await;
    assert!(!outcome.unwrap().switched);
    let found = found.unwrap();
    assert_eq!((found.with.shape, found.raised_shape, found.if_expected()), (1, true, Decision::Switch));
    assert_eq!(found.different, BTreeMap::from([(Difference::Altered, ITEMS)]));
    assert_eq!((found.equal, found.uncompared, found.ids.len() as u64), (0, 0, ITEMS));
    let counted = |field: &str| {
        let of = found.fields.iter().find(|one| one.field == field);
        of.map(|one| (one.change, one.documents, one.example.as_str()))
    };
    let example = before[0].id.as_str();
    assert_eq!(counted("events"), Some((Change::Added, ITEMS, example)));
    assert_eq!(counted("onHand"), Some((Change::Removed, ITEMS, example)));
    assert_eq!(counted("policy").map(|one| one.0), Some(Change::Changed));
    assert_eq!(counted("sku"), None);
    assert_eq!((phases.first(), phases.last()), (Some(&Phase::Building), Some(&Phase::Comparing)));
    assert_eq!(generations(shop.store()).await, [(1, 1, GenerationState::Live)]);

    shop.bus.put(rest);
    shop.settled().await;
    // The older program goes on with its documents beside the new ones, which miss nothing.
    assert!(rebuild(&SECOND, &shop.backends, |_| {}).await.unwrap().switched);
    let live = shop.store().generations.live(&SECOND_DOCUMENTS).await.unwrap();
    let expected = [(1, 1, GenerationState::Live), (2, live.number, GenerationState::Live)];
    assert_eq!(generations(shop.store()).await, expected);
    assert_eq!(documents(shop.store(), &live).await.len() as u64, ITEMS);

    // The next one is compared with those of its own shape.
    let mut with = None;
    let compare = |compared: &Compared| {
        with = Some(compared.with.clone());
        Decision::Drop
    };
    rebuild_if(&SECOND, &shop.backends, compare, |_| {}).await.unwrap();
    assert_eq!(with, Some(live.clone()));

    // Changed code, same shape: only on request.
    CHANGED.store(true, Ordering::SeqCst);
    rebuild(&SECOND, &shop.backends, |_| {}).await.unwrap_err();
    let mut fields = Vec::new();
    let accept = |compared: &Compared| {
        fields.clone_from(&compared.fields);
        Decision::Switch
    };
    assert!(rebuild_if(&SECOND, &shop.backends, accept, |_| {}).await.unwrap().switched);
    assert!(fields.iter().any(|one| one.field == "policy" && one.documents > 0), "{fields:?}");
    assert!(rebuild(&SECOND, &shop.backends, |_| {}).await.unwrap().switched);
}

static TWINS: Collection =
    Collection { name: "twins", shape: 1, streams: Streams::Other, hot: false, indexes: &[] };
static ONLY_FIRST: AtomicBool = AtomicBool::new(true);
/// Thousands of documents from few events.
const PER_EVENT: usize = 200;
static MANY: Projection = Projection::journal(&TWINS, &[Topic::STOCK], &projectors::Journal(many));

fn many(record: &platform::bus::Record) -> Result<Vec<projectors::Entry<StockItem>>, projectors::ApplyError> {
    let policy = if ONLY_FIRST.load(Ordering::SeqCst) { "DENY" } else { "ALLOW" };
    let entry = |number| projectors::Entry {
        id: format!("{}-{number}", record.envelope.id),
        document: StockItem { policy: policy.to_owned(), ..StockItem::default() },
    };
    Ok((0..PER_EVENT).map(entry).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_differences_are_counted_and_only_the_first_ids_are_kept() {
    let mut shop = Shop::open(&MANY, None).await;
    let records = history(82);
    let documents = PER_EVENT * records.iter().filter(|record| record.topic == Topic::STOCK).count();
    assert!(documents > 2_000, "{documents}");
    shop.bus.put(&records);
    shop.settled().await;
    shop.stop().await;
    ONLY_FIRST.store(false, Ordering::SeqCst);
    let (mut found, mut last) = (None, None);
    let compare = |compared: &Compared| {
        found = Some(compared.clone());
        Decision::Drop
    };
    rebuild_if(&MANY, &shop.backends, compare, |progress| last = Some(progress)).await.unwrap();
    let found = found.unwrap();
    assert_eq!(found.different, BTreeMap::from([(Difference::Altered, documents as u64)]));
    assert_eq!(found.ids.len(), 100);
    assert!(found.ids.is_sorted());
    let [field] = found.fields.as_slice() else { panic!("{:?}", found.fields) };
    assert_eq!((field.field.as_str(), field.documents), ("policy", documents as u64));
    let last = last.unwrap();
    assert_eq!((last.phase, last.done, last.total), (Phase::Comparing, documents as u64, documents as u64));
}
