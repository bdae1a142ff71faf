//! Journals: documents that are written once and never change.

use platform::bus::Record;
use schemas::EventSet;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Indigestible, guarded};

/// An entry of a journal. Its id must come from the event's, so that the same event always makes the same entries.
pub struct Entry<D> {
    /// Unique in the journal.
    pub id: String,
    /// What it says.
    pub document: D,
}

/// Answers the entries that a record makes. The record comes as it is, because some journals take events of all kinds; the
/// others read it by [`Journal::read`].
pub struct Journal<D>(pub fn(&Record) -> Result<Vec<Entry<D>>, Indigestible>);

impl Journal<()> {
    /// Reads the event in a record.
    pub fn read<E: EventSet>(record: &Record) -> Result<schemas::Recorded<E>, Indigestible> {
        super::read(record)
    }
}

/// A [`Journal`] whatever its documents are.
pub trait Enter: Sync {
    /// Ids and bodies of the entries.
    fn entries(&self, record: &Record) -> Result<Vec<(String, String)>, Indigestible>;

    /// Reads a document and writes it again.
    fn reread(&self, body: &str) -> Result<String, Indigestible>;
}

impl<D: Serialize + DeserializeOwned + 'static> Enter for Journal<D> {
    fn entries(&self, record: &Record) -> Result<Vec<(String, String)>, Indigestible> {
        guarded(|| {
            let entries = (self.0)(record)?;
            entries.into_iter().map(|entry| Ok((entry.id, serde_json::to_string(&entry.document)?))).collect()
        })
    }

    fn reread(&self, body: &str) -> Result<String, Indigestible> {
        super::reread::<D>(body)
    }
}
