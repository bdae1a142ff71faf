//! Stock items with their figures per location.

use read_models::documents::stock::{self, StockAtLocation, StockItem};
use schemas::stock::{Level, LevelsAfter, StockEvent};
use schemas::{LocationId, Recorded, Topic};

use crate::projection::{Entity, Projection};
use crate::published::{code, time};

/// Entity of the stock item's stream.
pub static STOCK: Projection = Projection::entity(&stock::STOCK, &[Topic::STOCK], &Entity(evolve));

/// The item after the event.
pub fn evolve(item: Option<StockItem>, event: &Recorded<StockEvent>) -> Option<StockItem> {
    let mut item = item.unwrap_or_else(|| StockItem {
        sku: event.envelope.stream.key().to_owned(),
        updated_at: time(event.envelope.time),
        ..StockItem::default()
    });
    let moved = match &event.event {
        StockEvent::StockItemOpened(e) => {
            item.policy = code(&e.policy);
            None
        }
        StockEvent::StockThresholdsSet(e) => {
            item.low_stock = e.low_stock;
            item.safety_stock = e.safety_stock;
            set_total(&mut item, e.in_all);
            None
        }
        StockEvent::StockReceived(e) => Some((&e.location, &e.after)),
        StockEvent::StockAdjusted(e) => Some((&e.location, &e.after)),
        StockEvent::StockReserved(e) => Some((&e.location, &e.after)),
        StockEvent::StockReleased(e) => Some((&e.location, &e.after)),
        StockEvent::StockCommitted(e) => Some((&e.location, &e.after)),
        StockEvent::StockTransferredOut(e) => Some((&e.from, &e.after)),
        StockEvent::StockTransferredIn(e) => Some((&e.to, &e.after)),
        // They follow from the figures.
        StockEvent::LowStockReached(_) | StockEvent::StockDepleted(_) | StockEvent::BackInStock(_) => None,
    };
    if let Some((location, after)) = moved {
        set_figures(&mut item, location, after);
        item.updated_at = time(event.envelope.time);
    }
    let level = level(&item);
    if item.level != level {
        item.level = level.to_owned();
        item.level_position = Some(event.envelope.position);
    }
    Some(item)
}

fn set_figures(item: &mut StockItem, location: &LocationId, after: &LevelsAfter) {
    set_total(item, after.in_all);
    let figures = StockAtLocation {
        location: location.to_string(),
        on_hand: after.at_location.on_hand,
        reserved: after.at_location.reserved,
        available: after.at_location.available,
    };
    match item.locations.binary_search_by(|known| known.location.as_str().cmp(location.as_str())) {
        Ok(known) => {
            if let Some(known) = item.locations.get_mut(known) {
                *known = figures;
            }
        }
        Err(index) => item.locations.insert(index, figures),
    }
}

fn set_total(item: &mut StockItem, in_all: Level) {
    item.on_hand = in_all.on_hand;
    item.reserved = in_all.reserved;
    item.available = in_all.available;
}

fn level(item: &StockItem) -> &'static str {
    match item.available {
        0 => "OUT_OF_STOCK",
        available if available <= item.low_stock => "LOW_STOCK",
        _ => "IN_STOCK",
    }
}
