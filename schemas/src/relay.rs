//! Progress of the relays: records of [`RELAY_TOPIC`](crate::topics::RELAY_TOPIC), keyed by context. Only the last record
//! of a key counts. Internal: other programs should not rely on it. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::audit::context_name;
use crate::{Context, Timestamp};

/// Progress of a context's relay, written in the same transaction as the records that it covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RelayMark {
    /// Context that owns the log.
    #[schemars(schema_with = "context_name")]
    pub context: Context,
    /// The log's epoch. It changes when a log is restored or forked.
    pub epoch: Uuid,
    /// All events up to this position have been published; 0 for none.
    pub position: u64,
    /// The log's hash chain at `position`, as lower-case hex.
    #[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
    pub hash: String,
    /// The topics are complete up to this instant: the log ended at `position` when the relay read its end.
    pub as_of: Timestamp,
}
