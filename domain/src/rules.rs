//! The parameters that a shop can choose.

use std::time::Duration;

use schemas::order::ShippingMethod;
use schemas::product::TaxClass;
use schemas::{Currency, LocationId, Money};
use serde::{Deserialize, Serialize};

/// The business rules of a shop. The defaults suit a small shop in the euro area.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ShopRules {
    /// Currencies in which prices can be set. Orders use the first one if they name none.
    pub currencies: Vec<Currency>,
    /// Tax rate of the standard class in basis points: 1900 is 19 %. Prices include it.
    pub standard_tax: u32,
    /// Tax rate of the reduced class in basis points.
    pub reduced_tax: u32,
    /// Shipping cost of an order, in minor units of its currency, tax included.
    pub standard_shipping: i64,
    /// Cost of express shipping, in minor units of the order's currency, tax included.
    pub express_shipping: i64,
    /// Standard shipping is free from this goods value on, in minor units of the order's currency.
    pub free_shipping_from: i64,
    /// Locations that ship parcels, in order of preference. Locations not listed here come last, by name.
    pub locations: Vec<LocationId>,
    /// Maximum number of units of a SKU per order, unless the variant has its own limit.
    pub max_per_order: u32,
    /// Maximum number of lines per order.
    pub max_lines: usize,
    /// Maximum number of payment attempts per order.
    pub payment_attempts: u32,
    /// Time for inventory to answer after an order was placed. Then the order expires.
    pub stock_answer: Duration,
    /// Time for the payment to be authorised after stock was confirmed. Then the order expires.
    pub payment: Duration,
    /// Time after which the payment provider is asked about a step that it did not answer.
    pub inquiry: Duration,
    /// Time for all parcels to leave after the order was confirmed. Then the order is overdue.
    pub fulfilment: Duration,
    /// Time after its expected arrival until an undelivered parcel makes the order overdue.
    pub delivery_grace: Duration,
    /// Length of the return window after delivery.
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

    /// Shipping cost for goods of this value, tax included.
    pub(crate) fn shipping_cost(&self, method: ShippingMethod, goods: Money) -> Money {
        let minor = match method {
            ShippingMethod::Express => self.express_shipping,
            ShippingMethod::Standard if goods.minor >= self.free_shipping_from => 0,
            ShippingMethod::Standard => self.standard_shipping,
        };
        goods.currency.minor(minor)
    }

    /// Sort key of a location: preferred locations first, others by name.
    pub(crate) fn rank(&self, location: &LocationId) -> (usize, LocationId) {
        let place = self.locations.iter().position(|known| known == location).unwrap_or(self.locations.len());
        (place, location.clone())
    }
}
