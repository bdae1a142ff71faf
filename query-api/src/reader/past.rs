//! States of the past.

use std::sync::Arc;

use read_models::documents::versions::{self, Version};
use read_models::{Collection, Document};
use serde::de::DeserializeOwned;

use super::{Doc, Reader};
use crate::fault::Fault;
use crate::scalars::DateTime;

/// A moment in the life of a stream.
pub(crate) enum Moment {
    /// Events of this time have happened.
    At(String),
    /// After so many events.
    Version(u64),
}

impl Moment {
    /// The moment that a field's arguments name: exactly one must be given.
    pub(crate) fn of(at: Option<DateTime>, version: Option<u64>) -> Result<Self, Fault> {
        match (at, version) {
            (Some(at), None) => Ok(Self::At(at.0)),
            (None, Some(version)) => Ok(Self::Version(version)),
            _ => Err(Fault::BadInput("pass exactly one of at and version".to_owned())),
        }
    }
}

/// A state of a stream.
pub(crate) struct Past<S> {
    /// The state, with the stream's id and its version then.
    pub(crate) document: Arc<Doc<S>>,
    /// The time from which it was the state.
    pub(crate) since: String,
}

impl Reader {
    /// The state of a stream at that moment; `None` if it had none or does not have the version.
    pub(crate) async fn past<S: DeserializeOwned>(
        &self,
        collection: &'static Collection,
        stream: String,
        moment: Moment,
    ) -> Result<Option<Past<S>>, Fault> {
        let found: Option<Document<Version<S>>> = match moment {
            Moment::Version(version) => self.load_one(collection, versions::id(&stream, version)).await?,
            Moment::At(at) => {
                let query = versions::as_of(&stream, Some(at));
                self.find(collection, &query).await?.pop().map(|(document, _)| document)
            }
        };
        let Some(Version { version, since, state, .. }) = found.and_then(|document| document.value) else {
            return Ok(None);
        };
        Ok(state.map(|value| Past { document: Arc::new(Doc { id: stream, version, value }), since }))
    }
}
