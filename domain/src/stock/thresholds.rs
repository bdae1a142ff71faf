//! Low-stock threshold and safety stock.

use schemas::Sku;
use schemas::stock::StockThresholdsSet;

use super::draft::StockDraft;
use super::{MOST, Stock};
use crate::faults::Faults;
use crate::one_stream::one_stream;
use crate::{Draft, Refusal};

/// Sets the low-stock threshold and the safety stock, over all locations. The safety stock may exceed the stock; then
/// nothing is available. Existing reservations are not affected.
#[derive(Clone, Debug)]
pub struct SetThresholds {
    /// Stock of this SKU must be counted.
    pub sku: Sku,
    /// At or below this many available, stock is low; 0: no warning.
    pub low_stock: u32,
    /// Units, over all locations, that are never available to orders.
    pub safety_stock: u32,
}

one_stream!(SetThresholds, Stock, |it| it.sku.stock_stream(), set_thresholds);

fn set_thresholds(stock: &mut Draft<'_, Stock>, command: &SetThresholds) -> Result<(), Refusal> {
    let item = stock.counted(&command.sku)?;
    let mut faults = Faults::default();
    for (field, value) in [("lowStock", command.low_stock), ("safetyStock", command.safety_stock)] {
        if value > MOST {
            faults.add("OUT_OF_RANGE", field, format!("{field} must be at most {MOST}."));
        }
    }
    faults.refuse()?;
    if (item.levels.low_stock, item.levels.safety_stock) == (command.low_stock, command.safety_stock) {
        return Ok(());
    }
    let mut draft = StockDraft::of(stock);
    draft.levels.low_stock = command.low_stock;
    draft.levels.safety_stock = command.safety_stock;
    draft.append(StockThresholdsSet {
        sku: command.sku.clone(),
        low_stock: command.low_stock,
        safety_stock: command.safety_stock,
        in_all: draft.levels.in_all(),
    });
    draft.finish();
    Ok(())
}
