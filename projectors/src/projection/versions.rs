//! Versions: one document per version of a stream, written once.

use platform::bus::Record;
use read_models::documents::versions::Version;
use schemas::{EventSet, Recorded};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ApplyError, guarded, read};
use crate::published::time;

/// A function that answers the state after the event; `None` is no state. A later event may begin a new one.
pub struct Versions<S, E: EventSet>(pub fn(Option<S>, &Recorded<E>) -> Option<S>);

/// [`Versions`] of any state and events.
pub trait Keep: Sync {
    /// Folds consecutive `records` onto the version before them, and answers the versions after each. Stops before the first
    /// that cannot be applied.
    fn fold(&self, before: Option<&str>, records: &[Record]) -> Kept;

    /// Reads a document and writes it again.
    fn reread(&self, body: &str) -> Result<String, ApplyError>;
}

/// The outcome of a fold.
pub struct Kept {
    /// One for each applied record.
    pub bodies: Vec<String>,
    /// Why not all of them were.
    pub problem: Option<ApplyError>,
}

impl<S, E> Versions<S, E>
where
    S: Serialize + DeserializeOwned + 'static,
    E: EventSet,
{
    fn after(&self, before: Option<Version<S>>, record: &Record) -> Result<(Version<S>, String), ApplyError> {
        let event = read(record)?;
        let at = time(event.envelope.time);
        let (state, since) = match before {
            Some(before) => (before.state, before.since.max(at)),
            None => (None, at),
        };
        let version = Version {
            stream: event.envelope.stream.to_string(),
            version: event.envelope.version,
            since,
            state: (self.0)(state, &event),
        };
        let body = serde_json::to_string(&version)?;
        Ok((version, body))
    }
}

impl<S, E> Keep for Versions<S, E>
where
    S: Serialize + DeserializeOwned + 'static,
    E: EventSet,
{
    fn fold(&self, before: Option<&str>, records: &[Record]) -> Kept {
        let mut bodies = Vec::with_capacity(records.len());
        let mut version: Option<Version<S>> = match before.map(serde_json::from_str).transpose() {
            Ok(before) => before,
            Err(error) => return Kept { bodies, problem: Some(error.into()) },
        };
        for record in records {
            match guarded(|| self.after(version.take(), record)) {
                Ok((after, body)) => {
                    version = Some(after);
                    bodies.push(body);
                }
                Err(problem) => return Kept { bodies, problem: Some(problem) },
            }
        }
        Kept { bodies, problem: None }
    }

    fn reread(&self, body: &str) -> Result<String, ApplyError> {
        super::reread::<Version<S>>(body)
    }
}
