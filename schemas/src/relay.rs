//! How far a context's relay is: records of [`RELAY_TOPIC`](crate::topics::RELAY_TOPIC), keyed by context, of which only the
//! last one counts. For Chorale's own processes; nobody else should build on it. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::audit::context_name;
use crate::{Context, Timestamp};

/// Up to where a log stands on its topics. Written in the transaction of the records that it tells of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RelayMark {
    /// Whose log.
    #[schemars(schema_with = "context_name")]
    pub context: Context,
    /// Which life of the log.
    pub epoch: Uuid,
    /// All events up to here stand on their topics; 0 for none.
    pub position: u64,
    /// The hash chain at that position, lower-case hex.
    #[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
    pub hash: String,
    /// Up to when the topics are complete: the log ended there when its end was read at this instant.
    pub as_of: Timestamp,
}
