//! Execution as the GraphQL specification has it, in the places where engines differ.

use axum::http::Request;
use serde_json::{Value, json};

use super::documents::product;
use super::shop::{Shop, code, data, id, json_of};

const VARIANTS: &str =
    "query($n: Int) { product(by: { sku: \"SKU-1\" }) { variants(first: $n) { totalCount nodes { sku } } } }";

async fn shop() -> Shop {
    let shop = Shop::open().await;
    shop.add_product(&product(1, "Tea", "Leafy", 490)).await;
    shop
}

#[tokio::test]
async fn an_argument_whose_variable_has_no_value_has_its_default() {
    let shop = shop().await;
    let answer = shop.ask(VARIANTS).await;
    assert_eq!(data(&answer)["product"]["variants"]["nodes"], json!([{ "sku": "SKU-1" }]));
    let answer = shop.ask_with(VARIANTS, json!({ "n": 0 })).await;
    assert_eq!(data(&answer)["product"]["variants"]["nodes"], json!([]));
    // Null is a value, which this argument does not take.
    let answer = shop.ask_with(VARIANTS, json!({ "n": null })).await;
    assert!(answer["errors"].is_array(), "{answer}");
    // A field of an input object that has no value is not there.
    let list = "query($b: [String!]) { products(where: { brand: $b }) { totalCount } }";
    assert_eq!(data(&shop.ask(list).await)["products"]["totalCount"], 1);
    let answer = shop.ask_with(list, json!({ "b": ["Other"] })).await;
    assert_eq!(data(&answer)["products"]["totalCount"], 0);
}

#[tokio::test]
async fn directives_use_the_defaults_of_variables() {
    let shop = shop().await;
    let query = "query($with: Boolean = true, $without: Boolean = false) { product(by: { sku: \"SKU-1\" }) {
        title @include(if: $with) brand @include(if: $without) status @skip(if: $with) slug @skip(if: $without) } }";
    let keys = |answer: &Value| -> Vec<String> {
        data(answer)["product"].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(&shop.ask(query).await), ["title", "slug"]);
    let turned = json!({ "with": false, "without": true });
    assert_eq!(keys(&shop.ask_with(query, turned).await), ["brand", "status"]);
}

#[tokio::test]
async fn a_variable_that_must_have_a_value_is_missed_before_anything_is_executed() {
    let shop = shop().await;
    let query = "query($i: Boolean!) { product(by: { sku: \"SKU-1\" }) { title @include(if: $i) } }";
    for variables in [json!({}), json!({ "i": null })] {
        let answer = shop.ask_with(query, variables).await;
        assert_eq!(code(&answer), "GRAPHQL_VALIDATION_FAILED");
        assert!(answer.get("data").is_none(), "{answer}");
    }
}

#[tokio::test]
async fn an_object_of_which_nothing_is_selected_is_empty_and_not_null() {
    let shop = shop().await;
    let answer = shop.ask("{ product(by: { sku: \"SKU-1\" }) { variants { nodes { id } } } }").await;
    let id = data(&answer)["product"]["variants"]["nodes"][0]["id"].as_str().unwrap().to_owned();
    let query = "query($id: ID!) { node(id: $id) { ... on Product { title } } nodes(ids: [$id]) { ... on Category { slug } } }";
    let answer = shop.ask_with(query, json!({ "id": id })).await;
    assert_eq!(data(&answer), &json!({ "node": {}, "nodes": [{}] }));
    assert_eq!(data(&shop.ask("{ systemStatus @skip(if: true) { now } }").await), &json!({}));
}

