//! Queries that are too much, and queries that are wrong.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use query_api::Options;
use serde_json::json;

use super::shop::{Shop, code, data};

/// Fragments that each spread the next one twice.
fn bomb() -> String {
    let mut text = "{ ...f0 }".to_owned();
    for n in 0..30 {
        write!(text, " fragment f{n} on Query {{ ...f{m} ...f{m} }}", m = n + 1).unwrap();
    }
    text + " fragment f30 on Query { __typename }"
}

#[tokio::test]
async fn bombs_of_fragments_brackets_and_aliases_are_refused_before_anything_is_read() {
    let shop = Shop::open().await;
    let aliases: String = (0..40).map(|n| format!("a{n}: __typename ")).collect();
    let fields = "__typename ".repeat(1_500);
    let bombs = [
        (bomb(), "QUERY_TOO_LARGE"),
        ("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
        (format!("{{ {} }}", "a { ".repeat(200)), "QUERY_TOO_LARGE"),
        (format!("{{ x(a: {}) }}", "[".repeat(20_000)), "QUERY_TOO_LARGE"),
        (format!("{{ {aliases} }}"), "QUERY_TOO_LARGE"),
        (format!("{{ {fields} }}"), "QUERY_TOO_LARGE"),
        ("{ categories { parent { parent { parent { parent { parent { parent { parent { parent { parent { parent { parent { parent { name } } } } } } } } } } } } } }".to_owned(), "QUERY_TOO_LARGE"),
        ("{ products(first: 100) { nodes { variants(first: 100) { nodes { product { variants(first: 100) { nodes { sku } } } } } } } }".to_owned(), "QUERY_TOO_EXPENSIVE"),
        ("mutation { x }".to_owned(), "ONLY_QUERIES"),
    ];
    for (query, expected) in bombs {
        let started = Instant::now();
        let answer = shop.ask(&query).await;
        assert_eq!(code(&answer), expected, "{query:.60} {answer}");
        assert!(started.elapsed() < Duration::from_secs(1), "{query:.60} took {:?}", started.elapsed());
    }
    assert_eq!(shop.watched.calls(), 0);
}

#[tokio::test]
async fn the_dearest_query_that_is_allowed_does_not_take_long() {
    let shop = Shop::open().await;
    shop.add_orders(100).await;
    let title = (0..30).map(|n| format!("t{n}: number ")).collect::<String>();
    let lines =
        "lines(first: 100) { nodes { lineId sku title quantity unitPrice { amount } total { amount } } }";
    let query = format!("{{ orders(first: 100) {{ nodes {{ {title} {} }} }} }}", lines);
    let query = query.replacen("first: 100) { nodes { lineId", "first: 45) { nodes { lineId", 1);
    let started = Instant::now();
    let answer = shop.ask_admin(&query).await;
    data(&answer);
    assert!(answer["extensions"]["cost"]["cost"].as_u64().unwrap() > 35_000, "{}", answer["extensions"]);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn what_a_query_costs_is_told() {
    let shop = Shop::open().await;
    let answer = shop.ask("{ products(first: 10) { nodes { id title } } }").await;
    assert_eq!(answer["extensions"]["cost"], json!({ "cost": 1 + 10 * 3, "limit": 50_000 }));
}

#[tokio::test]
async fn mistakes_are_told_with_a_code_and_a_place() {
    let shop = Shop::open().await;
    let mistakes = [
        ("{ products { ", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ products(first: \"ten\") { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ products(where: { colour: RED }) { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ products(sort: [{ field: COLOUR }]) { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ node(id: \"x\") { id } }", "BAD_ID"),
        ("{ product(by: { id: \"T3JkZXI6MQ\" }) { id } }", "BAD_ID"),
    ];
    for (query, expected) in mistakes {
        let answer = shop.ask(query).await;
        assert_eq!(code(&answer), expected, "{answer}");
        let (message, error) = (answer["errors"][0]["message"].as_str().unwrap(), &answer["errors"][0]);
        assert!(!message.is_empty() && error["locations"][0]["line"] == 1, "{answer}");
    }
    let admin =
        shop.ask_admin("{ orders(where: { placedAt: { from: \"yesterday\" } }) { totalCount } }").await;
    assert!(code(&admin) == "GRAPHQL_VALIDATION_FAILED" || code(&admin) == "BAD_INPUT", "{admin}");
    let ids = vec!["UHJvZHVjdDpwMQ"; 101];
    let many = shop.ask_with("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ids })).await;
    assert_eq!(code(&many), "BAD_INPUT");
}

#[tokio::test]
async fn introspection_is_answered_unless_it_is_turned_off() {
    let query = "{ __schema { queryType { name } types { name } } }";
    let open = Shop::open().await;
    assert_eq!(data(&open.ask(query).await)["__schema"]["queryType"]["name"], "Query");
    let closed = Shop::with(Options { introspection: false, graphiql: false, ..Options::default() }).await;
    assert!(closed.ask(query).await["data"]["__schema"].is_null());
    let page = axum::http::Request::get("/graphiql").body(axum::body::Body::empty()).unwrap();
    assert_eq!(closed.request(page).await.status(), 404);
    for (path, text) in [
        ("/graphql/schema.graphql", query_api::storefront_sdl()),
        ("/admin/graphql/schema.graphql", query_api::admin_sdl()),
    ] {
        let get = || axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
        assert_eq!(closed.request(get()).await.status(), 404, "{path}");
        let served = open.request(get()).await;
        assert_eq!(served.status(), 200, "{path}");
        let body = axum::body::to_bytes(served.into_body(), usize::MAX).await.unwrap();
        assert_eq!(body, text.as_bytes(), "{path}");
    }
}

#[tokio::test]
async fn variables_of_every_kind_are_answered_without_a_panic() {
    let shop = Shop::open().await;
    let query = "query($w: ProductWhere, $s: String) { products(where: $w, search: $s) { totalCount } }";
    let raw = json!({ "$serde_json::private::RawValue": "{\"a\":1" });
    for odd in
        [raw.clone(), json!({ "brand": raw }), json!(7), json!([[[]]]), json!({ "price": { "min": "x" } })]
    {
        let answer = shop.ask_with(query, json!({ "w": odd })).await;
        assert!(answer["errors"][0]["message"].is_string(), "{answer}");
    }
    let long = shop.ask_with(query, json!({ "s": "a b c d e f g h i j k" })).await;
    assert_eq!(code(&long), "BAD_INPUT");
}
