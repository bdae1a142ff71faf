//! Summaries: sums over many streams, one document per key and partition, which holds its own position.

use platform::bus::Record;
use schemas::{EventSet, Recorded};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Indigestible, guarded, read};

/// Sums. Events of different partitions never meet in a document: readers add the partitions up.
pub struct Summary<D, E: EventSet> {
    /// The keys that the event counts for, each once.
    pub keys: fn(&Recorded<E>) -> Vec<String>,
    /// Adds the event's part for `key` to the sums so far.
    pub add: fn(Option<D>, key: &str, &Recorded<E>) -> D,
}

/// A [`Summary`] whatever its documents and events are.
pub trait Add: Sync {
    /// The keys that the record counts for.
    fn keys(&self, record: &Record) -> Result<Vec<String>, Indigestible>;

    /// The documents after it, one for each of `sums`: keys and documents so far.
    fn add(&self, sums: &[(&str, Option<&str>)], record: &Record) -> Result<Vec<String>, Indigestible>;

    /// Reads a document and writes it again.
    fn reread(&self, body: &str) -> Result<String, Indigestible>;
}

impl<D, E> Add for Summary<D, E>
where
    D: Serialize + DeserializeOwned + 'static,
    E: EventSet,
{
    fn keys(&self, record: &Record) -> Result<Vec<String>, Indigestible> {
        guarded(|| Ok((self.keys)(&read(record)?)))
    }

    fn add(&self, sums: &[(&str, Option<&str>)], record: &Record) -> Result<Vec<String>, Indigestible> {
        guarded(|| {
            let event = read(record)?;
            let after = |(key, body): &(&str, Option<&str>)| {
                let before = body.map(serde_json::from_str).transpose()?;
                Ok(serde_json::to_string(&(self.add)(before, key, &event))?)
            };
            sums.iter().map(after).collect()
        })
    }

    fn reread(&self, body: &str) -> Result<String, Indigestible> {
        super::reread::<D>(body)
    }
}
