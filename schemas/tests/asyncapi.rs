//! The AsyncAPI document describes all topics completely, equals the code, and validates real records.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use schemas::audit::LogHeadSigned;
use schemas::cloudevents::attribute;
use schemas::contracts::asyncapi::document;
use schemas::contracts::published;
use schemas::topics::{AUDIT_TOPIC, RELAY_TOPIC};
use schemas::{Context, Envelope, EventId, StreamId, Timestamp, Topic};
use serde_json::{Value, json};
use uuid::Uuid;

const FILE: &str = "contracts/asyncapi.json";

fn updating() -> bool {
    std::env::var_os("UPDATE_CONTRACTS").is_some()
}

#[test]
fn the_document_is_checked_in_as_the_code_says_it() {
    let now = format!("{:#}\n", document());
    if updating() {
        fs::write(FILE, &now).unwrap_or_else(|error| panic!("{FILE}: {error}"));
    }
    let before = fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        before == now,
        "schemas/{FILE} is not what the code says. UPDATE_CONTRACTS=1 cargo test -p schemas"
    );
}

/// All references of the document.
fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    let lost: Vec<_> = found
        .iter()
        .filter(|target| match target.strip_prefix('#') {
            Some(inside) => document.pointer(inside).is_none(),
            // The schema of a new event is written by the tests of the contracts, which come later.
            None => !updating() && !Path::new("contracts").join(target).is_file(),
        })
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!(found.len() > 200, "only {} references were found", found.len());
}

#[test]
fn every_topic_and_every_version_of_every_type_is_described() {
    let document = document();
    let channels = document["channels"].as_object().expect("an object");
    let described: BTreeSet<_> =
        channels.values().filter_map(|channel| channel["x-topic"].as_str()).collect();
    let topics: BTreeSet<_> =
        Topic::ALL.into_iter().map(Topic::name).chain([AUDIT_TOPIC, RELAY_TOPIC]).collect();
    assert_eq!(described, topics);

    let mut on_topics: BTreeSet<&str> = channels
        .values()
        .flat_map(|channel| channel["messages"].as_object().expect("an object").keys())
        .map(String::as_str)
        .collect();
    assert!(on_topics.remove("chorale.relay.RelayMark.v1"));
    let structured = |name: &&str| name.ends_with("-structured");
    assert_eq!(
        on_topics.iter().copied().filter(structured).count(),
        topics.len() - 1,
        "one for each but the marks"
    );
    on_topics.retain(|name| !structured(name));
    let types: BTreeSet<String> = published()
        .iter()
        .flat_map(|event| (1..=event.version).map(|version| event.full_name(version)).collect::<Vec<_>>())
        .collect();
    assert_eq!(on_topics, types.iter().map(String::as_str).collect());
}

fn envelope(traceparent: Option<&str>) -> Envelope {
    Envelope {
        id: EventId::new(Uuid::from_u128(1)),
        stream: StreamId::from_text("order-0198c6f2-7b1e-7c3a-9a51-3f6f0a2b9f3a"),
        version: 2,
        context: Context::Ordering,
        position: 17,
        epoch: Uuid::from_u128(2),
        name: "OrderStockConfirmed".to_owned(),
        type_version: 1,
        time: Timestamp::from_millis(1_772_366_401_482),
        correlation: Uuid::from_u128(3),
        causation: Uuid::from_u128(4),
        traceparent: traceparent.map(str::to_owned),
        hash: "ab".repeat(32),
    }
}

/// The document's schema of the headers of `name`, with all references resolved.
fn headers_schema(name: &str) -> Value {
    let document = document();
    let said = &document["components"]["messages"][name]["headers"]["allOf"];
    let target = said[0]["$ref"].as_str().expect("a reference").trim_start_matches('#');
    let common = document.pointer(target).expect("it leads somewhere");
    json!({ "allOf": [common, said[1]], "propertyNames": { "enum": common["properties"].as_object().map(|all| all.keys().collect::<Vec<_>>()) } })
}

