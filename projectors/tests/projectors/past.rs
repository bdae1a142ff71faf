//! States of the past: at any moment, the fold of the log up to there.

use std::collections::BTreeMap;
use std::sync::Arc;

use platform::bus::Record;
use projectors::Projection;
use projectors::projections::{order_versions, orders, stock, stock_versions};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use read_models::documents::versions::{self, Version};
use schemas::{EventSet, Recorded, StreamId, Timestamp, Topic};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::history::history;
use crate::shop::Shop;

/// Moments per history. The seeds are fixed: more of them in a long run.
const MOMENTS: usize = 300;

fn seeds() -> u64 {
    let asked_for = std::env::var("CHORALE_PROPTEST_CASES").ok();
    asked_for.map_or(3, |number| number.parse().expect("CHORALE_PROPTEST_CASES is a number"))
}

/// The history recorded by clocks that disagree: times repeat and go back.
fn with_unsteady_times(records: Vec<Record>, random: &mut StdRng) -> Vec<Record> {
    let unsteady = |(index, mut record): (usize, Record)| {
        let second = i64::try_from(index).unwrap() + random.random_range(-30..30);
        Arc::make_mut(&mut record.envelope).time = Timestamp::from_millis(1_772_000_000_000 + 1_000 * second);
        record
    };
    records.into_iter().enumerate().map(unsteady).collect()
}

/// The events of a stream in order.
type Streams<E> = BTreeMap<StreamId, Vec<Recorded<E>>>;

fn by_stream<E: EventSet>(records: &[Record], topic: Topic) -> Streams<E> {
    let mut streams = Streams::new();
    for record in records.iter().filter(|record| record.topic == topic) {
        let event = Recorded::read((*record.envelope).clone(), &record.payload).unwrap();
        streams.entry(record.envelope.stream.clone()).or_default().push(event);
    }
    streams
}

/// What a query finds: the version and its state.
async fn found<S: DeserializeOwned + Serialize>(
    shop: &Shop,
    stream: &StreamId,
    moment: &Moment,
) -> Option<(u64, String)> {
    let (store, live) = (shop.store(), shop.live().await);
    let document = match moment {
        Moment::At(at) => {
            let query = versions::as_of(stream.as_str(), Some(at.to_string()));
            store.find::<Version<S>>(&live, &query).await.unwrap().pop().map(|(document, _)| document)
        }
        Moment::Version(version) => {
            let id = versions::id(stream.as_str(), *version);
            store.load::<Version<S>>(&live, &[id]).await.unwrap().pop().unwrap()
        }
    };
    let version = document?.value.unwrap();
    Some((version.version, serde_json::to_string(&version.state.unwrap()).unwrap()))
}

#[derive(Debug)]
enum Moment {
    At(Timestamp),
    Version(u64),
}

/// The fold of the events up to a moment: the first so many, or those before the first that is later.
fn expected<S: Serialize, E: EventSet>(
    events: &[Recorded<E>],
    moment: &Moment,
    evolve: fn(Option<S>, &Recorded<E>) -> Option<S>,
) -> Option<(u64, String)> {
    let count = match *moment {
        Moment::At(at) => events.iter().take_while(|event| event.envelope.time <= at).count(),
        Moment::Version(version) if version > events.len() as u64 => return None,
        Moment::Version(version) => usize::try_from(version).unwrap(),
    };
    let state = events[..count].iter().fold(None, evolve)?;
    Some((count as u64, serde_json::to_string(&state).unwrap()))
}

async fn is_the_fold_up_to_there<S: Serialize + DeserializeOwned, E: EventSet>(
    projection: &'static Projection,
    evolve: fn(Option<S>, &Recorded<E>) -> Option<S>,
) {
    let topic = projection.topics()[0];
    let (mut answered, mut nothing) = (0, 0);
    for seed in 0..seeds() {
        let mut random = StdRng::seed_from_u64(seed);
        let records = with_unsteady_times(history(seed), &mut random);
        let shop = Shop::open(projection, Some(seed)).await;
        shop.bus.put(&records);
        shop.settled().await;
        let streams = by_stream::<E>(&records, topic);
        let names: Vec<_> = streams.keys().cloned().collect();
        for _ in 0..MOMENTS {
            let stream = names.choose(&mut random).unwrap();
            let events = &streams[stream];
            let moment = match random.random_bool(0.5) {
                true => Moment::Version(random.random_range(0..events.len() as u64 + 3)),
                // Often exactly the time of an event.
                false => {
                    let near = events.choose(&mut random).unwrap().envelope.time.as_millis();
                    Moment::At(Timestamp::from_millis(near + random.random_range(-1..=1)))
                }
            };
            let expected = expected(events, &moment, evolve);
            match expected {
                Some(_) => answered += 1,
                None => nothing += 1,
            }
            assert_eq!(found::<S>(&shop, stream, &moment).await, expected, "{stream} {moment:?} seed {seed}");
        }
    }
    assert!(answered > 100 && nothing > 20, "{answered} {nothing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_at_any_moment_is_the_fold_of_the_log_up_to_there() {
    is_the_fold_up_to_there(&order_versions::ORDER_VERSIONS, orders::evolve).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stock_of_a_sku_at_any_moment_is_the_fold_of_the_log_up_to_there() {
    is_the_fold_up_to_there(&stock_versions::STOCK_VERSIONS, stock::evolve).await;
}
