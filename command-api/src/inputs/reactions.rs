//! What is said about reactions that were given up.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which parked records are to be tried again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RedriveInput {
    /// Whose log they wait in: catalog, inventory, ordering, payments or shipping.
    #[schema(example = "inventory")]
    pub context: String,
    /// Who gave up.
    pub reactor: String,
    /// The stream whose records wait.
    #[schema(example = "order-0198c6f2-0000-7000-8000-000000000000")]
    pub stream: String,
}
