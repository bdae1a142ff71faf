//! The OpenAPI document is what the code says, and everything in it is described.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs};

use axum::body::Body;
use command_api::LIMITS;
use schemas::OrderId;
use serde_json::{Value, json};

use crate::shop::{Shop, ask, command, order, send};

fn file() -> PathBuf {
    PathBuf::from("../schemas/contracts/openapi.json")
}

pub fn generated() -> Value {
    let mut document = serde_json::to_value(command_api::openapi()).unwrap();
    document["x-generated"] = json!(
        "Generated from the code; do not edit. UPDATE_CONTRACTS=1 cargo test -p command-api rewrites it."
    );
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

#[tokio::test]
async fn what_a_command_created_answers_at_its_location() {
    let shop = Shop::with(LIMITS).await;
    let product = json!({ "slug": "cocoa", "title": "Cocoa" });
    let product = command(&shop.staff, "POST", "/v1/products", "p1", &product).await;
    let variants = format!("/v1/products/{}/variants", product.text("id"));
    let category = json!({ "slug": "drinks", "name": "Drinks" });
    let read = async |router, path: &str, token: Option<&str>| {
        let request = ask("GET", path);
        let request =
            token.into_iter().fold(request, |request, token| request.header("x-guest-token", token));
        send(router, request.body(Body::empty()).unwrap()).await
    };
    for created in [
        product,
        command(&shop.staff, "POST", "/v1/categories", "c1", &category).await,
        command(&shop.staff, "POST", &variants, "v1", &json!({ "sku": "COCOA" })).await,
    ] {
        let found = read(&shop.staff, created.is(201).header("location"), None).await;
        let fields = |body: &Value| (body["version"].clone(), body["token"].clone());
        assert!(found.is(200).body["version"].as_u64() >= created.body["version"].as_u64(), "{}", found.body);
        assert!(
            created.header("location").ends_with(&found.text("id")),
            "{fields:?}",
            fields = fields(&found.body)
        );
    }
    let order = shop.place("k1", &order()).await;
    let (location, token) = (order.is(201).header("location"), order.text("guestToken"));
    let found = read(&shop.public, location, Some(&token)).await;
    assert_eq!(
        (&found.is(200).body["id"], &found.body["token"]),
        (&order.body["orderId"], &order.body["token"])
    );
    for wrong in [None, Some("0".repeat(64))] {
        read(&shop.public, location, wrong.as_deref()).await.is_problem(404, "NOT_FOUND");
    }
    read(&shop.staff, location, None).await.is(200);
    let absent = OrderId::derived(&["nothing"]);
    for path in ["orders/x", "products/x", "categories/x", "products/x/variants/y"] {
        read(&shop.staff, &format!("/v1/{path}"), None).await.is_problem(404, "NOT_FOUND");
        let path = path.replace('x', &absent.to_string());
        read(&shop.staff, &format!("/v1/{path}"), None).await.is_problem(404, "NOT_FOUND");
    }
    // Guests have no catalog here.
    read(&shop.public, &format!("/v1/products/{absent}"), None).await.is_problem(404, "NOT_FOUND");
}

/// The schemas of the document, with what `of` names as the root.
fn validator(of: &str) -> jsonschema::Validator {
    let mut schema = json!({ "$ref": format!("#/components/schemas/{of}") });
    schema["components"] = generated()["components"].clone();
    jsonschema::draft202012::new(&schema).unwrap()
}

#[tokio::test]
async fn answers_are_as_the_document_describes_them() {
    let shop = Shop::with(LIMITS).await;
    let placed = shop.place("k1", &order()).await;
    let mut cheap = order();
    cheap["lines"][0]["expectedUnitPrice"] = json!({ "minor": 1, "currencyCode": "EUR" });
    let mut many = order();
    many["lines"][0]["quantity"] = json!(1_000);
    let refused =
        [shop.place("k2", &cheap).await, shop.place("k3", &many).await, shop.place("k4", &json!({})).await];
    let details: Vec<_> = refused.iter().map(|answer| &answer.body["userErrors"][0]["details"]).collect();
    assert!(details[0]["unitPrice"]["minor"].is_string() && details[1]["max"].is_i64(), "{details:?}");
    let status = send(&shop.public, ask("GET", &placed.text("statusUrl")).body(Body::empty()).unwrap()).await;
    assert!(status.is(200).body["answer"]["totals"]["grand"]["minor"].is_string());
    for (schema, answer) in [("Accepted", &placed), ("CommandStatus", &status)]
        .into_iter()
        .chain(refused.iter().map(|answer| ("Problem", answer)))
    {
        let errors: Vec<_> =
            validator(schema).iter_errors(&answer.body).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{schema}: {errors:?}");
    }
    let known = |schema: &str, answer: &Value| {
        let fields = generated()["components"]["schemas"][schema]["properties"].clone();
        answer.as_object().unwrap().keys().all(|field| fields.get(field).is_some())
    };
    assert!(known("Answer", &status.body["answer"]) && known("Totals", &placed.body["totals"]));
    assert!(known("Details", details[0]) && known("Details", details[1]));
}

#[test]
fn every_body_has_an_example_that_its_schema_allows() {
    let mut seen = 0;
    for (path, item) in generated()["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            let media = &operation["requestBody"]["content"]["application/json"];
            let Some(schema) = media["schema"]["$ref"].as_str() else { continue };
            let errors: Vec<_> = validator(schema.rsplit('/').next().unwrap())
                .iter_errors(&media["example"])
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{path}: {errors:?}");
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} bodies");
}
