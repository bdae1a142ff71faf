//! Reactions that were given up.

use crate::http::Side::Staff;
use crate::http::call::Call;
use crate::http::table::{Group, Table};
use crate::inputs::RedriveInput;

const REACTIONS: Group = Group { context: None, sides: &[Staff] };

pub(super) fn routes(table: Table) -> Table {
    table.command(
        REACTIONS.post(
            "/v1/reactions/redrive",
            "redriveReaction",
            "Has a stream's parked records tried again, in order.",
        ),
        |call: Call<RedriveInput>| async move { call.shop.redrive(&call.meta, call.input).await },
    )
}
