//! The published contracts are what the code says, and what was ever stored can still be read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use schemas::audit::LogHeadSigned;
use schemas::contracts::{check, is_additive, published, schema, schema_texts};
use schemas::event::{parse_full_name, schema_id};
use schemas::{EventType, Topic};
use serde_json::{Value, json};

fn updating() -> bool {
    std::env::var_os("UPDATE_CONTRACTS").is_some()
}

fn read(path: &Path) -> Option<Value> {
    let text = fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn write(path: &Path, value: &Value) {
    fs::write(path, format!("{value:#}\n")).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn schema_file(name: &str) -> PathBuf {
    Path::new("contracts/events").join(format!("{name}.json"))
}

fn golden_file(name: &str) -> PathBuf {
    Path::new("golden").join(format!("{name}.json"))
}

fn files(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.unwrap_or_else(|error| panic!("{error}")).file_name())
        .filter_map(|name| name.to_str().and_then(|name| name.strip_suffix(".json")).map(str::to_owned))
        .collect()
}

#[test]
fn every_event_type_has_its_schema_checked_in_and_no_shape_changes_without_a_new_version() {
    let mut wrong = Vec::new();
    for event in published() {
        let name = event.full_name(event.version);
        let (file, now) = (schema_file(&name), schema(&event));
        match read(&file) {
            Some(before) if before == now => {}
            Some(before) if !is_additive(&before, &now) => wrong.push(format!(
                "{name}: its stored shape changed. Events of this version stand in logs for ever, so: undo the change, or \
                 make the new field optional, or raise VERSION and write the upcaster (CONTRIBUTING.md, \"Change an event\")"
            )),
            _ if updating() => write(&file, &now),
            _ => wrong.push(format!("{name}: its schema is not checked in. UPDATE_CONTRACTS=1 cargo test -p schemas")),
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_schemas_that_are_served_are_those_that_are_checked_in() {
    let served = schema_texts();
    assert_eq!(served.keys().cloned().collect::<BTreeSet<_>>(), files(Path::new("contracts/events")));
    for (name, text) in served {
        let file = schema_file(&name);
        assert!(updating() || fs::read_to_string(&file).is_ok_and(|checked_in| checked_in == text), "{name}");
        let schema: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(schema["$id"], schema_id(&name));
    }
}

/// Formats that validators in other languages know, all with their common packages of formats.
const FORMATS: [&str; 3] = ["date-time", "int64", "uuid"];
/// Keywords of JSON Schema that are used. Strict validators refuse others.
const KEYWORDS: [&str; 24] = [
    "$comment",
    "$defs",
    "$id",
    "$ref",
    "$schema",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "default",
    "description",
    "enum",
    "format",
    "items",
    "maxItems",
    "maximum",
    "minItems",
    "minimum",
    "oneOf",
    "pattern",
    "properties",
    "required",
    "title",
    "type",
];

#[test]
fn schemas_have_only_keywords_and_formats_that_strict_validators_know() {
    fn check(name: &str, schema: &Value) {
        let Value::Object(fields) = schema else { return };
        for (key, value) in fields {
            assert!(KEYWORDS.contains(&key.as_str()), "{name}: {key}");
            match (key.as_str(), value) {
                ("format", Value::String(format)) => {
                    assert!(FORMATS.contains(&format.as_str()), "{name}: format {format}");
                }
                ("properties" | "$defs", Value::Object(members)) => {
                    members.values().for_each(|member| check(name, member));
                }
                ("anyOf" | "allOf" | "oneOf", Value::Array(members)) => {
                    members.iter().for_each(|member| check(name, member));
                }
                ("items" | "additionalProperties", inner) => check(name, inner),
                _ => {}
            }
        }
    }
    for (name, text) in schema_texts() {
        check(&name, &serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")));
    }
}

#[test]
fn every_schema_and_golden_sample_belongs_to_a_version_of_an_event() {
    let known: BTreeSet<String> = published()
        .iter()
        .flat_map(|event| (1..=event.version).map(|version| event.full_name(version)).collect::<Vec<_>>())
        .collect();
    for folder in ["contracts/events", "golden"].map(Path::new) {
        let strange: Vec<_> = files(folder).difference(&known).cloned().collect();
        assert!(
            strange.is_empty(),
            "{}: {strange:?}: an event type that was published once stays",
            folder.display()
        );
    }
}

#[test]
fn every_version_of_every_event_has_a_golden_sample_that_decodes_for_ever() {
    let mut wrong = Vec::new();
    for event in published() {
        for version in 1..=event.version {
            let name = event.full_name(version);
            if read(&golden_file(&name)).is_none() && updating() && version == event.version {
                write(&golden_file(&name), &example(&event));
            }
            let Some(sample) = read(&golden_file(&name)) else {
                wrong.push(format!(
                    "{name}: no golden sample. UPDATE_CONTRACTS=1 cargo test -p schemas makes today's"
                ));
                continue;
            };
            if let Err(error) = decodes(&event, version, &sample.to_string()) {
                wrong.push(format!("{name}: its golden sample no longer decodes: {error}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn decodes(event: &EventType, version: u32, sample: &str) -> Result<(), String> {
    match Topic::ALL.into_iter().find(|topic| topic.aggregate() == event.aggregate) {
        Some(topic) => {
            check(topic, event.name, version, sample).map_err(|error| format!("{error} ({error:?})"))
        }
        None => LogHeadSigned::decode(sample).map(drop).map_err(|error| error.to_string()),
    }
}

#[test]
fn golden_samples_of_every_version_validate_against_its_published_schema_and_a_broken_one_does_not() {
    for event in published() {
        for name in (1..=event.version).map(|version| event.full_name(version)) {
            let (Some(schema), Some(mut sample)) = (read(&schema_file(&name)), read(&golden_file(&name)))
            else {
                // Other tests write them.
                assert!(updating(), "{name} has no schema or sample");
                continue;
            };
            let validator =
                jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
            let errors: Vec<_> = validator.iter_errors(&sample).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{name}: {errors:?}");
            sample.as_object_mut().expect("an object").remove("summary");
            assert!(!validator.is_valid(&sample), "{name}: a payload without a summary must not validate");
        }
    }
}

#[test]
fn an_old_price_is_read_as_the_new_one() {
    use schemas::product::ProductEvent;
    use schemas::{Currency, EventSet};
    let sample = read(&golden_file("chorale.product.PriceSet.v1")).expect("the golden sample of version 1");
    assert_eq!(sample["new"], json!(1290), "version 1 had plain minor units");
    let event = ProductEvent::decode("PriceSet", 1, &sample.to_string()).expect("decodes");
    let ProductEvent::PriceSet(price) = event else { panic!("{event:?}") };
    assert_eq!(price.new, Currency::EUR.minor(1290));
    assert_eq!(price.old, Some(Currency::EUR.minor(1190)));
    assert_eq!(price.compare_at, None);
}

#[test]
fn a_version_from_the_future_says_so() {
    use schemas::EventSet;
    let error = schemas::order::OrderEvent::decode("OrderCompleted", 2, "{}").expect_err("unknown");
    assert_eq!(
        error.to_string(),
        "OrderCompleted version 2 is unknown here; this program reads versions 1 to 1"
    );
    assert_eq!(parse_full_name("chorale.order.OrderCompleted.v2"), Some(("order", "OrderCompleted", 2)));
}

/// A plausible payload made from the schema: every property is there, so that a golden sample covers all of the shape.
fn example(event: &EventType) -> Value {
    let root = event.schema.as_value().clone();
    value_of(&root, &root, event.name)
}

fn value_of(schema: &Value, root: &Value, name: &str) -> Value {
    if let Some(target) = schema["$ref"].as_str() {
        let target = root.pointer(target.trim_start_matches('#')).unwrap_or_else(|| panic!("{target}"));
        return value_of(target, root, name);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(choice) = schema[key].as_array().and_then(|choices| choices.first()) {
            return value_of(choice, root, name);
        }
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object");
    match kind {
        "object" => object_of(schema, root, name),
        "array" => json!([value_of(&schema["items"], root, name)]),
        "integer" if name.contains("tax_rate") || name.contains("taxRate") => json!(1900),
        "integer" => json!(3),
        "boolean" => json!(true),
        "string" => text_of(schema, name),
        other => panic!("no example for {other}"),
    }
}

fn object_of(schema: &Value, root: &Value, name: &str) -> Value {
    let mut object = serde_json::Map::new();
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        object.insert(key.clone(), value_of(property, root, key));
    }
    if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
        object.insert("title".to_owned(), value_of(values, root, name));
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        if let Value::Object(more) = value_of(part, root, name) {
            object.extend(more);
        }
    }
    Value::Object(object)
}

fn text_of(schema: &Value, name: &str) -> Value {
    match (schema["format"].as_str(), name) {
        (Some("uuid"), _) => json!("0198c6f2-7b1e-7c3a-9a51-3f6f0a2b9f3a"),
        (Some("date-time"), _) => json!("2026-03-01T12:00:01.482Z"),
        (_, "currency") => json!("EUR"),
        (_, "location" | "from" | "to") => json!("central"),
        (_, "sku") => json!("TEA-100"),
        (_, "slug") => json!("first-flush"),
        (_, "orderNumber") => json!("10-004217"),
        _ => json!(format!("some {name}")),
    }
}
