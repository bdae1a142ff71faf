//! The figures that a shop can choose.

use std::time::Duration;

use schemas::order::ShippingMethod;
use schemas::product::TaxClass;
use schemas::{Currency, LocationId, Money};
use serde::{Deserialize, Serialize};

/// What a shop can choose about its rules. The defaults are a small shop's in the euro area.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ShopRules {
    /// The currencies that prices may be in; the first is used where none is named.
    pub currencies: Vec<Currency>,
    /// Tax inside prices, in basis points, for the standard and the reduced class.
    pub standard_tax: u32,
    /// See `standard_tax`.
    pub reduced_tax: u32,
    /// For sending an order, in minor units.
    pub standard_shipping: i64,
    /// For sending an order the fast way, in minor units.
    pub express_shipping: i64,
    /// From this many minor units of goods on, standard shipping costs nothing.
    pub free_shipping_from: i64,
    /// Where parcels leave from, best first; places that are not named come last, by name.
    pub locations: Vec<LocationId>,
    /// The most of one SKU in one order, where the variant does not say.
    pub max_per_order: u32,
    /// The most lines of one order.
    pub max_lines: usize,
    /// How many ways to pay a customer may try.
    pub payment_attempts: u32,
    /// How long inventory may take to answer.
    pub stock_answer: Duration,
    /// How long a payment may take from the moment that stock is confirmed.
    pub payment: Duration,
    /// How long after a step without an answer the provider is asked.
    pub inquiry: Duration,
    /// How long parcels may take to leave.
    pub fulfilment: Duration,
    /// How long after its expected arrival a parcel is missed.
    pub delivery_grace: Duration,
    /// How long goods can be returned.
    pub return_window: Duration,
}

const DAY: Duration = Duration::from_hours(24);

impl Default for ShopRules {
    fn default() -> Self {
        Self {
            currencies: vec![Currency::EUR, Currency::USD],
            standard_tax: 1_900,
            reduced_tax: 700,
            standard_shipping: 490,
            express_shipping: 990,
            free_shipping_from: 5_000,
            locations: ["central", "north", "south"]
                .into_iter()
                .filter_map(|name| name.parse().ok())
                .collect(),
            max_per_order: 99,
            max_lines: 1_000,
            payment_attempts: 3,
            stock_answer: Duration::from_secs(60),
            payment: Duration::from_mins(15),
            inquiry: Duration::from_mins(1),
            fulfilment: DAY * 3,
            delivery_grace: DAY * 7,
            return_window: DAY * 14,
        }
    }
}

impl ShopRules {
    /// The tax rate of a class, in basis points.
    pub fn tax_rate(&self, class: TaxClass) -> u32 {
        match class {
            TaxClass::Standard => self.standard_tax,
            TaxClass::Reduced => self.reduced_tax,
            TaxClass::Zero => 0,
        }
    }

    /// What sending goods of this value costs.
    pub(crate) fn shipping_cost(&self, method: ShippingMethod, goods: Money) -> Money {
        let minor = match method {
            ShippingMethod::Express => self.express_shipping,
            ShippingMethod::Standard if goods.minor >= self.free_shipping_from => 0,
            ShippingMethod::Standard => self.standard_shipping,
        };
        goods.currency.minor(minor)
    }

    /// Sorts places: best first.
    pub(crate) fn rank(&self, location: &LocationId) -> (usize, LocationId) {
        let place = self.locations.iter().position(|known| known == location).unwrap_or(self.locations.len());
        (place, location.clone())
    }
}
