//! The words of the API, where they differ from those of events. Events, and the first answers that the ledger keeps, have their
//! stored form; what callers read has the form that GraphQL has.

use domain::Refusal;
use schemas::Money;
use serde_json::{Map, Value, json};

/// Names of fields, and their names at the API.
const FIELDS: [(&str, &str); 4] =
    [("qty", "quantity"), ("change", "delta"), ("productId", "id"), ("categoryId", "id")];

/// The refusal, with fields and amounts as callers write them.
pub(crate) fn refusal(mut refusal: Refusal) -> Refusal {
    for (stored, name) in FIELDS {
        rename(&mut refusal, stored, name);
    }
    for error in &mut refusal.errors {
        error.details = error.details.take().map(value);
    }
    refusal
}

/// Renames the last part of the fields' paths.
pub(crate) fn rename(refusal: &mut Refusal, from: &str, to: &str) {
    for field in refusal.errors.iter_mut().filter_map(|error| error.field.as_mut()) {
        if let Some(path) = field.strip_suffix(from).filter(|path| path.is_empty() || path.ends_with('.')) {
            *field = format!("{path}{to}");
        }
    }
}

/// The fields of an answer.
pub(crate) fn answer(fields: Map<String, Value>) -> Map<String, Value> {
    fields.into_iter().map(|(name, inner)| (name, value(inner))).collect()
}

/// A value, with the amounts in it as callers read them, and quantities called so.
pub(crate) fn value(stored: Value) -> Value {
    match stored {
        Value::Object(fields) => money(&fields).unwrap_or_else(|| {
            let word = |name: String| if name == "qty" { "quantity".to_owned() } else { name };
            fields.into_iter().map(|(name, inner)| (word(name), value(inner))).collect::<Map<_, _>>().into()
        }),
        Value::Array(items) => items.into_iter().map(value).collect(),
        other => other,
    }
}

/// The amount of money that an object is; `None` if it is none.
fn money(fields: &Map<String, Value>) -> Option<Value> {
    let stored = (fields.len() == 2).then(|| Value::Object(fields.clone()))?;
    let money: Money = serde_json::from_value(stored).ok()?;
    let (minor, code) = (money.minor.to_string(), money.currency.code());
    Some(json!({ "amount": money.amount(), "minor": minor, "currencyCode": code }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_as_the_caller_named_them() {
        let paths = ["lines[1].qty", "qty", "reqty", "change", "productId", "lines[0].sku"];
        let named = paths.into_iter().fold(Refusal::rule("A", "a"), Refusal::at);
        let fields: Vec<_> = refusal(named).errors.into_iter().filter_map(|error| error.field).collect();
        assert_eq!(fields, ["lines[1].quantity", "quantity", "reqty", "delta", "id", "lines[0].sku"]);
    }

    #[test]
    fn amounts_have_the_shape_that_queries_answer_wherever_they_are() {
        let stored = json!({ "totals": { "grand": { "minor": 1290, "currency": "EUR" } }, "lines": [{ "qty": 2,
            "price": { "minor": -5, "currency": "JPY" } }], "range": { "minor": 1, "max": 9 }, "odd": { "minor": 1 } });
        let eur = json!({ "amount": "12.90", "minor": "1290", "currencyCode": "EUR" });
        let jpy = json!({ "amount": "-5", "minor": "-5", "currencyCode": "JPY" });
        let expected = json!({ "totals": { "grand": eur }, "lines": [{ "quantity": 2, "price": jpy }],
            "range": { "minor": 1, "max": 9 }, "odd": { "minor": 1 } });
        assert_eq!(value(stored), expected);
    }
}
