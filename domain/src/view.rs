//! Local views: what a context has learnt from other contexts' topics, private and rebuildable.

use std::collections::BTreeMap;

use schemas::{DecodeError, Envelope, Topic};
use serde_json::Value;

/// An entry of a view.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewKey {
    /// The view's name: `price-book`.
    pub view: &'static str,
    /// The entry's.
    pub key: String,
}

/// An entry as it is from now on; `None` removes it.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewWrite {
    /// Which.
    pub key: ViewKey,
    /// Its JSON.
    pub value: Option<Value>,
}

/// From the entries that were asked for and one event, envelope and payload, to the entries that change.
pub type Learn = fn(&BTreeMap<ViewKey, Value>, &Envelope, &str) -> Result<Vec<ViewWrite>, DecodeError>;

/// How a context learns. Entries must carry what makes learning twice the same as learning once (a stream's version).
pub struct LocalView {
    /// The view's name.
    pub name: &'static str,
    /// Where it learns from.
    pub topics: &'static [Topic],
    /// The entries that learning from this event needs to see.
    pub reads: fn(&Envelope) -> Vec<ViewKey>,
    /// The entries that this event changes.
    pub learn: Learn,
}
