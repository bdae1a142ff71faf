//! Values of the published language as values of documents.

use read_models::documents;
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
