//! Stock.

use schemas::Context;

use crate::http::Side::Staff;
use crate::http::call::Call;
use crate::http::table::{Group, Table};
use crate::inputs::{AdjustInput, ReceiveInput, ThresholdsInput, TransferInput};

const STOCK: Group = Group { context: Some(Context::Inventory), sides: &[Staff] };

pub(super) fn routes(table: Table) -> Table {
    table
        .command(
            STOCK.post("/v1/stock/{sku}/receive", "receiveStock", "Books a delivery."),
            |call: Call<ReceiveInput>| async move {
                call.shop.receive_stock(&call.meta, &call.sku, call.input).await
            },
        )
        .command(
            STOCK.post("/v1/stock/{sku}/adjust", "adjustStock", "Corrects how many there are."),
            |call: Call<AdjustInput>| async move {
                call.shop.adjust_stock(&call.meta, &call.sku, call.input).await
            },
        )
        .command(
            STOCK.post("/v1/stock/{sku}/transfer", "transferStock", "Moves goods to another location."),
            |call: Call<TransferInput>| async move {
                call.shop.transfer_stock(&call.meta, &call.sku, call.input).await
            },
        )
        .command(
            STOCK.put(
                "/v1/stock/{sku}/thresholds",
                "setThresholds",
                "Says when stock is low and how much is never promised.",
            ),
            |call: Call<ThresholdsInput>| async move {
                call.shop.set_thresholds(&call.meta, &call.sku, call.input).await
            },
        )
}
