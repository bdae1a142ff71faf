//! Stock: received, adjusted, transferred, monitored.

use domain::stock::{AdjustStock, Adjustment, ReceiveStock, SetThresholds, TransferStock};
use schemas::{Context, Sku};

use super::{Commands, Target};
use crate::accepted::{Accepted, CommandError};
use crate::inputs::checks::{Problems, one_line_if};
use crate::inputs::{AdjustInput, ReceiveInput, ThresholdsInput, TransferInput};
use crate::meta::CommandMeta;
use crate::words;

impl Commands {
    /// Adds a delivery to the stock.
    pub async fn receive_stock(
        &self,
        meta: &CommandMeta,
        sku: &str,
        input: ReceiveInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let location = problems.parsed("location", &input.location);
        problems.at_least_one("quantity", input.quantity);
        let location = problems.all(location)?;
        let (sku, target) = item(sku)?;
        let receive = ReceiveStock {
            sku,
            location,
            qty: input.quantity,
            reference: one_line_if(input.reference.as_ref()),
        };
        self.execute(meta, "ReceiveStock", target, &input, receive).await
    }

    /// Corrects the quantity on hand.
    pub async fn adjust_stock(
        &self,
        meta: &CommandMeta,
        sku: &str,
        input: AdjustInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let location = problems.parsed("location", &input.location);
        let change = match (input.delta, input.count) {
            (Some(delta), None) => Some(Adjustment::Delta(delta)),
            (None, Some(count)) => Some(Adjustment::Count(count)),
            _ => {
                problems.add(
                    "ONE_OF",
                    "delta",
                    "Set either delta (the difference) or count (the new quantity).",
                );
                None
            }
        };
        let (location, change) = problems.all(location.zip(change))?;
        let (sku, target) = item(sku)?;
        let adjust = AdjustStock { sku, location, change, reason: input.reason };
        let mut result = self.execute(meta, "AdjustStock", target, &input, adjust).await;
        if let (Err(CommandError::Refused { refusal, .. }), Some(_)) = (&mut result, input.count) {
            words::rename(refusal, "delta", "count");
        }
        result
    }

    /// Transfers stock to another location.
    pub async fn transfer_stock(
        &self,
        meta: &CommandMeta,
        sku: &str,
        input: TransferInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let from = problems.parsed("from", &input.from);
        let to = problems.parsed("to", &input.to);
        problems.at_least_one("quantity", input.quantity);
        let (from, to) = problems.all(from.zip(to))?;
        let (sku, target) = item(sku)?;
        let given = one_line_if(input.transfer_id.as_ref());
        let transfer_id = given.unwrap_or_else(|| meta.command().to_string());
        let transfer = TransferStock { sku, from, to, qty: input.quantity, transfer_id };
        self.execute(meta, "TransferStock", target, &input, transfer).await
    }

    /// Sets the low-stock threshold and the safety stock, which is never promised.
    pub async fn set_thresholds(
        &self,
        meta: &CommandMeta,
        sku: &str,
        input: ThresholdsInput,
    ) -> Result<Accepted, CommandError> {
        let (sku, target) = item(sku)?;
        let (low_stock, safety_stock) = (input.low_stock, input.safety_stock);
        self.execute(meta, "SetThresholds", target, &input, SetThresholds { sku, low_stock, safety_stock })
            .await
    }
}

fn item(sku: &str) -> Result<(Sku, Target), CommandError> {
    let sku: Sku = sku.parse().map_err(|_| CommandError::NotFound("stock item"))?;
    let (stream, type_name) = (sku.stock_stream(), "StockItem");
    let target = Target { context: Context::Inventory, stream, id: sku.to_string(), type_name, flow: None };
    Ok((sku, target))
}