#[tokio::test]
async fn fields_are_in_the_order_of_the_query_and_those_with_one_key_are_one() {
    let shop = shop().await;
    let query = "{ __typename one: product(by: { sku: \"SKU-1\" }) { slug ...Rest }
        stock(sku: \"SKU-1\") { sku } one: product(by: { sku: \"SKU-1\" }) { variants { totalCount } } }
        fragment Rest on Product { title variants { nodes { sku } } ... on Node { id __typename } }";
    let answer = shop.ask(query).await;
    let one = json!({ "slug": "tea-1", "title": "Tea", "variants": { "nodes": [{ "sku": "SKU-1" }], "totalCount": 1 } });
    let written = serde_json::to_string(data(&answer)).unwrap();
    assert!(written.starts_with("{\"__typename\":\"Query\",\"one\":{\"slug\":"), "{written}");
    let found = &data(&answer)["one"];
    assert_eq!((&found["title"], &found["variants"]), (&one["title"], &one["variants"]));
    let keys: Vec<&String> = found.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["slug", "title", "variants", "id", "__typename"]);
}

#[tokio::test]
async fn of_several_operations_the_one_with_the_given_name_determines_the_order() {
    let shop = shop().await;
    for (name, expected) in [("A", ["slug", "title"]), ("B", ["title", "slug"])] {
        let query = "query A { product(by: { sku: \"SKU-1\" }) { slug title } }
            query B { product(by: { sku: \"SKU-1\" }) { title slug } }";
        let body = json!({ "query": query, "operationName": name }).to_string();
        let request = Request::post("/graphql").header("content-type", "application/json").body(body.into());
        let answer = json_of(shop.request(request.unwrap()).await).await;
        let keys: Vec<&String> = data(&answer)["product"].as_object().unwrap().keys().collect();
        assert_eq!(keys, expected);
    }
}

#[tokio::test]
async fn what_subscriptions_send_is_executed_as_queries_are() {
    let shop = Shop::open().await;
    shop.add_orders(1).await;
    let mut socket = shop.socket("/admin/graphql").await;
    let query = "subscription($id: ID!, $n: Int, $with: Boolean = true, $after: String) {
        changed: orderUpdated(by: { id: $id }) { version lines(first: $n, after: $after) { totalCount }
            number @include(if: $with) id @skip(if: $with) ... on Node { __typename } } }";
    socket.subscribe("1", query, json!({ "id": id("Order:o1") })).await;
    let order = socket.data("1").await["changed"].clone();
    let expected =
        json!({ "version": 3, "lines": { "totalCount": 3 }, "number": "10-000001", "__typename": "Order" });
    assert_eq!(order, expected);
    let keys: Vec<&String> = order.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["version", "lines", "number", "__typename"]);

    socket.subscribe("2", query, json!({ "id": id("Order:o1"), "after": "x" })).await;
    let message = socket.next().await;
    let (data, error) = (&message["payload"]["data"], &message["payload"]["errors"][0]);
    assert_eq!((data, &error["path"]), (&Value::Null, &json!(["changed", "lines"])), "{message}");
    assert_eq!(code(&message["payload"]), "BAD_CURSOR");
}

#[tokio::test]
async fn a_field_that_failed_and_must_not_be_null_makes_what_is_around_it_null() {
    let shop = shop().await;
    let answer =
        shop.ask("{ product(by: { sku: \"SKU-1\" }) { title variants(after: \"x\") { totalCount } } }").await;
    assert_eq!((code(&answer), &answer["data"]), ("BAD_CURSOR", &json!({ "product": null })));
    assert_eq!(answer["errors"][0]["path"], json!(["product", "variants"]));
}

#[tokio::test]
async fn the_schema_can_be_asked_for_beside_data() {
    let shop = shop().await;
    let query = "query($deprecated: Boolean = false) { a: __type(name: \"Money\") { ...Fields } __schema { queryType { name } }
        product(by: { sku: \"SKU-1\" }) { title } }
        fragment Fields on __Type { name fields(includeDeprecated: $deprecated) { name } }";
    let answer = shop.ask(query).await;
    let fields = json!([{ "name": "amount" }, { "name": "minor" }, { "name": "currencyCode" }]);
    let expected = json!({
        "a": { "name": "Money", "fields": fields },
        "__schema": { "queryType": { "name": "Query" } },
        "product": { "title": "Tea" },
    });
    assert_eq!(data(&answer), &expected);
}
