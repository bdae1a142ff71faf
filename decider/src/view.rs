//! Local views: what a context has learnt from other contexts' events. Private to the context, and rebuildable.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::DecodeError;

/// An entry of a view.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewKey {
    /// The name of the view.
    pub view: &'static str,
    /// The key of the entry.
    pub key: String,
}

/// A write to an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewWrite {
    /// The entry.
    pub key: ViewKey,
    /// Its new JSON. `None` removes it.
    pub value: Option<Value>,
}

/// From the entries that were asked for and one event, envelope and payload, to the entries that change.
pub type Learn<Envelope> =
    fn(&BTreeMap<ViewKey, Value>, &Envelope, &str) -> Result<Vec<ViewWrite>, DecodeError>;

/// How a context learns from topics. Entries carry what makes learning twice the same as learning once (a stream's version).
/// `Topic` and `Envelope` are the program's own: the kernel only passes them on.
pub struct LocalView<Topic: 'static, Envelope> {
    /// The view's name.
    pub name: &'static str,
    /// Where it learns from.
    pub topics: &'static [Topic],
    /// The entries that learning from this event needs to see.
    pub reads: fn(&Envelope) -> Vec<ViewKey>,
    /// The entries that this event changes.
    pub learn: Learn<Envelope>,
}
