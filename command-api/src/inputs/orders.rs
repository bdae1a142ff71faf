//! Inputs about orders.

use super::rules::{
    ADDRESS_LINE, ADDRESS_LINES, CURRENCY, IN_AN_ORDER, InputSpec, NOTE, ORDER_LINES, POSTAL_CODE, Rule, SKU,
    TEXT, cancel_reasons, names,
};
use schemas::Address;
use schemas::life_cycle::{HoldReason, WayOut};
use schemas::order::{CancelReason, ShippingMethod};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::MoneyInput;
use super::checks::{Problems, one_line, one_line_if};

/// An order as placed by a shopper. The shop determines prices, taxes and totals.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderInput {
    /// Order lines, 1 to 1 000; a SKU may occur in more than one.
    pub lines: Vec<LineInput>,
    /// E-mail address for messages about the order.
    #[schema(example = "name@example.com")]
    pub email: String,
    /// Address that the goods are sent to.
    pub shipping_address: AddressInput,
    /// Address for the invoice. Default: the shipping address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<AddressInput>,
    /// Delivery speed; EXPRESS costs more. Default: STANDARD.
    #[serde(default)]
    #[schema(value_type = String)]
    pub shipping_method: ShippingMethod,
    /// Token from the payment provider that represents the customer's payment method. Never send a card
    /// number.
    pub payment_token: String,
    /// ISO 4217 code of a currency that the shop accepts. Default: the shop's first currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// One line of a new order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LineInput {
    /// SKU of the variant to order.
    pub sku: String,
    /// Quantity to order, in units; at least 1.
    pub quantity: u32,
    /// Price of one unit that the shopper saw. The order is refused if the current price differs. Default:
    /// not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_unit_price: Option<MoneyInput>,
}

/// Name and postal address of a recipient.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddressInput {
    /// Name of the recipient, 1 to 100 characters.
    pub name: String,
    /// Street and house number: 1 to 3 lines of 1 to 100 characters each.
    pub lines: Vec<String>,
    /// Postal code, 1 to 20 characters. Leave it out if the country has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// City or town, 1 to 100 characters.
    pub city: String,
    /// State, province or region, 1 to 100 characters. Leave it out if the address needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2 country code of two capital letters.
    #[schema(example = "DE")]
    pub country: String,
}

/// The reason for cancelling an order.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelInput {
    /// Reason code. Default: STAFF for staff. For shoppers, the reason is always CUSTOMER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub reason: Option<CancelReason>,
    /// Free-text reason, at most 1 000 characters; stored encrypted. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// The reason for putting an order on hold.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HoldInput {
    /// Free-text reason, at most 1 000 characters; stored encrypted. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// The resolution for a hold of an order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResolveHoldInput {
    /// Reason of the hold to resolve: STAFF, OVERDUE, CAPTURE_FAILED, AUTHORIZATION_EXPIRED, REFUND_FAILED,
    /// SHIPMENT_LOST or PARCEL_CANCELLED.
    #[schema(value_type = String)]
    pub reason: HoldReason,
    /// Id of the shipment that the hold concerns, a UUID or a global id. Leave it out if the hold concerns the whole order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<String>,
    /// Resolution to carry out: one of the hold's `waysOut`, which are RELEASE, RETRY_CAPTURE, REAUTHORIZE,
    /// REFUND or CANCEL_REST.
    #[schema(value_type = String)]
    pub way_out: WayOut,
}

/// A note for the shop's staff.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NoteInput {
    /// Text of the note, 1 to 2 000 characters; stored encrypted.
    pub note: String,
}

/// A new payment method for an order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetryPaymentInput {
    /// Token from the payment provider that represents the customer's payment method. Never send a card
    /// number.
    pub payment_token: String,
}

