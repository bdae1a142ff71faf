//! Counted stock during one decision.

use schemas::stock::{BackInStock, LowStockReached, StockDepleted, StockEvent};

use super::{Levels, Stock};
use crate::Draft;

/// Counted stock, and the events that one decision appends to it. Each event carries the levels after it. Events for
/// crossed thresholds follow at the end.
pub(super) struct StockDraft<'d, 'a> {
    stock: &'d mut Draft<'a, Stock>,
    before: Levels,
    /// The levels after the event that is appended next.
    pub levels: Levels,
}

impl<'d, 'a> StockDraft<'d, 'a> {
    pub(super) fn of(stock: &'d mut Draft<'a, Stock>) -> Self {
        let before = stock.item().map(|item| item.levels.clone()).unwrap_or_default();
        Self { stock, levels: before.clone(), before }
    }

    pub(super) fn append(&mut self, event: impl Into<StockEvent>) {
        self.stock.append(event);
    }

    /// Appends events for the thresholds that were crossed between before and after. A threshold that is crossed in both
    /// directions in one decision (a transfer) yields no event.
    pub(super) fn finish(mut self) {
        let Some(sku) = self.stock.item().map(|item| item.sku.clone()) else { return };
        let (before, after) = (self.before.in_all().available, self.levels.in_all().available);
        if self.levels.is_low() && !self.before.is_low() {
            let threshold = self.levels.low_stock;
            self.append(LowStockReached { sku: sku.clone(), available: after, threshold });
        }
        if before > 0 && after == 0 {
            self.append(StockDepleted { sku: sku.clone() });
        }
        if before == 0 && after > 0 {
            self.append(BackInStock { sku, available: after });
        }
    }
}
