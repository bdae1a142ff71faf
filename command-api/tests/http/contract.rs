//! The OpenAPI document is what the code says, and everything in it is described.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs};

use command_api::LIMITS;
use serde_json::{Value, json};

use crate::shop::{Shop, command, order};

fn file() -> PathBuf {
    PathBuf::from("../schemas/contracts/openapi.json")
}

fn generated() -> Value {
    let mut document = json!({
        "$comment": "Generated from the code; do not edit. UPDATE_CONTRACTS=1 cargo test -p command-api rewrites it.",
    });
    let fields = serde_json::to_value(command_api::openapi()).unwrap();
    document.as_object_mut().unwrap().extend(fields.as_object().cloned().unwrap());
    document
}

#[test]
fn the_checked_in_document_is_what_the_code_says() {
    let text = format!("{:#}\n", generated());
    if env::var_os("UPDATE_CONTRACTS").is_some() {
        fs::write(file(), &text).unwrap();
    }
    let checked_in = fs::read_to_string(file()).unwrap_or_default();
    assert!(
        checked_in == text,
        "openapi.json is out of date: UPDATE_CONTRACTS=1 cargo test -p command-api, and look at the difference"
    );
}

#[test]
fn every_operation_is_named_once_says_what_it_does_and_whose_it_is() {
    let document = generated();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} is there twice");
            assert!(
                operation["summary"].as_str().is_some_and(|summary| summary.ends_with('.')),
                "{method} {path}"
            );
            assert!(operation["tags"].as_array().is_some_and(|tags| !tags.is_empty()), "{method} {path}");
            let key =
                operation["parameters"].as_array().unwrap().iter().any(|p| p["name"] == "Idempotency-Key");
            assert_eq!(key, method != "get", "{method} {path}");
        }
    }
    assert!(names.len() > 30, "{names:?}");
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = generated();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn the_schema_of_an_accepted_command_has_the_fields_of_its_responses() {
    let names = |fields: &Value| match fields {
        Value::Object(fields) => fields.keys().cloned().collect::<BTreeSet<_>>(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        other => panic!("no names: {other}"),
    };
    let shop = Shop::with(LIMITS).await;
    let product = json!({ "slug": "cocoa", "title": "Cocoa" });
    let product = command(&shop.staff, "POST", "/v1/products", "p1", &product).await;
    let variants = format!("/v1/products/{}/variants", product.text("id"));
    let category = json!({ "slug": "drinks", "name": "Drinks" });
    let responses = [
        shop.place("k1", &order()).await,
        command(&shop.staff, "POST", "/v1/categories", "c1", &category).await,
        command(&shop.staff, "POST", &variants, "v1", &json!({ "sku": "COCOA" })).await,
        product,
    ];
    let mut seen = responses.iter().map(|response| names(&response.is(201).body));
    let first = seen.next().unwrap();
    let (all, always) = seen.fold((first.clone(), first), |(all, always), one| (&all | &one, &always & &one));
    let schema = &generated()["components"]["schemas"]["Accepted"];
    assert_eq!((all, always), (names(&schema["properties"]), names(&schema["required"])));
}

#[test]
fn everything_in_the_document_is_described_in_more_than_three_words() {
    let document = generated();
    let mut found = Descriptions::default();
    found.add("info".to_owned(), &document["info"]["description"]);
    for tag in document["tags"].as_array().unwrap() {
        found.add(format!("tag {}", tag["name"]), &tag["description"]);
    }
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{method} {path}");
            found.add(place.clone(), &operation["summary"]);
            for parameter in operation["parameters"].as_array().unwrap() {
                found.add(format!("{place} {}", parameter["name"]), &parameter["description"]);
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                found.add(format!("{place} {status}"), &response["description"]);
                for (name, header) in response["headers"].as_object().into_iter().flatten() {
                    found.add(format!("{place} {status} {name}"), &header["description"]);
                }
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        found.add(name.clone(), &schema["description"]);
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            let nullable = property["oneOf"].as_array().into_iter().flatten();
            let text = std::iter::once(property).chain(nullable).map(|one| &one["description"]);
            found.add(
                format!("{name}.{field}"),
                text.clone().find(|text| text.is_string()).unwrap_or(&Value::Null),
            );
        }
    }
    assert!(found.count > 300, "only {} descriptions were found", found.count);
    assert!(found.poor.is_empty(), "missing, or three words or fewer:\n{}", found.poor.join("\n"));
}

/// The descriptions of a document.
#[derive(Default)]
struct Descriptions {
    count: usize,
    /// Those that say too little, with their places.
    poor: Vec<String>,
}

impl Descriptions {
    fn add(&mut self, place: String, description: &Value) {
        let text = description.as_str().unwrap_or_default();
        let words = text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric));
        self.count += 1;
        if words.count() <= 3 {
            self.poor.push(format!("{place}: {text:?}"));
        }
    }
}