impl AddressInput {
    pub(crate) fn check(&self, problems: &mut Problems, field: &str) {
        problems.line(&format!("{field}.name"), &self.name, ADDRESS_LINE);
        if !(1..=ADDRESS_LINES).contains(&self.lines.len()) {
            problems.add(
                "OUT_OF_RANGE",
                format!("{field}.lines"),
                format!("Must have 1 to {ADDRESS_LINES} lines."),
            );
        }
        for (i, line) in self.lines.iter().enumerate().take(ADDRESS_LINES) {
            problems.line(&format!("{field}.lines[{i}]"), line, ADDRESS_LINE);
        }
        problems.line(&format!("{field}.city"), &self.city, ADDRESS_LINE);
        if let Some(code) = &self.postal_code {
            problems.line(&format!("{field}.postalCode"), code, POSTAL_CODE);
        }
        if let Some(region) = &self.region {
            problems.line(&format!("{field}.region"), region, ADDRESS_LINE);
        }
        problems.country(&format!("{field}.country"), &self.country);
    }

    pub(crate) fn address(&self) -> Address {
        let Self { name, lines, postal_code, city, region, country } = self;
        Address {
            name: one_line(name),
            lines: lines.iter().map(|line| one_line(line)).collect(),
            postal_code: one_line_if(postal_code.as_ref()),
            city: one_line(city),
            region: one_line_if(region.as_ref()),
            country: country.clone(),
        }
    }
}

/// The limits and an example of each input.
pub(crate) const SPECS: &[InputSpec] = &[
    InputSpec {
        input: "OrderInput",
        rules: &[
            ("lines", Rule::Objects(1, ORDER_LINES)),
            ("email", Rule::Email),
            ("shippingMethod", Rule::OneOf(names::<ShippingMethod>)),
            ("paymentToken", Rule::PaymentToken),
            ("currency", CURRENCY),
        ],
        example: Some(|| {
            json!({
                "lines": [{ "sku": "TEA-100", "quantity": 2 }],
                "email": "guest@example.com",
                "shippingAddress": {
                    "name": "A Guest",
                    "lines": ["1 Harbour Road"],
                    "postalCode": "10115",
                    "city": "Berlin",
                    "country": "DE"
                },
                "paymentToken": "tok_ok"
            })
        }),
    },
    InputSpec { input: "LineInput", rules: &[("sku", SKU), ("quantity", IN_AN_ORDER)], example: None },
    InputSpec {
        input: "AddressInput",
        rules: &[
            ("name", Rule::Line(ADDRESS_LINE)),
            ("lines", Rule::Items(1, ADDRESS_LINES, &Rule::Line(ADDRESS_LINE))),
            ("postalCode", Rule::Line(POSTAL_CODE)),
            ("city", Rule::Line(ADDRESS_LINE)),
            ("region", Rule::Line(ADDRESS_LINE)),
            ("country", Rule::Country),
        ],
        example: None,
    },
    InputSpec {
        input: "CancelInput",
        rules: &[("reason", Rule::OneOf(cancel_reasons)), ("text", Rule::Prose(TEXT))],
        example: Some(|| json!({ "reason": "STAFF", "text": "The customer called." })),
    },
    InputSpec {
        input: "HoldInput",
        rules: &[("text", Rule::Prose(TEXT))],
        example: Some(|| json!({ "text": "The address looks odd." })),
    },
    InputSpec {
        input: "ResolveHoldInput",
        rules: &[
            ("reason", Rule::OneOf(names::<HoldReason>)),
            ("shipmentId", Rule::Id),
            ("wayOut", Rule::OneOf(names::<WayOut>)),
        ],
        example: Some(|| json!({ "reason": "STAFF", "wayOut": "RELEASE" })),
    },
    InputSpec {
        input: "NoteInput",
        rules: &[("note", Rule::Prose(NOTE))],
        example: Some(|| json!({ "note": "Call before delivery." })),
    },
    InputSpec {
        input: "RetryPaymentInput",
        rules: &[("paymentToken", Rule::PaymentToken)],
        example: Some(|| json!({ "paymentToken": "tok_ok" })),
    },
];
