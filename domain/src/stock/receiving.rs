//! Booking deliveries.

use schemas::stock::StockReceived;
use schemas::{LocationId, Sku};

use super::draft::StockDraft;
use super::{REFERENCE, Stock};
use crate::faults::Faults;
use crate::one_stream::one_stream;
use crate::{Draft, Refusal};

/// Books a delivery. With a reference it is booked once per SKU and location, however often the command is repeated;
/// without one, every command is booked.
#[derive(Clone, Debug)]
pub struct ReceiveStock {
    /// Stock of this SKU must be counted.
    pub sku: Sku,
    pub location: LocationId,
    /// At least 1.
    pub qty: u32,
    /// Reference that is unique per delivery, for example the number of the delivery note; at most 200 characters.
    pub reference: Option<String>,
}

one_stream!(ReceiveStock, Stock, |it| it.sku.stock_stream(), receive);

fn receive(stock: &mut Draft<'_, Stock>, command: &ReceiveStock) -> Result<(), Refusal> {
    let item = stock.counted(&command.sku)?;
    let mut faults = Faults::default();
    if command.qty == 0 {
        faults.add("OUT_OF_RANGE", "qty", "qty must be at least 1.");
    }
    if let Some(reference) = &command.reference {
        faults.line("reference", reference, REFERENCE);
    }
    faults.refuse()?;
    if let Some(reference) = &command.reference
        && let Some((_, _, booked)) = item
            .deliveries
            .iter()
            .find(|(location, known, _)| *location == command.location && known == reference)
    {
        return if *booked == command.qty { Ok(()) } else { Err(booked_already(command, *booked)) };
    }
    item.levels.has_room(&command.location, command.qty)?;

    let mut draft = StockDraft::of(stock);
    let on_hand_before = draft.levels.place(&command.location).on_hand;
    draft.levels.add(&command.location, command.qty);
    draft.append(StockReceived {
        sku: command.sku.clone(),
        location: command.location.clone(),
        qty: command.qty,
        on_hand_before,
        after: draft.levels.after(&command.location),
        reference: command.reference.clone(),
    });
    draft.finish();
    Ok(())
}

fn booked_already(command: &ReceiveStock, booked: u32) -> Refusal {
    let message = format!(
        "The delivery of {} with this reference was already booked at {} with quantity {booked}, not {}. Use another reference, or adjust the stock.",
        command.sku, command.location, command.qty
    );
    Refusal::rule("DELIVERY_BOOKED", message).at("reference")
}
