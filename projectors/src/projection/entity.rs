//! Entities: one document per stream, its version the stream's.

use platform::bus::Record;
use schemas::{EventSet, Recorded};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ApplyError, guarded, read};

/// A function that answers the document after the event; `None` deletes it.
pub struct Entity<D, E: EventSet>(pub fn(Option<D>, &Recorded<E>) -> Option<D>);

/// An [`Entity`] of any document and events.
pub trait Evolve: Sync {
    /// Folds consecutive `records` onto the document. Stops before the first that cannot be applied.
    fn fold(&self, body: Option<&str>, records: &[Record]) -> Folded;

    /// Reads a document and writes it again.
    fn reread(&self, body: &str) -> Result<String, ApplyError>;
}

/// The outcome of a fold.
pub struct Folded {
    /// The document after the applied records.
    pub body: Option<String>,
    /// How many records were applied.
    pub applied: usize,
    /// Why not all of them were.
    pub problem: Option<ApplyError>,
}

impl<D, E> Entity<D, E>
where
    D: Serialize + DeserializeOwned + 'static,
    E: EventSet,
{
    fn try_fold(
        &self,
        body: Option<&str>,
        records: &[Record],
    ) -> Result<Option<String>, (usize, ApplyError)> {
        let mut document: Option<D> =
            body.map(serde_json::from_str).transpose().map_err(|error| (0, ApplyError::from(error)))?;
        for (applied, record) in records.iter().enumerate() {
            let step = guarded(|| Ok((self.0)(document.take(), &read(record)?)));
            document = step.map_err(|problem| (applied, problem))?;
        }
        let body = document.as_ref().map(serde_json::to_string).transpose();
        body.map_err(|error| (records.len().saturating_sub(1), ApplyError::from(error)))
    }
}

impl<D, E> Evolve for Entity<D, E>
where
    D: Serialize + DeserializeOwned + 'static,
    E: EventSet,
{
    fn fold(&self, body: Option<&str>, records: &[Record]) -> Folded {
        match self.try_fold(body, records) {
            Ok(body) => Folded { body, applied: records.len(), problem: None },
            Err((0, problem)) => Folded { body: body.map(str::to_owned), applied: 0, problem: Some(problem) },
            // The failed step consumed the document, so the records before it are folded again.
            Err((applied, problem)) => {
                let before = self.fold(body, records.get(..applied).unwrap_or_default());
                Folded { problem: Some(problem), ..before }
            }
        }
    }

    fn reread(&self, body: &str) -> Result<String, ApplyError> {
        super::reread::<D>(body)
    }
}
