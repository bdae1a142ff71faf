//! Effects of a reservation on the stock of one SKU: part of decisions over several streams.

use schemas::stock::{StockCommitted, StockReleased, StockReserved};
use schemas::{LineId, LocationId, OrderId, Sku};

use super::Stock;
use super::draft::StockDraft;
use crate::Draft;

/// Units at one location for lines of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub location: LocationId,
    pub line_ids: Vec<LineId>,
    /// Number of units for all lines together.
    pub qty: u32,
}

impl Stock {
    /// The parts, limited to the units that the order has reserved.
    fn held_parts(&self, order_id: OrderId, parts: &[Part]) -> Vec<Part> {
        let held = |part: &Part| self.item().map_or(0, |item| item.held_by(order_id, &part.location));
        let held = parts.iter().map(|part| Part { qty: part.qty.min(held(part)), ..part.clone() });
        held.filter(|part| part.qty > 0).collect()
    }
}

/// Reserves units for an order. The caller has checked that they are free.
pub(crate) fn reserve(stock: &mut Draft<'_, Stock>, sku: &Sku, order_id: OrderId, parts: &[Part]) {
    let mut draft = StockDraft::of(stock);
    for Part { location, line_ids, qty } in parts.iter().cloned() {
        draft.levels.reserve(&location, qty);
        let (sku, after) = (sku.clone(), draft.levels.after(&location));
        draft.append(StockReserved { sku, order_id, line_ids, location, qty, after });
    }
    draft.finish();
}

/// Releases reserved units, but no more than the order holds.
pub(crate) fn release(stock: &mut Draft<'_, Stock>, sku: &Sku, order_id: OrderId, parts: &[Part]) {
    let parts = stock.held_parts(order_id, parts);
    let mut draft = StockDraft::of(stock);
    for Part { location, line_ids, qty } in parts {
        draft.levels.release(&location, qty);
        let (sku, after) = (sku.clone(), draft.levels.after(&location));
        draft.append(StockReleased { sku, order_id, line_ids, location, qty, after });
    }
    draft.finish();
}

/// Removes reserved units from the stock, but no more than the order has reserved.
pub(crate) fn commit(stock: &mut Draft<'_, Stock>, sku: &Sku, order_id: OrderId, parts: &[Part]) {
    let parts = stock.held_parts(order_id, parts);
    let mut draft = StockDraft::of(stock);
    for Part { location, line_ids, qty } in parts {
        draft.levels.release(&location, qty);
        draft.levels.take(&location, qty);
        let (sku, after) = (sku.clone(), draft.levels.after(&location));
        draft.append(StockCommitted { sku, order_id, line_ids, location, qty, after });
    }
    draft.finish();
}
