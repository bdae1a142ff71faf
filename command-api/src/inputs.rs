//! Inputs of commands. [`Commands`](crate::Commands) checks their texts and reports all problems at once; unknown fields
//! are refused, so that a misspelt one is not overlooked.

use domain::product::limits::HIGHEST_PRICE;
use rules::{AMOUNT, CURRENCY, InputSpec, Rule};
use schemas::{Currency, Money};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type};

pub(crate) mod catalog;
pub(crate) mod checks;
pub(crate) mod orders;
pub(crate) mod payments;
pub(crate) mod reactions;
pub(crate) mod rules;
pub(crate) mod shipments;
pub(crate) mod stock;

pub use catalog::{
    AttributesInput, CategoriesInput, CategoryInput, DetailsInput, MediumInput, MoveInput, PriceInput,
    ProductInput, PublicationInput, RenameInput, VariantDetailsInput, VariantInput,
};
pub use orders::{
    AddressInput, CancelInput, HoldInput, LineInput, NoteInput, OrderInput, ResolveHoldInput,
    RetryPaymentInput,
};
pub use payments::{ActionOutcome, PaymentActionInput};
pub use reactions::RedriveInput;
pub use shipments::{DeliveredInput, DeliveryAttemptInput, DispatchInput, LostInput, TrackingInput};
pub use stock::{AdjustInput, ReceiveInput, ThresholdsInput, TransferInput};

/// A command without parameters: send an empty body or `{}`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NothingInput {}

/// An amount of money in one currency, in the shape that queries answer, which may be sent as it is.
// Serialized only for the fingerprint of a request, in the form that it had before `currencyCode`: a retry over an upgrade is
// still the same request. `amount` is not part of it, because `minor` says the same.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoneyInput {
    /// Amount in minor units, as a JSON number or as text: 1999 is €19.99 or ¥1999.
    #[serde(deserialize_with = "whole")]
    #[schema(schema_with = minor_schema)]
    pub minor: i64,
    /// ISO 4217 currency code, such as `EUR`.
    #[serde(rename(serialize = "currency", deserialize = "currencyCode"))]
    #[schema(example = "EUR", rename = "currencyCode")]
    pub currency_code: String,
    /// The same amount in the currency's main unit, such as `19.99`; checked against `minor`. Default: not checked.
    // `skip_serializing` would take the field out of the contract as well.
    #[serde(default, skip_serializing_if = "never_serialized")]
    pub amount: Option<String>,
}

fn never_serialized(_: &Option<String>) -> bool {
    true
}

/// A whole number, written as a number or as text.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a whole number of minor units, as a number or as text")]
    enum Whole {
        Number(i64),
        Text(String),
    }
    match Whole::deserialize(deserializer)? {
        Whole::Number(number) => Ok(number),
        Whole::Text(text) => {
            text.parse().map_err(|_| D::Error::custom("expected a whole number of minor units"))
        }
    }
}

fn minor_schema() -> RefOr<Schema> {
    let number = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)));
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^-?[0-9]{1,19}$"));
    let description = "Amount in minor units, as a JSON number or as text: 1999 is €19.99 or ¥1999.";
    let either = OneOfBuilder::new().item(number).item(text);
    either.description(Some(description)).examples([json!(1999)]).into()
}

impl From<Money> for MoneyInput {
    fn from(money: Money) -> Self {
        Self { minor: money.minor, currency_code: money.currency.code().to_owned(), amount: None }
    }
}

impl MoneyInput {
    /// The amount; adds a problem if the currency is unknown or the amount is given twice and differs.
    pub(crate) fn parsed(&self, problems: &mut checks::Problems, field: &str) -> Option<Money> {
        let currency: Option<Currency> =
            problems.parsed(&format!("{field}.currencyCode"), &self.currency_code);
        let money = currency?.minor(self.minor);
        if self.amount.as_ref().is_some_and(|amount| *amount != money.amount()) {
            let message = format!(
                "{} minor units are {}. Send one of them, or equal ones.",
                self.minor,
                money.amount()
            );
            problems.add("AMOUNTS_DIFFER", format!("{field}.amount"), message);
        }
        Some(money)
    }
}

/// The limits and an example of each input.
pub(crate) const SPECS: &[InputSpec] = &[
    InputSpec {
        input: "MoneyInput",
        rules: &[
            ("minor", Rule::Number(0, HIGHEST_PRICE)),
            ("currencyCode", CURRENCY),
            ("amount", Rule::Line(AMOUNT)),
        ],
        example: None,
    },
    InputSpec { input: "NothingInput", rules: &[], example: Some(|| json!({})) },
];