fn as_object(headers: Vec<(&'static str, String)>) -> Value {
    headers
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn headers_of_records_are_what_the_document_says() {
    let said = headers_schema("chorale.order.OrderStockConfirmed.v1");
    let validator = jsonschema::validator_for(&said).unwrap_or_else(|error| panic!("{error}"));
    for traceparent in [None, Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")] {
        let headers = as_object(envelope(traceparent).headers());
        let errors: Vec<_> = validator.iter_errors(&headers).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        for name in headers.as_object().expect("an object").keys().filter(|name| *name != "ce_traceparent") {
            let mut without = headers.clone();
            without.as_object_mut().expect("an object").remove(name);
            assert!(!validator.is_valid(&without), "{name} must be required");
        }
    }
}

#[test]
fn headers_of_signed_heads_are_what_the_document_says() {
    let said = headers_schema("chorale.audit.LogHeadSigned.v1");
    let sample = fs::read_to_string("golden/chorale.audit.LogHeadSigned.v1.json").expect("the golden sample");
    let signed = LogHeadSigned::decode(&sample).expect("decodes");
    let validator = jsonschema::validator_for(&said).unwrap_or_else(|error| panic!("{error}"));
    let errors: Vec<_> =
        validator.iter_errors(&as_object(signed.headers())).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

/// The document's schema of `name`, with the document's own references resolved and payloads left open.
fn inlined(schema: &Value, document: &Value) -> Value {
    match schema {
        Value::Object(fields) => match fields.get("$ref").and_then(Value::as_str) {
            Some(inside) if inside.starts_with('#') => {
                inlined(document.pointer(&inside[1..]).expect("it leads somewhere"), document)
            }
            Some(file) => {
                let text = fs::read_to_string(Path::new("contracts").join(file)).expect("a schema");
                serde_json::from_str(&text).expect("JSON")
            }
            None => fields.iter().map(|(name, value)| (name.clone(), inlined(value, document))).collect(),
        },
        Value::Array(values) => values.iter().map(|value| inlined(value, document)).collect(),
        other => other.clone(),
    }
}

/// An event in structured mode, as `bus-kafka` writes it.
fn structured(headers: Vec<(&'static str, String)>, sample: &str) -> Value {
    let named = |(header, value): (&'static str, String)| {
        attribute(header).map(|name| (name.to_owned(), Value::from(value)))
    };
    let mut event: serde_json::Map<_, _> = headers.into_iter().filter_map(named).collect();
    let sample = fs::read_to_string(format!("golden/{sample}.json")).expect("the golden sample");
    event.insert("data".to_owned(), serde_json::from_str(&sample).expect("JSON"));
    event.into()
}

#[test]
fn structured_events_and_heads_are_what_the_document_says() {
    let document = document();
    let head = fs::read_to_string("golden/chorale.audit.LogHeadSigned.v1.json").expect("the golden sample");
    let head = LogHeadSigned::decode(&head).expect("decodes");
    let order = structured(envelope(None).headers(), "chorale.order.OrderStockConfirmed.v1");
    let head = structured(head.headers(), "chorale.audit.LogHeadSigned.v1");
    for (message, event) in [("order-structured", order), ("audit-structured", head)] {
        let schema = inlined(&document["components"]["messages"][message]["payload"], &document);
        let validator = jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{error}"));
        let errors: Vec<_> = validator.iter_errors(&event).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{message}: {errors:?}");
        for name in event.as_object().expect("an object").keys() {
            let mut without = event.clone();
            without.as_object_mut().expect("an object").remove(name);
            assert!(!validator.is_valid(&without), "{message}: {name} must be required");
        }
        let other = Value::from("chorale.order.OrderCompleted.v1");
        for (name, value) in [("type", other), ("sequence", Value::from(2)), ("data", json!({}))] {
            if event.get(name).is_some() {
                let mut wrong = event.clone();
                wrong[name] = value;
                assert!(!validator.is_valid(&wrong), "{message}: {name}");
            }
        }
    }
}
