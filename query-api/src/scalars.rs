//! Scalars and money.

use query_api_macros::Fields;
use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{
    ContextSelectionSet, Error, InputValueError, InputValueResult, OutputType, Positioned, Scalar,
    ScalarType, ServerResult, SimpleObject, Value,
};
use read_models::documents;

use crate::fault::Fault;

/// A number of a document as an `Int`. Commands bound all such numbers far below 2³¹, but documents may hold larger ones from
/// before there were bounds. A larger number is an error of its field, so that no answer is beyond its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Int(pub(crate) u32);

impl OutputType for Int {
    fn type_name() -> Cow<'static, str> {
        <i32 as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <i32 as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match i32::try_from(self.0) {
            Ok(number) => Ok(number.into()),
            Err(_) => Err(Error::from(Fault::BeyondInt(self.0)).into_server_error(field.pos)),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BigInt(pub(crate) i64);

/// A whole number from −2⁶³ to 2⁶³ − 1, written as a string because JavaScript numbers are exact to 53 bits
/// only. Input may also be a JSON number.
#[Scalar(specified_by_url = "https://www.w3.org/TR/xmlschema11-2/#long")]
impl ScalarType for BigInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        let parsed = match &value {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.as_i64(),
            _ => None,
        };
        parsed
            .map(Self)
            .ok_or_else(|| InputValueError::custom("must be a whole number of at most 64 bits, as a string"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

impl From<u64> for BigInt {
    /// Counts and positions stay far below 2⁶³.
    fn from(number: u64) -> Self {
        Self(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal(pub(crate) String);

/// An exact decimal number, written as a string: `12.90`. Output only.
#[Scalar(specified_by_url = "https://www.w3.org/TR/xmlschema11-2/#decimal")]
impl ScalarType for Decimal {
    fn parse(_: Value) -> InputValueResult<Self> {
        Err(InputValueError::custom("Decimal is output only; pass amounts in minor units, as BigInt"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Json(pub(crate) serde_json::Value);

/// Any JSON value. Output only.
#[Scalar(name = "JSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259")]
impl ScalarType for Json {
    fn parse(_: Value) -> InputValueResult<Self> {
        Err(InputValueError::custom("JSON is output only"))
    }

    fn to_value(&self) -> Value {
        // The maps of a JSON value have texts as keys.
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DateTime(pub(crate) String);

/// An RFC 3339 timestamp. Output is in UTC with three decimal places; input may use any offset.
#[Scalar(specified_by_url = "https://scalars.graphql.org/andimarek/date-time")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = value else {
            return Err(InputValueError::custom("must be a string such as 2026-03-01T12:00:00Z"));
        };
        let instant: jiff::Timestamp = text
            .parse()
            .map_err(|_| InputValueError::custom("must be a timestamp such as 2026-03-01T12:00:00Z"))?;
        // As documents hold instants, so that they can be compared as texts.
        Ok(Self(instant.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

impl From<&String> for DateTime {
    fn from(text: &String) -> Self {
        Self(text.clone())
    }
}

/// A timestamp that may be missing.
pub(crate) fn instant(text: Option<&String>) -> Option<DateTime> {
    text.map(DateTime::from)
}

/// An amount of money in one currency.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject, Fields)]
pub(crate) struct Money {
    /// The amount in the currency's main unit, with as many decimal places as the currency has: `12.90`.
    amount: Decimal,
    /// The amount in minor units: `1290` for €12.90, `500` for ¥500.
    minor: BigInt,
    /// ISO 4217 currency code, such as `EUR`.
    currency_code: String,
}

impl From<&documents::Money> for Money {
    fn from(money: &documents::Money) -> Self {
        Self {
            amount: Decimal(decimal(money.minor, digits(&money.currency))),
            minor: BigInt(money.minor),
            currency_code: money.currency.clone(),
        }
    }
}

/// An amount that may be missing.
pub(crate) fn money(money: Option<&documents::Money>) -> Option<Money> {
    money.map(Money::from)
}

/// Decimal places of a currency, as ISO 4217 lists them; 2 for all that are not listed here.
fn digits(currency: &str) -> usize {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

fn decimal(minor: i64, digits: usize) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let all = format!("{:0>width$}", minor.unsigned_abs(), width = digits + 1);
    let (whole, fraction) = all.split_at(all.len() - digits);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        let amount = |minor, currency: &str| decimal(minor, digits(currency));
        assert_eq!(amount(1_290, "EUR"), "12.90");
        assert_eq!(amount(5, "EUR"), "0.05");
        assert_eq!(amount(-5, "EUR"), "-0.05");
        assert_eq!(amount(0, "EUR"), "0.00");
        assert_eq!(amount(500, "JPY"), "500");
        assert_eq!(amount(i64::MIN, "KWD"), "-9223372036854775.808");
    }

    #[test]
    fn instants_are_brought_to_the_form_that_documents_hold() {
        let parsed = |text: &str| DateTime::parse(Value::from(text)).map(|at| at.0).ok();
        assert_eq!(parsed("2026-03-01T12:00:00+01:00").as_deref(), Some("2026-03-01T11:00:00.000Z"));
        assert_eq!(parsed("2026-03-01T12:00:00.5Z").as_deref(), Some("2026-03-01T12:00:00.500Z"));
        assert_eq!(parsed("yesterday"), None);
    }
}
