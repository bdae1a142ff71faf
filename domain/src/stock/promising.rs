//! What a reservation does to the stock of one SKU: part of decisions over several streams.

use schemas::stock::{StockCommitted, StockEvent, StockReleased, StockReserved};
use schemas::{LineId, LocationId, OrderId};

use super::Item;
use super::story::Story;

/// Units for lines of an order, at one location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Where.
    pub location: LocationId,
    /// For which lines.
    pub line_ids: Vec<LineId>,
    /// How many, for all of them.
    pub qty: u32,
}

impl Item {
    /// Promises to an order what is free: the caller has chosen parts that are.
    pub(crate) fn reserve(&self, order_id: OrderId, parts: &[Part]) -> Vec<StockEvent> {
        let mut story = Story::of(self);
        for Part { location, line_ids, qty } in parts.iter().cloned() {
            story.levels.reserve(&location, qty);
            let (sku, after) = (self.sku.clone(), story.levels.after(&location));
            story.tell(StockReserved { sku, order_id, line_ids, location, qty, after });
        }
        story.told()
    }

    /// Takes a promise back, as far as the order holds it.
    pub(crate) fn release(&self, order_id: OrderId, parts: &[Part]) -> Vec<StockEvent> {
        let mut story = Story::of(self);
        for Part { location, line_ids, qty } in self.held_parts(order_id, parts) {
            story.levels.release(&location, qty);
            let (sku, after) = (self.sku.clone(), story.levels.after(&location));
            story.tell(StockReleased { sku, order_id, line_ids, location, qty, after });
        }
        story.told()
    }

    /// Lets go out of the house what was promised, as far as the order holds it.
    pub(crate) fn commit(&self, order_id: OrderId, parts: &[Part]) -> Vec<StockEvent> {
        let mut story = Story::of(self);
        for Part { location, line_ids, qty } in self.held_parts(order_id, parts) {
            story.levels.release(&location, qty);
            story.levels.take(&location, qty);
            let (sku, after) = (self.sku.clone(), story.levels.after(&location));
            story.tell(StockCommitted { sku, order_id, line_ids, location, qty, after });
        }
        story.told()
    }

    fn held_parts(&self, order: OrderId, parts: &[Part]) -> impl Iterator<Item = Part> {
        let held = move |part: &Part| Part {
            qty: part.qty.min(self.held_by(order, &part.location)),
            ..part.clone()
        };
        parts.iter().map(held).filter(|part| part.qty > 0)
    }
}
