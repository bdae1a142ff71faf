//! Lists page by page.

use serde_json::{Value, json};

use super::shop::{Shop, code, data};

const PAGE: &str = "query($first: Int, $after: String, $last: Int, $before: String, $sort: [OrderSort!]) {
    orders(first: $first, after: $after, last: $last, before: $before, sort: $sort) {
        totalCount edges { cursor node { number } } nodes { number }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

async fn page(shop: &Shop, variables: Value) -> Value {
    let response = shop.send("/admin/graphql", PAGE, variables, &[]).await;
    super::shop::json_of(response).await
}

fn numbers(orders: &Value) -> Vec<String> {
    orders["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["number"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_empty_page_says_what_is_on_both_sides_of_its_cursor() {
    let shop = Shop::open().await;
    shop.add_orders(3).await;
    let info = async |window: Value| {
        let answer = page(&shop, window).await;
        let info = data(&answer)["orders"]["pageInfo"].clone();
        (info["hasPreviousPage"] == true, info["hasNextPage"] == true)
    };
    let all = page(&shop, json!({ "first": 3 })).await;
    let cursor = |which: &str| data(&all)["orders"]["pageInfo"][which].clone();
    let (start, end) = (cursor("startCursor"), cursor("endCursor"));
    assert_eq!(info(json!({ "first": 2, "after": end })).await, (true, false));
    assert_eq!(info(json!({ "last": 2, "before": start })).await, (false, true));
    assert_eq!(info(json!({ "first": 0, "after": start })).await, (true, true));
    assert_eq!(info(json!({ "last": 0, "before": end })).await, (true, true));
    assert_eq!(info(json!({ "first": 0 })).await, (false, true));
}

#[tokio::test]
async fn pages_visit_each_order_once_in_both_directions_and_every_order() {
    let shop = Shop::open().await;
    shop.add_orders(11).await;
    let sorts = [
        json!(null),
        json!([{ "field": "TOTAL" }]),
        json!([{ "field": "PLACED_AT", "direction": "DESC" }, { "field": "NUMBER" }]),
    ];
    for sort in sorts {
        let all = page(&shop, json!({ "first": 100, "sort": sort })).await;
        let all = numbers(&data(&all)["orders"]);
        assert_eq!(all.len(), 11);

        let (mut forwards, mut after) = (Vec::new(), Value::Null);
        loop {
            let answer = page(&shop, json!({ "first": 3, "after": after, "sort": sort })).await;
            let orders = &data(&answer)["orders"];
            assert_eq!(orders["totalCount"], 11);
            assert_eq!(orders["pageInfo"]["hasPreviousPage"], !forwards.is_empty());
            forwards.extend(numbers(orders));
            assert_eq!(orders["pageInfo"]["hasNextPage"], forwards.len() < 11);
            after = orders["pageInfo"]["endCursor"].clone();
            if forwards.len() >= 11 {
                break;
            }
        }
        assert_eq!(forwards, all);

        let (mut backwards, mut before) = (Vec::new(), Value::Null);
        loop {
            let answer = page(&shop, json!({ "last": 4, "before": before, "sort": sort })).await;
            let orders = &data(&answer)["orders"];
            assert_eq!(orders["pageInfo"]["hasNextPage"], !backwards.is_empty());
            backwards = [numbers(orders), backwards].concat();
            assert_eq!(orders["pageInfo"]["hasPreviousPage"], backwards.len() < 11);
            before = orders["pageInfo"]["startCursor"].clone();
            if backwards.len() >= 11 {
                break;
            }
        }
        assert_eq!(backwards, all);
    }
}

#[tokio::test]
async fn lists_inside_documents_are_paged_too() {
    let shop = Shop::open().await;
    shop.add_orders(1).await;
    let query = "query($after: String) { orders { nodes { lines(first: 2, after: $after) { totalCount nodes { lineId } \
                 pageInfo { hasNextPage hasPreviousPage endCursor } } } } }";
    let lines = |after: Value| {
        let shop = &shop;
        async move {
            let response = shop.send("/admin/graphql", query, json!({ "after": after }), &[]).await;
            data(&super::shop::json_of(response).await)["orders"]["nodes"][0]["lines"].clone()
        }
    };
    let first = lines(Value::Null).await;
    assert_eq!(first["nodes"], json!([{ "lineId": 1 }, { "lineId": 2 }]));
    assert_eq!((&first["totalCount"], &first["pageInfo"]["hasNextPage"]), (&json!(3), &json!(true)));
    let second = lines(first["pageInfo"]["endCursor"].clone()).await;
    assert_eq!(second["nodes"], json!([{ "lineId": 3 }]));
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    assert_eq!(second["pageInfo"]["hasPreviousPage"], true);
}

#[tokio::test]
async fn cursors_of_other_lists_or_orders_and_pages_that_cannot_be_are_refused() {
    let shop = Shop::open().await;
    shop.add_orders(3).await;
    let cursor = page(&shop, json!({ "first": 1 })).await["data"]["orders"]["pageInfo"]["endCursor"].clone();
    let other = page(&shop, json!({ "first": 1, "after": cursor, "sort": [{ "field": "TOTAL" }] })).await;
    assert_eq!((code(&other), &other["data"]["orders"]), ("BAD_CURSOR", &Value::Null));
    assert_eq!(code(&page(&shop, json!({ "after": "nonsense" })).await), "BAD_CURSOR");
    let payments = format!("{{ payments(after: {cursor}) {{ nodes {{ id }} }} }}");
    assert_eq!(code(&shop.ask_admin(&payments).await), "BAD_CURSOR");
    for bad in [
        json!({ "first": 101 }),
        json!({ "last": 101 }),
        json!({ "first": -1 }),
        json!({ "first": 1, "last": 1 }),
    ] {
        assert_eq!(code(&page(&shop, bad).await), "BAD_INPUT");
    }
    let twice = json!({ "sort": [{ "field": "TOTAL" }, { "field": "TOTAL", "direction": "DESC" }] });
    assert_eq!(code(&page(&shop, twice).await), "BAD_INPUT");
    let nothing = page(&shop, json!({ "first": 0 })).await;
    assert_eq!(data(&nothing)["orders"]["nodes"], json!([]));
}
