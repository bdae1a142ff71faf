//! What is said about orders.

use schemas::Address;
use schemas::life_cycle::{HoldReason, WayOut};
use schemas::order::{CancelReason, ShippingMethod};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::MoneyInput;
use super::checks::Problems;

/// An order as a shopper places it. Prices, taxes and totals are the shop's.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderInput {
    /// What is ordered: 1 to 1 000 lines.
    pub lines: Vec<LineInput>,
    /// Where news of the order goes.
    #[schema(example = "somebody@example.com")]
    pub email: String,
    /// Where it goes.
    pub shipping_address: AddressInput,
    /// Where the invoice goes, where it is not the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<AddressInput>,
    /// How it travels.
    #[serde(default)]
    #[schema(value_type = String, example = "STANDARD", pattern = "^(STANDARD|EXPRESS)$", default = "STANDARD")]
    pub shipping_method: ShippingMethod,
    /// The token that the payment provider gave. Never a card number.
    pub payment_token: String,
    /// ISO 4217 code; the shop's first currency where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// A line of an order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LineInput {
    /// What.
    pub sku: String,
    /// How many: at least 1.
    pub quantity: u32,
    /// What one costs, as the shopper saw it; where it is another price by now, the order is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_unit_price: Option<MoneyInput>,
}

/// A postal address.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddressInput {
    /// Who receives it: 1 to 100 characters.
    pub name: String,
    /// Street and house number: 1 to 3 lines of 1 to 100 characters.
    pub lines: Vec<String>,
    /// Postal code, where the country has one: 1 to 20 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// City or town: 1 to 100 characters.
    pub city: String,
    /// State, province or region, where an address needs one: 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2 code.
    #[schema(example = "DE")]
    pub country: String,
}

/// Why an order is not wanted any more.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelInput {
    /// Staff may say STAFF (where nothing is said), FRAUD, CUSTOMER or OTHER; a shopper's reason is always CUSTOMER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^(CUSTOMER|STAFF|FRAUD|OTHER)$")]
    pub reason: Option<CancelReason>,
    /// In their own words: at most 1 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Why an order is stopped.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HoldInput {
    /// In their own words: at most 1 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// How an order on hold goes on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResolveHoldInput {
    /// Which hold, by its reason: STAFF, OVERDUE, CAPTURE_FAILED, AUTHORIZATION_EXPIRED, REFUND_FAILED, SHIPMENT_LOST or
    /// PARCEL_CANCELLED.
    #[schema(value_type = String)]
    pub reason: HoldReason,
    /// Which parcel it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<String>,
    /// RELEASE, RETRY_CAPTURE, REAUTHORIZE, REFUND or CANCEL_REST; which of them, the hold says.
    #[schema(value_type = String)]
    pub way_out: WayOut,
}

/// A note.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NoteInput {
    /// 1 to 2 000 characters.
    pub note: String,
}

/// Another way to pay.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetryPaymentInput {
    /// The token that the payment provider gave. Never a card number.
    pub payment_token: String,
}

impl AddressInput {
    pub(crate) fn check(&self, problems: &mut Problems, field: &str) {
        problems.line(&format!("{field}.name"), &self.name, 100);
        if !(1..=3).contains(&self.lines.len()) {
            problems.add("OUT_OF_RANGE", format!("{field}.lines"), "Must be 1 to 3 lines.");
        }
        for (i, line) in self.lines.iter().enumerate().take(3) {
            problems.line(&format!("{field}.lines[{i}]"), line, 100);
        }
        problems.line(&format!("{field}.city"), &self.city, 100);
        if let Some(code) = &self.postal_code {
            problems.line(&format!("{field}.postalCode"), code, 20);
        }
        if let Some(region) = &self.region {
            problems.line(&format!("{field}.region"), region, 100);
        }
        problems.country(&format!("{field}.country"), &self.country);
    }

    pub(crate) fn address(&self) -> Address {
        let Self { name, lines, postal_code, city, region, country } = self.clone();
        Address { name, lines, postal_code, city, region, country }
    }
}
