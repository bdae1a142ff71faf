//! Journals: documents that are written once and never change.

use platform::bus::Record;
use schemas::EventSet;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ApplyError, guarded};

/// An entry of a journal. Its id must be derived from the event's, so that the same event always makes the same entries.
pub struct Entry<D> {
    /// Unique in the journal.
    pub id: String,
    pub document: D,
}

/// A function that answers the entries of a record. Some journals take events of all kinds, so the record is not decoded;
/// the others decode it with [`Journal::read`].
pub struct Journal<D>(pub fn(&Record) -> Result<Vec<Entry<D>>, ApplyError>);

impl Journal<()> {
    /// Reads the event in a record.
    pub fn read<E: EventSet>(record: &Record) -> Result<schemas::Recorded<E>, ApplyError> {
        super::read(record)
    }
}

/// A [`Journal`] of any documents.
pub trait Enter: Sync {
    /// Ids and bodies of the entries.
    fn entries(&self, record: &Record) -> Result<Vec<(String, String)>, ApplyError>;

    /// Reads a document and writes it again.
    fn reread(&self, body: &str) -> Result<String, ApplyError>;
}

impl<D: Serialize + DeserializeOwned + 'static> Enter for Journal<D> {
    fn entries(&self, record: &Record) -> Result<Vec<(String, String)>, ApplyError> {
        guarded(|| {
            let entries = (self.0)(record)?;
            entries.into_iter().map(|entry| Ok((entry.id, serde_json::to_string(&entry.document)?))).collect()
        })
    }

    fn reread(&self, body: &str) -> Result<String, ApplyError> {
        super::reread::<D>(body)
    }
}
