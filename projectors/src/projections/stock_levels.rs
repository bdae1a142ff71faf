//! Levels and figures of SKUs.

use read_models::documents::stock_levels::{self, StockLevel};
use schemas::stock::StockEvent;
use schemas::{Recorded, Topic};

use super::stock;
use crate::projection::{Entity, Projection};

/// Entity of the stock item's stream.
pub static STOCK_LEVELS: Projection =
    Projection::entity(&stock_levels::STOCK_LEVELS, &[Topic::STOCK], &Entity(evolve));

/// The level after the event. The fields of a level follow from those that it has, so it is evolved as the item is.
pub fn evolve(level: Option<StockLevel>, event: &Recorded<StockEvent>) -> Option<StockLevel> {
    stock::evolve(level.map(StockLevel::into_item), event).map(StockLevel::from)
}
