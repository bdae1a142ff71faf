//! Which logs the documents of a store are built from. Id: the context.

use serde::{Deserialize, Serialize};

use crate::port::Collection;

/// One document per context, written once.
pub static SOURCES: Collection = Collection { name: "sources", shape: 1, indexes: &[] };

/// A log. **Stored format.**
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// The epoch of the log.
    pub epoch: String,
}
