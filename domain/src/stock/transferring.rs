//! Moving units between locations.

use schemas::stock::{StockTransferredIn, StockTransferredOut};
use schemas::{LocationId, Sku};

use super::draft::StockDraft;
use super::{REFERENCE, Stock, Transfer};
use crate::faults::Faults;
use crate::one_stream::one_stream;
use crate::{Draft, Refusal};

/// Moves units that are not reserved. Both locations are in the SKU's one stream, so units are never in transit.
#[derive(Clone, Debug)]
pub struct TransferStock {
    /// Stock of this SKU must be counted.
    pub sku: Sku,
    pub from: LocationId,
    /// Must differ from `from`.
    pub to: LocationId,
    /// At least 1.
    pub qty: u32,
    /// Id of the transfer, which is carried out once per SKU, however often the command is repeated. Another transfer of
    /// the SKU with the same id is refused with `TRANSFER_BOOKED`. At most 200 characters.
    pub transfer_id: String,
}

one_stream!(TransferStock, Stock, |it| it.sku.stock_stream(), transfer);

fn transfer(stock: &mut Draft<'_, Stock>, command: &TransferStock) -> Result<(), Refusal> {
    let item = stock.counted(&command.sku)?;
    let TransferStock { sku, from, to, qty, transfer_id } = command.clone();
    let mut faults = Faults::default();
    faults.line("transferId", &transfer_id, REFERENCE);
    if qty == 0 {
        faults.add("OUT_OF_RANGE", "qty", "qty must be at least 1.");
    }
    if from == to {
        faults.add("SAME_LOCATION", "to", "The units are already at this location. Choose another one.");
    }
    faults.refuse()?;
    if let Some(booked) = item.transfers.iter().find(|booked| booked.id == transfer_id) {
        let same = booked.from == from && booked.to == to && booked.qty == qty;
        return if same { Ok(()) } else { Err(booked_already(&sku, booked)) };
    }
    let place = item.levels.place(&from);
    if qty > place.free() {
        let message = format!(
            "{sku} has {} units on hand at {from}, of which {} are reserved for orders. At most {} can be moved.",
            place.on_hand,
            place.reserved,
            place.free()
        );
        return Err(Refusal::rule("INSUFFICIENT_STOCK", message).at("qty").retryable());
    }
    item.levels.has_room(&to, 0)?;

    let mut draft = StockDraft::of(stock);
    draft.levels.take(&from, qty);
    let after = draft.levels.after(&from);
    let out = StockTransferredOut { sku, transfer_id, qty, from, to, after };
    draft.append(out.clone());
    draft.levels.add(&out.to, qty);
    let StockTransferredOut { sku, transfer_id, qty, from, to, .. } = out;
    let after = draft.levels.after(&to);
    draft.append(StockTransferredIn { sku, transfer_id, qty, from, to, after });
    draft.finish();
    Ok(())
}

fn booked_already(sku: &Sku, booked: &Transfer) -> Refusal {
    let Transfer { from, to, qty, .. } = booked;
    let message = format!(
        "A transfer of {sku} with this id was already booked: {qty} units from {from} to {to}. Use another transferId for another transfer."
    );
    Refusal::rule("TRANSFER_BOOKED", message).at("transferId")
}
