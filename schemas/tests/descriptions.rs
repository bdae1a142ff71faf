//! Every published property and value is described, in more words than its name has.

use std::collections::BTreeMap;
use std::fs;

use schemas::contracts::asyncapi::document;
use schemas::contracts::{published, schema};
use serde_json::{Value, json};

/// Descriptions and summaries with fewer words say nothing that the name does not say.
const FEWEST_WORDS: usize = 4;

/// Words that add nothing to a name.
const FILLERS: [&str; 12] = ["a", "an", "and", "for", "in", "is", "its", "of", "on", "the", "this", "to"];

/// The schemas of all versions of all event types, and the AsyncAPI document.
fn contracts() -> BTreeMap<String, Value> {
    let mut contracts = BTreeMap::from([("asyncapi.json".to_owned(), document())]);
    for entry in fs::read_dir("contracts/events").expect("the folder of the schemas") {
        let path = entry.expect("a file").path();
        let text = fs::read_to_string(&path).expect("a readable file");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        contracts.insert(name, serde_json::from_str(&text).expect("JSON"));
    }
    // What is checked in may be older than the code.
    contracts.extend(published().iter().map(|event| (event.full_name(event.version), schema(event))));
    contracts
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// The words of `orderNumber`, `ORDER_NUMBER` and `order_number`.
fn words_of_name(name: &str) -> Vec<String> {
    let camel_case = name.chars().any(char::is_lowercase);
    let space = |c: char| (camel_case && c.is_uppercase()).then_some(' ');
    let spaced: String = name.chars().flat_map(|c| space(c).into_iter().chain([c])).collect();
    words(&spaced).collect()
}

fn repeats(name: &str, text: &str) -> bool {
    let name = words_of_name(name);
    words(text).all(|word| FILLERS.contains(&word.as_str()) || name.contains(&word))
}

/// What is wrong with the description of `name`.
fn fault(name: &str, text: &str) -> Option<String> {
    if text.split_whitespace().count() < FEWEST_WORDS {
        Some(format!("\"{text}\" has fewer than {FEWEST_WORDS} words"))
    } else if repeats(name, text) {
        Some(format!("\"{text}\" only repeats the name"))
    } else {
        None
    }
}

/// The description of the property itself, or of the type that it refers to, in the same document or that of an event.
fn described(property: &Value, root: &Value, events: &BTreeMap<String, Value>) -> bool {
    let target = property["$ref"].as_str().and_then(|target| {
        let event = target.strip_prefix("./events/").and_then(|file| events.get(file.strip_suffix(".json")?));
        event.or_else(|| root.pointer(target.strip_prefix('#')?))
    });
    property["description"].is_string()
        || property.get("const").is_some()
        || target.is_some_and(|target| target["description"].is_string())
}

/// Walks `value`, which is called `name` and found at `path` of `root`.
fn walk(
    value: &Value,
    name: &str,
    path: &str,
    root: &Value,
    events: &BTreeMap<String, Value>,
    wrong: &mut Vec<String>,
) {
    match value {
        Value::Object(fields) => {
            let name = fields.get("const").and_then(Value::as_str).unwrap_or(name);
            for (key, field) in fields {
                match (key.as_str(), field) {
                    ("description" | "summary", Value::String(text)) => {
                        wrong.extend(fault(name, text).map(|fault| format!("{path} ({name}): {fault}")));
                    }
                    ("properties", Value::Object(properties)) => {
                        let bare =
                            properties.iter().filter(|(_, property)| !described(property, root, events));
                        wrong.extend(bare.map(|(name, _)| format!("{path} ({name}): no description")));
                        walk(field, name, &format!("{path}/{key}"), root, events, wrong);
                    }
                    _ => walk(field, key, &format!("{path}/{key}"), root, events, wrong),
                }
            }
        }
        Value::Array(values) => {
            values.iter().for_each(|value| walk(value, name, path, root, events, wrong));
        }
        _ => {}
    }
}

fn faults(root: &Value, events: &BTreeMap<String, Value>) -> Vec<String> {
    let mut wrong = Vec::new();
    walk(root, "", "#", root, events, &mut wrong);
    wrong
}

#[test]
fn every_property_and_value_has_a_description_that_says_more_than_its_name() {
    let contracts = contracts();
    assert!(contracts.contains_key("chorale.product.PriceSet.v1"), "old versions are checked too");
    let wrong: Vec<String> = contracts
        .iter()
        .flat_map(|(name, root)| {
            faults(root, &contracts).into_iter().map(move |fault| format!("{name} {fault}"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn missing_short_and_repeating_descriptions_are_found() {
    let of = |properties: Value, defs: Value| {
        faults(&json!({ "properties": properties, "$defs": defs }), &BTreeMap::new()).len()
    };
    let good = "Number of units; at least 1.";
    assert_eq!(of(json!({ "qty": { "type": "integer", "description": good } }), json!({})), 0);
    assert_eq!(of(json!({ "qty": { "$ref": "#/$defs/Qty" } }), json!({ "Qty": { "description": good } })), 0);
    assert_eq!(of(json!({ "qty": { "type": "integer" } }), json!({})), 1);
    assert_eq!(of(json!({ "qty": { "$ref": "#/$defs/Qty" } }), json!({ "Qty": {} })), 1);
    assert_eq!(of(json!({ "qty": { "description": "How many units." } }), json!({})), 1);
    assert_eq!(of(json!({ "orderId": { "description": "The id of the order." } }), json!({})), 1);
    let value =
        |text: &str| json!({ "Why": { "oneOf": [{ "const": "ORDER_EXPIRED", "description": text }] } });
    assert_eq!(of(json!({}), value("The order is expired.")), 1);
    assert_eq!(of(json!({}), value("A deadline passed before the payment.")), 0);
}
