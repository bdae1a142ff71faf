//! Consistency tokens: with one, a client does not read a state older than its own last write.
//!
//! A token names versions of streams (`stream@version`, joined by commas), as the command API answers them. Before a
//! collection is read, the query waits until its documents of those streams have these versions, at most as long as its
//! patience in total. Tokens cover collections with a document per stream, or per version of a stream; they do not cover
//! journals and summaries.

use std::collections::BTreeMap;

use async_graphql::{Name, Value};
use http_server::{InvalidToken, MOST_VERSIONS, StreamVersion};
use read_models::{Collection, Streams};
use tokio::sync::OwnedSemaphorePermit;

use crate::fault::Fault;

/// A required version and the outcome.
#[derive(Clone, Debug)]
struct Entry {
    wanted: StreamVersion,
    /// The versions in the collections that were read.
    observed: BTreeMap<&'static str, u64>,
}

impl Entry {
    fn new(wanted: StreamVersion) -> Self {
        Self { wanted, observed: BTreeMap::new() }
    }

    /// The oldest version that was read; `None` if none was.
    fn oldest(&self) -> Option<u64> {
        self.observed.values().min().copied()
    }
}

/// The required versions of a query and their outcomes.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Vec<Entry>,
    waited_ms: u64,
    /// Held while the query may wait; limits the number of waiting queries.
    pub(crate) permit: Option<OwnedSemaphorePermit>,
}

/// Whether the documents of the collection show which version of the stream has been applied.
fn covers(collection: &Collection, stream: &str) -> bool {
    let prefix = stream.split_once('-').map_or(stream, |(prefix, _)| prefix);
    match collection.streams {
        Streams::Entity(own) | Streams::Versions(own) => own == prefix,
        Streams::Other => false,
    }
}

impl Ledger {
    /// Adds the versions of a token. If a stream is named twice, the later version counts.
    pub(crate) fn add(&mut self, wanted: Vec<StreamVersion>) -> Result<(), Fault> {
        for wanted in wanted {
            let full = self.entries.len() == MOST_VERSIONS;
            match self.entries.iter_mut().find(|entry| entry.wanted.stream == wanted.stream) {
                Some(entry) if entry.wanted.version >= wanted.version => {}
                Some(entry) => *entry = Entry::new(wanted),
                None if full => {
                    return Err(InvalidToken("names more than 16 versions").into());
                }
                None => self.entries.push(Entry::new(wanted)),
            }
        }
        Ok(())
    }

    /// Whether no version is required.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The versions to wait for before this collection is read; none once it was.
    pub(crate) fn open(&self, collection: &Collection) -> Vec<StreamVersion> {
        let unread = |entry: &Entry| !entry.observed.contains_key(collection.name);
        let of = |entry: &&Entry| unread(entry) && covers(collection, &entry.wanted.stream);
        self.entries.iter().filter(of).map(|entry| entry.wanted.clone()).collect()
    }

    /// The collection was read, with this version of the stream.
    pub(crate) fn observe(&mut self, collection: &Collection, stream: &str, version: u64) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.wanted.stream == stream) {
            entry.observed.insert(collection.name, version);
        }
    }

    /// The version of a stream that is required; 0 if none is.
    pub(crate) fn required(&self, stream: &str) -> u64 {
        let of = |entry: &&Entry| entry.wanted.stream == stream;
        self.entries.iter().find(of).map_or(0, |entry| entry.wanted.version)
    }

    /// The required streams that were read in this collection, with the versions that it had.
    pub(crate) fn observed(&self, collection: &Collection) -> Vec<(String, u64)> {
        let of = self.entries.iter().filter(|entry| covers(collection, &entry.wanted.stream));
        let version = |entry: &Entry| entry.observed.get(collection.name).copied();
        of.filter_map(|entry| Some((entry.wanted.stream.clone(), version(entry)?))).collect()
    }

    /// The time from the start of the query to the end of its last wait.
    pub(crate) fn waited(&mut self, millis: u64) {
        self.waited_ms = self.waited_ms.max(millis);
    }

    /// The report for the client: `{requested, observed, notCovered, lagMs, stale}`; `None` without a token.
    pub(crate) fn report(&self) -> Option<Value> {
        if self.entries.is_empty() {
            return None;
        }
        let version = |stream: &str, version: u64| {
            object([("stream", Value::from(stream)), ("version", Value::from(version))])
        };
        let requested = self.entries.iter().map(|e| version(&e.wanted.stream, e.wanted.version));
        let observed = self.entries.iter().filter_map(|e| Some(version(&e.wanted.stream, e.oldest()?)));
        let unread = |entry: &&Entry| entry.observed.is_empty();
        let uncovered = self.entries.iter().filter(unread).map(|e| Value::from(e.wanted.stream.as_str()));
        let stale = self.entries.iter().any(|e| e.oldest().is_some_and(|seen| seen < e.wanted.version));
        Some(object([
            ("requested", Value::List(requested.collect())),
            ("observed", Value::List(observed.collect())),
            ("notCovered", Value::List(uncovered.collect())),
            ("lagMs", Value::from(self.waited_ms)),
            ("stale", Value::from(stale)),
        ]))
    }
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (Name::new(name), value)).collect())
}

#[cfg(test)]
mod tests {
    use http_server::parse_token;
    use read_models::documents::orders;
    use read_models::documents::stock::STOCK;
    use read_models::documents::stock_levels::STOCK_LEVELS;

    use super::*;

    #[test]
    fn what_was_never_read_is_not_covered_and_does_not_make_the_answer_stale() {
        let mut ledger = Ledger::default();
        ledger.add(parse_token("order-1@3,product-9@1,unknown-1@1").unwrap()).unwrap();
        assert_eq!(ledger.open(&orders::ORDERS).len(), 1);
        ledger.observe(&orders::ORDERS, "order-1", 4);
        assert!(ledger.open(&orders::ORDERS).is_empty());
        let report = ledger.report().unwrap().into_json().unwrap();
        assert_eq!(report["notCovered"], serde_json::json!(["product-9", "unknown-1"]));
        assert_eq!(report["stale"], false);
        ledger.add(parse_token("order-1@5").unwrap()).unwrap();
        ledger.observe(&orders::ORDERS, "order-1", 4);
        assert_eq!(ledger.report().unwrap().into_json().unwrap()["stale"], true);
    }

    #[test]
    fn each_collection_of_a_stream_is_waited_for_and_the_oldest_version_is_reported() {
        let mut ledger = Ledger::default();
        ledger.add(parse_token("stock-A@3").unwrap()).unwrap();
        ledger.observe(&STOCK_LEVELS, "stock-A", 5);
        assert!(ledger.open(&STOCK_LEVELS).is_empty());
        assert_eq!(ledger.open(&STOCK).len(), 1);
        ledger.observe(&STOCK, "stock-A", 2);
        let report = ledger.report().unwrap().into_json().unwrap();
        assert_eq!(report["observed"], serde_json::json!([{ "stream": "stock-A", "version": 2 }]));
        assert_eq!((ledger.required("stock-A"), ledger.required("stock-B")), (3, 0));
    }
}
