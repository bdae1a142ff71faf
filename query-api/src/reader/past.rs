//! States of the past.

use std::sync::Arc;

use read_models::documents::versions::{self, Version};
use read_models::{Collection, Document};
use serde::de::DeserializeOwned;

use super::{Doc, Reader};
use crate::fault::Fault;
use crate::input::Moment;

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
                let query = versions::as_of(&stream, Some(at.0));
                self.find(collection, &query).await?.pop().map(|(document, _)| document)
            }
        };
        let Some(Version { version, since, state, .. }) = found.and_then(|document| document.value) else {
            return Ok(None);
        };
        Ok(state.map(|value| Past { document: Arc::new(Doc { id: stream, version, value }), since }))
    }
}
