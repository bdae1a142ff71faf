//! Stock.

use http_server::Audience::Staff;
use schemas::Context;

use crate::http::command::HttpCommand;
use crate::http::route::RouteGroup;
use crate::http::table::RouteTable;
use crate::inputs::{AdjustInput, ReceiveInput, ThresholdsInput, TransferInput};

const STOCK: RouteGroup = RouteGroup { context: Some(Context::Inventory), audiences: &[Staff] };

pub(super) fn routes(table: RouteTable) -> RouteTable {
    table
        .command(
            STOCK.post("/v1/stock/{sku}/receive", "receiveStock", "Books a delivery."),
            |command: HttpCommand<ReceiveInput>| async move {
                command.commands.receive_stock(&command.meta, &command.sku, command.input).await
            },
        )
        .command(
            STOCK.post("/v1/stock/{sku}/adjust", "adjustStock", "Corrects how many there are."),
            |command: HttpCommand<AdjustInput>| async move {
                command.commands.adjust_stock(&command.meta, &command.sku, command.input).await
            },
        )
        .command(
            STOCK.post("/v1/stock/{sku}/transfer", "transferStock", "Moves goods to another location."),
            |command: HttpCommand<TransferInput>| async move {
                command.commands.transfer_stock(&command.meta, &command.sku, command.input).await
            },
        )
        .command(
            STOCK.put(
                "/v1/stock/{sku}/thresholds",
                "setThresholds",
                "Says when stock is low and how much is never promised.",
            ),
            |command: HttpCommand<ThresholdsInput>| async move {
                command.commands.set_thresholds(&command.meta, &command.sku, command.input).await
            },
        )
}
