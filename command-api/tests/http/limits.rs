//! The limits that the OpenAPI document states, and those that the commands have.

use command_api::LIMITS;
use serde_json::{Value, json};

use crate::contract::generated;
use crate::shop::{Answer, Shop, command};

#[test]
fn every_field_with_a_limit_has_a_rule() {
    let document = generated();
    let mut seen = 0;
    for (input, schema) in document["components"]["schemas"].as_object().unwrap() {
        let fields = schema["properties"].as_object().filter(|_| input.ends_with("Input"));
        for (field, schema) in fields.into_iter().flatten() {
            let has = |keywords: &[&str]| keywords.iter().all(|keyword| !schema[*keyword].is_null());
            let is = |kind: &str| {
                schema["type"] == kind
                    || schema["type"].as_array().is_some_and(|all| all.contains(&json!(kind)))
            };
            let limited = (is("string")
                && (has(&["maxLength"]) || has(&["enum"]) || schema["format"] == "date-time"))
                || (is("integer") && has(&["minimum", "maximum"]))
                || (is("array") && has(&["maxItems"]))
                || (is("object") && has(&["maxProperties", "propertyNames"]))
                || is("boolean")
                // A number as a number or as text.
                || schema["oneOf"].as_array().is_some_and(|all| all.iter().any(|one| one["maximum"].is_i64()))
                || schema.to_string().contains("$ref");
            assert!(limited, "{input}.{field}: {schema}");
            seen += 1;
        }
    }
    assert!(seen > 60, "only {seen} fields");
}

/// Values at the border of what a schema allows, and beyond it: of a field of an input.
fn borders(schema: &Value) -> Option<(Vec<Value>, Vec<Value>)> {
    let size = |name: &str| schema[name].as_u64().map(|size| usize::try_from(size).unwrap());
    if let (Some(min), Some(max)) = (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        return Some((vec![json!(min), json!(max)], vec![json!(min - 1), json!(max + 1)]));
    }
    if let Some(names) = schema["enum"].as_array() {
        return Some((
            names.iter().filter(|name| name.is_string()).cloned().collect(),
            vec![json!("SOMETHING_ELSE")],
        ));
    }
    // Texts of another form than a row of letters have limits of their own.
    if schema["format"].is_string() || schema["type"] == "object" {
        return None;
    }
    if let Some(max) = size("maxLength") {
        let of = |length: usize| if max == 3 { json!("E".repeat(length)) } else { json!("a".repeat(length)) };
        let shortest = if schema["minLength"].is_u64() { vec![json!("")] } else { Vec::new() };
        let good = if max == 3 { vec![json!("EUR")] } else { vec![of(1), of(max)] };
        return Some((good, [vec![of(max + 1)], shortest].concat()));
    }
    None
}

#[tokio::test]
async fn the_limits_of_the_document_are_those_of_the_commands() {
    let shop = Shop::with(LIMITS).await;
    let document = generated();
    let id = shop.decided_product().await;
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let media = &operation["requestBody"]["content"]["application/json"];
            let Some(input) = media["schema"]["$ref"].as_str().and_then(|name| name.rsplit('/').next())
            else {
                continue;
            };
            let tags = operation["tags"].as_array().unwrap();
            let router = if tags.contains(&json!("staff")) { &shop.staff } else { &shop.public };
            // Guests without a token are answered before their bodies are looked at.
            if !tags.contains(&json!("staff")) && path.contains("{id}") {
                continue;
            }
            let path = path.replace("{sku}", "TEA-100").replace("{id}", &id);
            let fields = document["components"]["schemas"][input]["properties"].as_object();
            for (field, schema) in fields.into_iter().flatten() {
                let Some((good, bad)) = borders(schema) else { continue };
                // Ids have a form that the document does not state.
                if ["parent", "shipmentId"].contains(&field.as_str()) {
                    continue;
                }
                let values =
                    good.iter().map(|value| (value, false)).chain(bad.iter().map(|value| (value, true)));
                for (value, beyond) in values {
                    tried += 1;
                    let mut body = media["example"].clone();
                    body[field] = value.clone();
                    let key = format!("border-{tried}");
                    let answer = command(router, &method.to_uppercase(), &path, &key, &body).await;
                    let shown: String = value.to_string().chars().take(20).collect();
                    assert_eq!(
                        breaks_a_limit(&answer, field),
                        beyond,
                        "{path} {field} {shown}: {}",
                        answer.body
                    );
                    assert!(!beyond || answer.status == 400, "{path} {field} {shown}: {}", answer.body);
                }
            }
        }
    }
    assert!(tried > 150, "only {tried} values");
}

/// Whether the answer names the field as too long, too large, or not one of its names. Other rules may refuse it, too.
fn breaks_a_limit(answer: &Answer, field: &str) -> bool {
    let codes =
        ["MALFORMED", "TOO_LONG", "REQUIRED", "OUT_OF_RANGE", "NOT_ONE_OF", "TOO_MANY", "INVALID_TEXT"];
    answer.wrong().get(field).is_some_and(|code| codes.contains(&code.as_str()))
}
