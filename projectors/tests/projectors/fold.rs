//! The expected documents: a plain fold of the log, without any of the projectors' machinery.

use std::collections::BTreeMap;

use platform::bus::Record;
use projectors::{ApplyError, Entry};
use read_models::documents::sales_by_week::ProductWeek;
use read_models::documents::versions::Version;
use schemas::order::OrderEvent;
use schemas::{EventSet, Recorded, Topic};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Version and body by id; no body for a deleted document.
pub type Documents = BTreeMap<String, (u64, Option<String>)>;

pub fn entity<D: Serialize, E: EventSet>(
    records: &[Record],
    topics: &[Topic],
    evolve: fn(Option<D>, &Recorded<E>) -> Option<D>,
) -> Documents {
    let mut documents: BTreeMap<String, (u64, Option<D>)> = BTreeMap::new();
    for record in records.iter().filter(|record| topics.contains(&record.topic)) {
        let event = Recorded::read((*record.envelope).clone(), &record.payload).unwrap();
        let document = documents.entry(record.envelope.stream.to_string()).or_default();
        *document = (record.envelope.version, evolve(document.1.take(), &event));
    }
    let text = |document: D| serde_json::to_string(&document).unwrap();
    documents.into_iter().map(|(id, (version, document))| (id, (version, document.map(text)))).collect()
}

/// The versions of all streams, by id.
pub fn versions<S: Serialize + Clone, E: EventSet>(
    records: &[Record],
    topics: &[Topic],
    evolve: fn(Option<S>, &Recorded<E>) -> Option<S>,
) -> Documents {
    let mut states: BTreeMap<String, (String, Option<S>)> = BTreeMap::new();
    let mut documents = Documents::new();
    for record in records.iter().filter(|record| topics.contains(&record.topic)) {
        let event = Recorded::read((*record.envelope).clone(), &record.payload).unwrap();
        let (stream, version) = (record.envelope.stream.to_string(), record.envelope.version);
        let (since, state) = states.entry(stream.clone()).or_default();
        *since = since.clone().max(record.envelope.time.to_string());
        *state = evolve(state.take(), &event);
        let id = format!("{stream}@{version:010}");
        let document = Version { stream, version, since: since.clone(), state: state.clone() };
        documents.insert(id, (1, Some(serde_json::to_string(&document).unwrap())));
    }
    documents
}

pub fn journal<D: Serialize>(
    records: &[Record],
    topics: &[Topic],
    entries: fn(&Record) -> Result<Vec<Entry<D>>, ApplyError>,
) -> Documents {
    let of_topics = records.iter().filter(|record| topics.contains(&record.topic));
    let entries = of_topics.flat_map(|record| entries(record).unwrap());
    entries.map(|entry| (entry.id, (1, Some(serde_json::to_string(&entry.document).unwrap())))).collect()
}

/// Orders, units and cents per product and week: added up by hand.
pub fn sales(records: &[Record]) -> BTreeMap<(String, String), (u64, u64, i64)> {
    let mut sums = BTreeMap::new();
    for record in records.iter().filter(|record| record.envelope.name == "OrderPlaced") {
        let event = Recorded::<OrderEvent>::read((*record.envelope).clone(), &record.payload).unwrap();
        let OrderEvent::OrderPlaced(placed) = &event.event else { continue };
        let mut seen = Vec::new();
        for line in &placed.lines {
            let key = projectors::projections::sales_by_week::keys(&event);
            let product = line.product_id.to_string();
            let week = key.iter().find_map(|key| key.strip_prefix(&format!("{product}/"))).unwrap();
            let sum: &mut (u64, u64, i64) = sums.entry((product.clone(), week.to_owned())).or_default();
            sum.0 += u64::from(!seen.contains(&product));
            sum.1 += u64::from(line.qty);
            sum.2 += line.total.minor;
            seen.push(product);
        }
    }
    sums
}

/// The same from documents: readers add the partitions up.
pub fn added_up(weeks: Vec<ProductWeek>) -> BTreeMap<(String, String), (u64, u64, i64)> {
    let mut sums: BTreeMap<(String, String), (u64, u64, i64)> = BTreeMap::new();
    for week in weeks {
        let sum = sums.entry((week.product_id, week.week)).or_default();
        sum.0 += week.orders;
        sum.1 += week.units;
        sum.2 += week.revenue.values().sum::<i64>();
    }
    sums
}

/// The documents, each turned into what another projection should have.
pub fn reduced<A: DeserializeOwned, B: Serialize>(documents: Documents, reduce: fn(A) -> B) -> Documents {
    let reduce = |body: String| serde_json::to_string(&reduce(serde_json::from_str(&body).unwrap())).unwrap();
    documents.into_iter().map(|(id, (version, body))| (id, (version, body.map(reduce)))).collect()
}
