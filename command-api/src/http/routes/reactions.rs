//! Reactions that were given up.

use http_server::Audience::Staff;

use crate::http::command::HttpCommand;
use crate::http::route::RouteGroup;
use crate::http::table::RouteTable;
use crate::inputs::RedriveInput;

const REACTIONS: RouteGroup = RouteGroup { context: None, audiences: &[Staff] };

pub(super) fn routes(table: RouteTable) -> RouteTable {
    table.command(
        REACTIONS.post(
            "/v1/reactions/redrive",
            "redriveReaction",
            "Redrives a parked reaction: its events are handled again, in order.",
        ),
        |command: HttpCommand<RedriveInput>| async move {
            command.commands.redrive(&command.meta, command.input).await
        },
    )
}
