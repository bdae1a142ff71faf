//! Values of the published language as values of documents.

use read_models::documents;
use schemas::order::Totals;
use schemas::reservation::{LineAtLocation, Shortage};
use schemas::{Actor, Envelope, Money, Sealed, Timestamp};
use serde::de::IntoDeserializer;
use serde::de::value::Error as ValueError;
use serde::{Deserialize, Serialize};

pub(crate) fn money(money: Money) -> documents::Money {
    documents::Money { minor: money.minor, currency: money.currency.code().to_owned() }
}

pub(crate) fn actor(actor: &Actor) -> documents::Actor {
    documents::Actor { kind: code(&actor.kind), id: actor.id.clone() }
}

pub(crate) fn sealed(sealed: &Sealed) -> documents::Sealed {
    documents::Sealed { subject: sealed.subject.clone(), alg: sealed.alg.clone(), data: sealed.data.clone() }
}

pub(crate) fn lines(lines: &[LineAtLocation]) -> Vec<documents::LineAtLocation> {
    lines.iter().map(line).collect()
}

fn line(line: &LineAtLocation) -> documents::LineAtLocation {
    documents::LineAtLocation {
        line_id: line.line_id.0,
        sku: line.sku.to_string(),
        qty: line.qty,
        location: line.location.to_string(),
        tracked: line.tracked,
    }
}

pub(crate) fn shortages(shortages: &[Shortage]) -> Vec<documents::Shortage> {
    let shortage = |short: &Shortage| documents::Shortage {
        sku: short.sku.to_string(),
        requested: short.requested,
        available: short.available,
    };
    shortages.iter().map(shortage).collect()
}

pub(crate) fn totals(totals: &Totals) -> documents::orders::Totals {
    documents::orders::Totals {
        subtotal: money(totals.subtotal),
        discount: money(totals.discount),
        shipping: money(totals.shipping),
        tax: money(totals.tax),
        grand: money(totals.grand),
    }
}

pub(crate) fn event_ref(envelope: &Envelope) -> documents::EventRef {
    documents::EventRef {
        event_id: envelope.id.to_string(),
        kind: envelope.full_type(),
        stream: envelope.stream.to_string(),
        version: envelope.version,
        position: envelope.position,
        topic: envelope.topic().map_or_else(String::new, |topic| topic.name().to_owned()),
        correlation_id: envelope.correlation.to_string(),
        causation_id: envelope.causation.to_string(),
        hash: envelope.hash.clone(),
    }
}

pub(crate) fn time(instant: Timestamp) -> String {
    instant.to_string()
}

pub(crate) fn texts<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(T::to_string).collect()
}

/// The text of an enum of the published language.
pub(crate) fn code(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        // Every enum of the published language is a text.
        _ => String::new(),
    }
}

/// The enum value with this text, if there is one.
pub(crate) fn named<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    T::deserialize(IntoDeserializer::<ValueError>::into_deserializer(text)).ok()
}

#[cfg(test)]
mod tests {
    use schemas::{Currency, LineId, Sku};
    use serde_json::to_value;

    use super::*;

    /// The read models do not depend on `schemas`, so they declare these types again.
    #[track_caller]
    fn agree(published: &impl Serialize, document: &impl Serialize) {
        assert_eq!(to_value(published).unwrap(), to_value(document).unwrap());
    }

    #[test]
    fn values_in_documents_have_the_json_of_the_published_language() {
        let amount = Currency::EUR.minor(1999);
        agree(&amount, &money(amount));
        let by_staff = Actor::staff("mia");
        agree(&by_staff, &actor(&by_staff));
        let text = |text: &str| text.to_owned();
        let secret = Sealed { subject: text("order-1"), alg: text("XC20P"), data: text("AAAA") };
        agree(&secret, &sealed(&secret));
        let sku: Sku = "TEA-100".parse().unwrap();
        let short = [Shortage { sku: sku.clone(), requested: 3, available: 1 }];
        agree(&short, &shortages(&short));
        let at_location = [LineAtLocation {
            line_id: LineId(1),
            sku,
            qty: 2,
            location: "berlin".parse().unwrap(),
            tracked: true,
        }];
        agree(&at_location, &lines(&at_location));
        let minor = |minor| Currency::EUR.minor(minor);
        let sums = Totals {
            subtotal: minor(1),
            discount: minor(2),
            shipping: minor(3),
            tax: minor(4),
            grand: minor(5),
        };
        agree(&sums, &totals(&sums));
    }
}
