//! Stock levels of a SKU, per location and in total.

use std::collections::BTreeMap;

use schemas::LocationId;
use schemas::stock::{Level, LevelsAfter};

use super::{MOST, PLACES};
use crate::Refusal;

/// Stock levels of a SKU and its thresholds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    pub places: BTreeMap<LocationId, Place>,
    /// At or below this many available, stock is low; 0: no warning.
    pub low_stock: u32,
    /// Units, over all locations, that are never available to orders.
    pub safety_stock: u32,
}

/// Stock of a SKU at one location, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Units that are physically present.
    pub on_hand: u32,
    /// Units of `on_hand` that are reserved for orders.
    pub reserved: u32,
}

impl Place {
    /// On hand and not reserved.
    pub fn free(self) -> u32 {
        self.on_hand.saturating_sub(self.reserved)
    }
}

impl Levels {
    /// Stock at a location; zero for an unknown location.
    pub fn place(&self, location: &LocationId) -> Place {
        self.places.get(location).copied().unwrap_or_default()
    }

    /// Level over all locations; `available` excludes the safety stock.
    pub fn in_all(&self) -> Level {
        let sum = |part: fn(&Place) -> u32| self.places.values().map(part).fold(0, u32::saturating_add);
        let (on_hand, reserved) = (sum(|place| place.on_hand), sum(|place| place.reserved));
        Level {
            on_hand,
            reserved,
            available: on_hand.saturating_sub(reserved).saturating_sub(self.safety_stock),
        }
    }

    /// The levels that an event at `location` carries.
    pub fn after(&self, location: &LocationId) -> LevelsAfter {
        let place = self.place(location);
        let at_location = Level { on_hand: place.on_hand, reserved: place.reserved, available: place.free() };
        LevelsAfter { at_location, in_all: self.in_all() }
    }

    /// Whether stock is low.
    pub(crate) fn is_low(&self) -> bool {
        self.low_stock > 0 && self.in_all().available <= self.low_stock
    }

    /// Refuses if `more` units exceed the limits at `location`.
    pub(super) fn has_room(&self, location: &LocationId, more: u32) -> Result<(), Refusal> {
        let on_hand = self.in_all().on_hand;
        if on_hand.checked_add(more).is_none_or(|sum| sum > MOST) {
            let message = format!(
                "At most {MOST} units can be on hand. {on_hand} are on hand, so {more} more are too many. Check the quantity."
            );
            return Err(Refusal::rule("STOCK_LIMIT", message).at("qty"));
        }
        if !self.places.contains_key(location) && self.places.len() >= PLACES {
            let message = format!(
                "A SKU can be kept at no more than {PLACES} locations. Use a location that already has it."
            );
            return Err(Refusal::rule("TOO_MANY_LOCATIONS", message).at("location"));
        }
        Ok(())
    }

    pub(super) fn add(&mut self, location: &LocationId, qty: u32) {
        self.change(location, |place| place.on_hand = place.on_hand.saturating_add(qty));
    }

    pub(super) fn take(&mut self, location: &LocationId, qty: u32) {
        self.change(location, |place| place.on_hand = place.on_hand.saturating_sub(qty));
    }

    pub(super) fn correct(&mut self, location: &LocationId, delta: i64) {
        let qty = u32::try_from(delta.unsigned_abs()).unwrap_or(u32::MAX);
        if delta < 0 { self.take(location, qty) } else { self.add(location, qty) }
    }

    pub(super) fn reserve(&mut self, location: &LocationId, qty: u32) {
        self.change(location, |place| place.reserved = place.reserved.saturating_add(qty));
    }

    pub(super) fn release(&mut self, location: &LocationId, qty: u32) {
        self.change(location, |place| place.reserved = place.reserved.saturating_sub(qty));
    }

    fn change(&mut self, location: &LocationId, change: impl FnOnce(&mut Place)) {
        change(self.places.entry(location.clone()).or_default());
    }
}
