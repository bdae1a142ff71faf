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
            STOCK.post("/v1/stock/{sku}/receive", "receiveStock", "Books a delivery of goods to a location."),
            |command: HttpCommand<ReceiveInput>| async move {
                command.commands.receive_stock(&command.meta, &command.sku, command.input).await
            },
        )
        .command(
            STOCK.post("/v1/stock/{sku}/adjust", "adjustStock", "Corrects the stock at a location."),
            |command: HttpCommand<AdjustInput>| async move {
                command.commands.adjust_stock(&command.meta, &command.sku, command.input).await
            },
        )
        .command(
            STOCK.post(
                "/v1/stock/{sku}/transfer",
                "transferStock",
                "Moves goods from one location to another.",
            ),
            |command: HttpCommand<TransferInput>| async move {
                command.commands.transfer_stock(&command.meta, &command.sku, command.input).await
            },
        )
        .command(
            STOCK.put(
                "/v1/stock/{sku}/thresholds",
                "setThresholds",
                "Sets the low-stock threshold and the safety stock of a SKU.",
            ),
            |command: HttpCommand<ThresholdsInput>| async move {
                command.commands.set_thresholds(&command.meta, &command.sku, command.input).await
            },
        )
}
