//! Consistency tokens: with one, a client does not read a state older than its own last write.
//!
//! A token names versions of streams (`stream@version`, joined by commas), as the command API answers them. Before a
//! collection is read, the query waits until its documents of those streams have these versions, at most as long as its
//! patience in total. Tokens cover collections with a document per stream, or per version of a stream; they do not cover
//! journals and summaries.

use std::collections::BTreeMap;

use async_graphql::{Name, Value};
use read_models::{Collection, Streams};
use tokio::sync::OwnedSemaphorePermit;

use crate::fault::Fault;

/// The most versions that one query may require.
const MOST: usize = 16;
/// Longer than any stream's id.
const LONGEST: usize = 160;

/// A version of a stream that the query requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) stream: String,
    pub(crate) version: u64,
}

/// A required version and the outcome.
#[derive(Clone, Debug)]
struct Entry {
    wanted: Wanted,
    /// The versions in the collections that were read.
    observed: BTreeMap<&'static str, u64>,
}

impl Entry {
    fn new(wanted: Wanted) -> Self {
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

/// Reads a token.
pub(crate) fn parse(token: &str) -> Result<Vec<Wanted>, Fault> {
    let parts = token.split(',').map(str::trim).filter(|part| !part.is_empty());
    let wanted: Vec<Wanted> = parts.take(MOST + 1).map(parse_one).collect::<Result<_, _>>()?;
    if wanted.len() > MOST {
        return Err(Fault::BadToken("names more than 16 versions"));
    }
    Ok(wanted)
}

fn parse_one(part: &str) -> Result<Wanted, Fault> {
    let bad = || Fault::BadToken("must look like order-1@3,stock-TEA-100@17");
    let (stream, version) = part.rsplit_once('@').ok_or_else(bad)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if stream.is_empty() || stream.len() > LONGEST || !stream.chars().all(allowed) {
        return Err(bad());
    }
    let version = version.parse().map_err(|_| bad())?;
    Ok(Wanted { stream: stream.to_owned(), version })
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
    pub(crate) fn add(&mut self, wanted: Vec<Wanted>) -> Result<(), Fault> {
        for wanted in wanted {
            let full = self.entries.len() == MOST;
            match self.entries.iter_mut().find(|entry| entry.wanted.stream == wanted.stream) {
                Some(entry) if entry.wanted.version >= wanted.version => {}
                Some(entry) => *entry = Entry::new(wanted),
                None if full => {
                    return Err(Fault::BadToken("names more than 16 versions"));
                }
                None => self.entries.push(Entry::new(wanted)),
            }
        }
        Ok(())
    }

    /// The versions to wait for before this collection is read; none once it was.
    pub(crate) fn open(&self, collection: &Collection) -> Vec<Wanted> {
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
    use read_models::documents::orders;
    use read_models::documents::stock::STOCK;
    use read_models::documents::stock_levels::STOCK_LEVELS;

    use super::*;

    #[test]
    fn tokens_are_streams_with_versions_and_there_is_an_end_to_them() {
        let wanted = parse("order-1@3, stock-TEA-100@17,").unwrap();
        let streams: Vec<_> = wanted.iter().map(|w| (w.stream.as_str(), w.version)).collect();
        assert_eq!(streams, [("order-1", 3), ("stock-TEA-100", 17)]);
        for bad in ["order-1", "order-1@", "@3", "order-1@x", "order-1@-1", "$serde@1", "a b@1"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
        assert!(parse(&"a@1,".repeat(16)).is_ok());
        assert!(parse(&"a@1,".repeat(17)).is_err());
    }

    #[test]
    fn what_was_never_read_is_not_covered_and_does_not_make_the_answer_stale() {
        let mut ledger = Ledger::default();
        ledger.add(parse("order-1@3,product-9@1,unknown-1@1").unwrap()).unwrap();
        assert_eq!(ledger.open(&orders::ORDERS).len(), 1);
        ledger.observe(&orders::ORDERS, "order-1", 4);
        assert!(ledger.open(&orders::ORDERS).is_empty());
        let report = ledger.report().unwrap().into_json().unwrap();
        assert_eq!(report["notCovered"], serde_json::json!(["product-9", "unknown-1"]));
        assert_eq!(report["stale"], false);
        ledger.add(parse("order-1@5").unwrap()).unwrap();
        ledger.observe(&orders::ORDERS, "order-1", 4);
        assert_eq!(ledger.report().unwrap().into_json().unwrap()["stale"], true);
    }

    #[test]
    fn each_collection_of_a_stream_is_waited_for_and_the_oldest_version_is_reported() {
        let mut ledger = Ledger::default();
        ledger.add(parse("stock-A@3").unwrap()).unwrap();
        ledger.observe(&STOCK_LEVELS, "stock-A", 5);
        assert!(ledger.open(&STOCK_LEVELS).is_empty());
        assert_eq!(ledger.open(&STOCK).len(), 1);
        ledger.observe(&STOCK, "stock-A", 2);
        let report = ledger.report().unwrap().into_json().unwrap();
        assert_eq!(report["observed"], serde_json::json!([{ "stream": "stock-A", "version": 2 }]));
        assert_eq!((ledger.required("stock-A"), ledger.required("stock-B")), (3, 0));
    }
}
