//! Every number of every input, with extreme values.

use std::collections::BTreeSet;

use domain::shipment::{Label, LabelPrinted};
use schemas::Context;
use schemas::order::OrderPlaced;
use serde_json::{Value, json};

use crate::shop::{Shop, command, order};

/// Values around the limits of the types that programs use for whole numbers.
fn extremes() -> Vec<Value> {
    let signed =
        [i64::MIN, i64::from(i32::MIN), -1, 0, 1, i64::from(i32::MAX), 1 << 31, i64::from(u32::MAX), 1 << 32];
    let signed = signed.into_iter().chain([1 << 53, i64::MAX]).map(Value::from);
    signed.chain([Value::from(u64::MAX), json!(0.5), json!(1e300)]).collect()
}

/// The pointers of all numbers in a body.
fn numbers(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Number(_) => found.push(at.to_owned()),
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| numbers(value, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, value)| numbers(value, &format!("{at}/{i}"), found));
        }
        _ => {}
    }
}

/// A shop with a parcel on its way, and one body per operation that takes numbers; each body has all of them.
async fn shop_and_bodies() -> (Shop, Vec<(&'static str, String, Value)>) {
    let shop = Shop::open().await;
    let product = shop.events(Context::Catalog).await[0].envelope.stream.key().to_owned();
    shop.place("k", &order()).await.is(201);
    let placed: OrderPlaced = serde_json::from_str(&shop.events(Context::Ordering).await[0].payload).unwrap();
    let shipment_id = shop.plan_parcel(placed).await;
    command(&shop.staff, "POST", &format!("/v1/shipments/{shipment_id}/pack"), "p1", &json!({}))
        .await
        .is(202);
    let label = Label {
        carrier: "Post".to_owned(),
        tracking_number: "1".to_owned(),
        tracking_url: "https://post.example/1".to_owned(),
    };
    shop.decide(Context::Shipping, LabelPrinted { shipment_id, label }).await;
    let dispatch = format!("/v1/shipments/{shipment_id}/dispatch");
    command(&shop.staff, "POST", &dispatch, "p2", &json!({})).await.is(202);

    let price = json!({ "minor": 490, "currencyCode": "EUR" });
    let mut ordered = order();
    ordered["lines"][0]["expectedUnitPrice"] = price.clone();
    let variants = format!("/v1/products/{product}/variants");
    let details = json!({ "weightGrams": 100, "maxPerOrder": 5 });
    let mut added = details.clone();
    added["sku"] = json!("TEA-200");
    let stock = |verb: &str| format!("/v1/stock/TEA-100/{verb}");
    let adjusted = |field: &str| json!({ "location": "central", field: 1, "reason": "COUNT" });
    let bodies = vec![
        ("POST", "/v1/orders".to_owned(), ordered),
        (
            "PUT",
            format!("{variants}/TEA-100/price"),
            json!({ "price": price, "compareAt": { "minor": 900, "currencyCode": "EUR" } }),
        ),
        ("PUT", format!("{variants}/TEA-100"), details),
        ("POST", variants, added),
        ("POST", stock("receive"), json!({ "location": "central", "quantity": 1 })),
        ("POST", stock("adjust"), adjusted("delta")),
        ("POST", stock("adjust"), adjusted("count")),
        ("POST", stock("transfer"), json!({ "from": "central", "to": "north", "quantity": 1 })),
        ("PUT", stock("thresholds"), json!({ "lowStock": 1, "safetyStock": 1 })),
        (
            "POST",
            format!("/v1/shipments/{shipment_id}/attempt-failed"),
            json!({ "attempt": 1, "reason": "closed" }),
        ),
    ];
    (shop, bodies)
}

#[tokio::test]
async fn no_number_however_large_is_an_error_of_the_program_or_recorded_beyond_32_bits() {
    let (shop, bodies) = shop_and_bodies().await;
    for (i, (method, path, body)) in bodies.iter().enumerate() {
        let mut found = Vec::new();
        numbers(body, "", &mut found);
        for (at, extreme) in
            found.iter().flat_map(|at| extremes().into_iter().map(move |extreme| (at, extreme)))
        {
            let mut body = body.clone();
            *body.pointer_mut(at).unwrap() = extreme.clone();
            let key = format!("{i}{at}={extreme}");
            let router = if path == "/v1/orders" { &shop.public } else { &shop.staff };
            let answer = command(router, method, path, &key, &body).await;
            let status = answer.status.as_u16();
            assert!(
                matches!(status, 201 | 202 | 400 | 422),
                "{method} {path} {at} {extreme}: {}",
                answer.body
            );
        }
    }
    for context in Context::ALL {
        for event in shop.events(context).await {
            let payload: Value = serde_json::from_str(&event.payload).unwrap();
            let mut found = Vec::new();
            numbers(&payload, "", &mut found);
            for at in found {
                let number = payload.pointer(&at).and_then(Value::as_i64).unwrap();
                // Amounts of money are not answered as Int. A price is at most 10¹¹ minor units.
                let most = if at.ends_with("/minor") { 100_000_000_000_000 } else { i64::from(i32::MAX) };
                assert!(number.abs() <= most, "{} {at} {number}", event.envelope.name);
            }
        }
    }
}

#[tokio::test]
async fn every_number_of_the_contract_is_tried() {
    let (_shop, bodies) = shop_and_bodies().await;
    let mut tried = BTreeSet::new();
    for (_, _, body) in &bodies {
        let mut found = Vec::new();
        numbers(body, "", &mut found);
        tried.extend(found.iter().filter_map(|at| at.rsplit('/').next()).map(str::to_owned));
    }
    let document = serde_json::to_value(command_api::openapi()).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let inputs = schemas.iter().filter(|(name, _)| name.ends_with("Input"));
    let fields = inputs.flat_map(|(_, schema)| schema["properties"].as_object().into_iter().flatten());
    let is_number = |schema: &Value| {
        // Money may also be written as text.
        let either = schema["oneOf"].as_array().into_iter().flatten();
        let types = std::iter::once(schema).chain(either).map(|one| one["type"].to_string());
        types.into_iter().any(|text| text.contains("integer") || text.contains("number"))
    };
    let known: BTreeSet<String> =
        fields.filter(|(_, schema)| is_number(schema)).map(|(name, _)| name.clone()).collect();
    assert_eq!(tried, known);
}
