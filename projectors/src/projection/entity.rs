//! Entities: one document per stream, its version the stream's.

use platform::bus::Record;
use schemas::{EventSet, Recorded};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Indigestible, guarded, read};

/// Answers the document after the event; `None` deletes it.
pub struct Entity<D, E: EventSet>(pub fn(Option<D>, &Recorded<E>) -> Option<D>);

/// An [`Entity`] whatever its document and events are.
pub trait Evolve: Sync {
    /// Folds `records`, which follow each other, onto the document. Stops before the first that it cannot take in.
    fn fold(&self, body: Option<&str>, records: &[Record]) -> Folded;

    /// Reads a document and writes it again.
    fn reread(&self, body: &str) -> Result<String, Indigestible>;
}

/// What became of a fold.
pub struct Folded {
    /// The document after what was taken in.
    pub body: Option<String>,
    /// How many records were taken in.
    pub digested: usize,
    /// Why not all of them.
    pub problem: Option<Indigestible>,
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
    ) -> Result<Option<String>, (usize, Indigestible)> {
        let mut document: Option<D> =
            body.map(serde_json::from_str).transpose().map_err(|error| (0, Indigestible::from(error)))?;
        for (digested, record) in records.iter().enumerate() {
            let step = guarded(|| Ok((self.0)(document.take(), &read(record)?)));
            document = step.map_err(|problem| (digested, problem))?;
        }
        let body = document.as_ref().map(serde_json::to_string).transpose();
        body.map_err(|error| (records.len().saturating_sub(1), Indigestible::from(error)))
    }
}

impl<D, E> Evolve for Entity<D, E>
where
    D: Serialize + DeserializeOwned + 'static,
    E: EventSet,
{
    fn fold(&self, body: Option<&str>, records: &[Record]) -> Folded {
        match self.try_fold(body, records) {
            Ok(body) => Folded { body, digested: records.len(), problem: None },
            Err((0, problem)) => {
                Folded { body: body.map(str::to_owned), digested: 0, problem: Some(problem) }
            }
            // The document was lost with the step that failed, so what went before is folded once more.
            Err((digested, problem)) => {
                let before = self.fold(body, records.get(..digested).unwrap_or_default());
                Folded { problem: Some(problem), ..before }
            }
        }
    }

    fn reread(&self, body: &str) -> Result<String, Indigestible> {
        super::reread::<D>(body)
    }
}
