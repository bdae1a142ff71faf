//! Correcting stock levels.

use schemas::stock::{AdjustmentReason, StockAdjusted};
use schemas::{LocationId, Sku};

use super::Stock;
use super::draft::StockDraft;
use crate::one_stream::one_stream;
use crate::{Draft, Refusal};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// Change of the number of units; negative to remove some. Repeating the command corrects twice; retries are
    /// recognised by the idempotency ledger.
    Delta(i64),
    /// Counted number of units.
    Count(u32),
}

/// Corrects the number of units on hand at a location; never to fewer than are reserved there.
#[derive(Clone, Debug)]
pub struct AdjustStock {
    /// Stock of this SKU must be counted.
    pub sku: Sku,
    pub location: LocationId,
    pub change: Adjustment,
    pub reason: AdjustmentReason,
}

one_stream!(AdjustStock, Stock, |it| it.sku.stock_stream(), adjust);

fn adjust(stock: &mut Draft<'_, Stock>, command: &AdjustStock) -> Result<(), Refusal> {
    let item = stock.counted(&command.sku)?;
    let place = item.levels.place(&command.location);
    let delta = match command.change {
        Adjustment::Delta(delta) => delta,
        Adjustment::Count(count) => i64::from(count) - i64::from(place.on_hand),
    };
    if delta == 0 {
        return Ok(());
    }
    // The sum of a level and a change within these limits fits in 64 bits.
    let wanted = i64::from(place.on_hand).saturating_add(delta);
    if wanted < i64::from(place.reserved) {
        let message = format!(
            "{} has {} units on hand at {}, of which {} are reserved for orders; {wanted} would be too few. Cancel orders first, or keep \
             at least {}.",
            command.sku, place.on_hand, command.location, place.reserved, place.reserved
        );
        return Err(Refusal::rule("BELOW_RESERVED", message).at("change").retryable());
    }
    let more = u32::try_from(delta.max(0)).unwrap_or(u32::MAX);
    item.levels.has_room(&command.location, more)?;

    let mut draft = StockDraft::of(stock);
    draft.levels.correct(&command.location, delta);
    draft.append(StockAdjusted {
        sku: command.sku.clone(),
        location: command.location.clone(),
        delta,
        reason: command.reason,
        on_hand_before: place.on_hand,
        after: draft.levels.after(&command.location),
    });
    draft.finish();
    Ok(())
}
