//! Summaries: sums over many streams, one document per key and partition, whose version is its position.

use platform::bus::Record;
use schemas::{EventSet, Recorded};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ApplyError, guarded, read};

/// Sums. A document contains events of one partition only: readers add the partitions up.
pub struct Summary<D, E: EventSet> {
    /// The keys that the event counts for, each once.
    pub keys: fn(&Recorded<E>) -> Vec<String>,
    /// Adds the event's part for `key` to the sums so far.
    pub add: fn(Option<D>, key: &str, &Recorded<E>) -> D,
}

/// A [`Summary`] of any documents and events.
pub trait Add: Sync {
    /// The keys that the record counts for.
    fn keys(&self, record: &Record) -> Result<Vec<String>, ApplyError>;

    /// The documents after the record, one for each of `sums`: keys and documents so far.
    fn add(&self, sums: &[(&str, Option<&str>)], record: &Record) -> Result<Vec<String>, ApplyError>;

    /// Reads a document and writes it again.
    fn reread(&self, body: &str) -> Result<String, ApplyError>;
}

impl<D, E> Add for Summary<D, E>
where
    D: Serialize + DeserializeOwned + 'static,
    E: EventSet,
{
    fn keys(&self, record: &Record) -> Result<Vec<String>, ApplyError> {
        guarded(|| Ok((self.keys)(&read(record)?)))
    }

    fn add(&self, sums: &[(&str, Option<&str>)], record: &Record) -> Result<Vec<String>, ApplyError> {
        guarded(|| {
            let event = read(record)?;
            let after = |(key, body): &(&str, Option<&str>)| {
                let before = body.map(serde_json::from_str).transpose()?;
                Ok(serde_json::to_string(&(self.add)(before, key, &event))?)
            };
            sums.iter().map(after).collect()
        })
    }

    fn reread(&self, body: &str) -> Result<String, ApplyError> {
        super::reread::<D>(body)
    }
}
