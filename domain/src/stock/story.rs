//! The events of one decision about a SKU, with the levels after each, and the edges that were crossed in the end.

use schemas::stock::{BackInStock, LowStockReached, StockDepleted, StockEvent};

use super::{Item, Levels};

/// Events in the making.
pub(super) struct Story<'a> {
    item: &'a Item,
    /// The levels after the events so far.
    pub levels: Levels,
    events: Vec<StockEvent>,
}

impl<'a> Story<'a> {
    pub fn of(item: &'a Item) -> Self {
        Self { item, levels: item.levels.clone(), events: Vec::new() }
    }

    pub fn tell(&mut self, event: impl Into<StockEvent>) {
        self.events.push(event.into());
    }

    /// All events, and those of the edges that lie between before and after. What is crossed and crossed back in one
    /// decision (a transfer) is no edge.
    pub fn told(mut self) -> Vec<StockEvent> {
        let (before, after) = (self.item.levels.in_all().available, self.levels.in_all().available);
        let sku = &self.item.sku;
        if self.levels.is_low() && !self.item.levels.is_low() {
            let low =
                LowStockReached { sku: sku.clone(), available: after, threshold: self.levels.low_stock };
            self.events.push(low.into());
        }
        if before > 0 && after == 0 {
            self.events.push(StockDepleted { sku: sku.clone() }.into());
        }
        if before == 0 && after > 0 {
            self.events.push(BackInStock { sku: sku.clone(), available: after }.into());
        }
        self.events
    }
}
