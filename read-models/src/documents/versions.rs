//! Collections that keep each version of a document: one document per version of a stream, with the state after its event.

use serde::{Deserialize, Serialize};

use crate::port::{Direction, Filter, Index, Query, Value};

/// Indexes: versions of a stream by the time from which they were the state.
pub const INDEXES: &[Index] = &[Index::Pair("stream", "since")];

/// The state of a stream after one of its events. **Stored format.**
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version<S> {
    /// Id of the stream.
    pub stream: String,
    /// Version of the stream: the number of its events up to this state.
    pub version: u64,
    /// The latest time of these events. It never falls from one version to the next, although a clock that was set back may
    /// give a later event an earlier time.
    pub since: String,
    /// `None` if the events left nothing.
    pub state: Option<S>,
}

/// The digits of a version in an id, so that ids of a stream sort by version.
const DIGITS: usize = 10;

/// The id of a version of a stream.
pub fn id(stream: &str, version: u64) -> String {
    format!("{stream}@{version:0DIGITS$}")
}

/// The version in an [`id`]; `None` if it is not one.
pub fn of_id(id: &str) -> Option<u64> {
    id.rsplit_once('@')?.1.parse().ok()
}

/// Finds the state of a stream at a time: the last version all of whose events have that time or an earlier one. Without a
/// time, finds the newest version.
pub fn as_of(stream: &str, at: Option<String>) -> Query {
    let mut filters = vec![Filter::In("stream", vec![Value::Text(stream.to_owned())])];
    filters.extend(at.map(|at| Filter::Between("since", None, Some(Value::Text(at)))));
    // Versions with equal times are in the order of their ids.
    Query { filters, sort: vec![("since", Direction::Descending)], limit: 1, ..Query::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_version_and_contain_it() {
        assert!(id("stock-A", 9) < id("stock-A", 10));
        assert_eq!(of_id(&id("stock-A@1", 12)), Some(12));
        assert_eq!((of_id("stock-A"), of_id("stock-A@")), (None, None));
    }
}
