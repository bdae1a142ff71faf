//! Orders and stock as they were.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use query_api::Options;
use read_models::documents::order_versions::ORDER_VERSIONS;
use read_models::documents::orders::Order;
use read_models::documents::stock::StockItem;
use read_models::documents::stock_versions::STOCK_VERSIONS;
use read_models::documents::versions::{self, Version};
use serde_json::{Value, json};

use super::documents::at;
use super::shop::{Shop, code, data, id};

const STATUSES: [&str; 3] = ["PLACED", "STOCK_CONFIRMED", "CONFIRMED"];

impl Shop {
    pub async fn add_order_version(&self, order: Order, version: u64, since: String) {
        let stream = format!("order-{}", order.order_id);
        let document = Version { stream: stream.clone(), version, since, state: Some(order) };
        self.write(&ORDER_VERSIONS, &versions::id(&stream, version), 1, &document).await;
    }

    pub async fn add_stock_version(&self, version: u64, since: String, available: u32) {
        let stream = "stock-SKU-1".to_owned();
        let item = StockItem { sku: "SKU-1".to_owned(), available, on_hand: 9, ..StockItem::default() };
        let level = if available == 0 { "OUT_OF_STOCK" } else { "IN_STOCK" };
        let state = Some(StockItem { level: level.to_owned(), updated_at: at(1), ..item });
        let document = Version { stream: stream.clone(), version, since, state };
        self.write(&STOCK_VERSIONS, &versions::id(&stream, version), 1, &document).await;
    }
}

/// A shop with three versions of order `o3`, of seconds 10, 20 and 20; it is on hold from the second on. The order itself is
/// further on.
async fn shop() -> Shop {
    let shop = Shop::with(Options { patience: Duration::from_millis(300), ..Options::default() }).await;
    shop.add_orders(3).await;
    for (version, status) in (1..).zip(STATUSES) {
        let mut order = shop.order(3).await;
        order.status = status.to_owned();
        if version == 1 {
            order.holds.clear();
        }
        shop.add_order_version(order, version, at(if version == 1 { 10 } else { 20 })).await;
    }
    shop
}

async fn status(shop: &Shop, moment: &str) -> Value {
    let query = format!(
        "{{ orderAsOf(by: {{ number: \"10-000003\" }}, moment: {{ {moment} }}) {{ version status since }} }}"
    );
    let answer = shop.ask_admin(&query).await;
    data(&answer)["orderAsOf"].clone()
}

#[tokio::test]
async fn an_order_is_answered_as_it_was_at_a_version_or_a_time_and_null_when_it_was_not() {
    let shop = shop().await;
    let version = |version: u64| {
        let since = at(if version == 1 { 10 } else { 20 });
        json!({ "version": version, "status": STATUSES[usize::try_from(version).unwrap() - 1], "since": since })
    };
    for (number, expected) in [
        (0, Value::Null),
        (1, version(1)),
        (2, version(2)),
        (3, version(3)),
        (4, Value::Null),
        (2_147_483_647, Value::Null),
    ] {
        assert_eq!(status(&shop, &format!("version: {number}")).await, expected, "{number}");
    }
    for (moment, expected) in [
        ("2026-03-01T12:00:09.999Z", Value::Null),
        ("2026-03-01T12:00:10Z", version(1)),
        ("2026-03-01T13:00:19.999+01:00", version(1)),
        // Both versions of that second.
        ("2026-03-01T12:00:20Z", version(3)),
        ("2999-01-01T00:00:00Z", version(3)),
        ("1970-01-01T00:00:00Z", Value::Null),
    ] {
        assert_eq!(status(&shop, &format!("at: \"{moment}\"")).await, expected, "{moment}");
    }
    for unknown in ["id: \"00000000-0000-0000-0000-000000000000\"", "number: \"10-999999\""] {
        let answer = shop
            .ask_admin(&format!(
                "{{ orderAsOf(by: {{ {unknown} }}, moment: {{ version: 1 }}) {{ version }} }}"
            ))
            .await;
        assert_eq!(*data(&answer), json!({ "orderAsOf": null }));
    }
}

#[tokio::test]
async fn shoppers_need_the_guest_token_of_the_order_and_do_not_see_the_words_of_staff() {
    let shop = shop().await;
    let (own, other) = (shop.guest_token("o3").await, shop.guest_token("o2").await);
    let fields = "orderId version email holds { reason text } allowedActions shipTo { city } totals { grand { minor } }";
    let ask = |by: &str, token: &str| {
        format!(
            "{{ orderAsOf(by: {{ {by} }}, moment: {{ version: 2 }}, guestToken: \"{token}\") {{ {fields} }} }}"
        )
    };
    let order = id("Order:o3");
    for by in ["number: \"10-000003\"".to_owned(), format!("id: \"{order}\"")] {
        let answer = shop.ask(&ask(&by, &own)).await;
        assert_eq!(
            data(&answer)["orderAsOf"],
            json!({
                "orderId": order, "version": 2, "email": "guest@example.org",
                "holds": [{ "reason": "STAFF", "text": null }], "allowedActions": ["CANCEL"],
                "shipTo": { "city": "Town" }, "totals": { "grand": { "minor": "3000" } },
            })
        );
        for wrong in [other.as_str(), "", "x"] {
            assert_eq!(*data(&shop.ask(&ask(&by, wrong)).await), json!({ "orderAsOf": null }));
        }
        let without = shop
            .ask(&format!("{{ orderAsOf(by: {{ {by} }}, moment: {{ version: 2 }}) {{ version }} }}"))
            .await;
        assert_eq!(*data(&without), json!({ "orderAsOf": null }));
    }
    let staff = format!(
        "{{ orderAsOf(by: {{ id: \"{order}\" }}, moment: {{ version: 2 }}) {{ holds {{ text }} notes {{ text }} stream }} }}"
    );
    let answer = shop.ask_admin(&staff).await;
    assert_eq!(
        data(&answer)["orderAsOf"],
        json!({ "holds": [{ "text": "looks odd" }], "notes": [{ "text": "rang the bell" }], "stream": "order-o3" })
    );
    for field in ["notes { text }", "cancelText", "customerId", "stream"] {
        let query = format!(
            "{{ orderAsOf(by: {{ id: \"{order}\" }}, moment: {{ version: 2 }}, guestToken: \"{own}\") {{ {field} }} }}"
        );
        assert_eq!(code(&shop.ask(&query).await), "GRAPHQL_VALIDATION_FAILED", "{field}");
    }
}

#[tokio::test]
async fn personal_data_that_was_erased_is_null_in_every_version() {
    let shop = shop().await;
    shop.vault.erase("order-o3").await.unwrap();
    for version in 1..=3 {
        let query = format!(
            "{{ orderAsOf(by: {{ number: \"10-000003\" }}, moment: {{ version: {version} }}) {{ email erased shipTo {{ city }} holds {{ text }} \
             notes {{ text }} totals {{ grand {{ minor }} }} }} }}"
        );
        let answer = shop.ask_admin(&query).await;
        let order = &data(&answer)["orderAsOf"];
        assert_eq!(
            (&order["email"], &order["shipTo"], &order["erased"]),
            (&json!(null), &json!(null), &json!(true))
        );
        assert_eq!(order["notes"], json!([{ "text": null }]));
        assert!(order["holds"].as_array().unwrap().iter().all(|hold| hold["text"].is_null()));
        assert_eq!(order["totals"]["grand"]["minor"], "3000");
    }
}

#[tokio::test]
async fn exactly_one_moment_and_one_order_must_be_named() {
    let shop = shop().await;
    let refused = |answer: Value| match code(&answer) {
        "BAD_INPUT" | "GRAPHQL_VALIDATION_FAILED" => {}
        other => panic!("{other}: {answer}"),
    };
    let moments = [
        "",
        "{}",
        "{ version: 1, at: \"2026-03-01T12:00:00Z\" }",
        "{ version: -1 }",
        "{ at: \"yesterday\" }",
    ];
    for moment in
        moments.map(|moment| if moment.is_empty() { String::new() } else { format!(", moment: {moment}") })
    {
        let order = format!("{{ orderAsOf(by: {{ number: \"10-000003\" }}{moment}) {{ version }} }}");
        refused(shop.ask_admin(&order).await);
        refused(shop.ask(&order).await);
        refused(shop.ask_admin(&format!("{{ stockAsOf(sku: \"SKU-1\"{moment}) {{ version }} }}")).await);
    }
    for by in ["", "by: {},", "by: { id: \"x\", number: \"y\" },"] {
        let order = format!("{{ orderAsOf({by} moment: {{ version: 1 }}) {{ version }} }}");
        refused(shop.ask_admin(&order).await);
        refused(shop.ask(&order).await);
    }
}

#[tokio::test]
async fn operators_see_the_stock_of_a_sku_as_it_was_and_shoppers_do_not() {
    let shop = shop().await;
    shop.add_stock_version(1, at(5), 9).await;
    shop.add_stock_version(2, at(15), 0).await;
    let ask = |moment: &str| {
        format!(
            "{{ stockAsOf(sku: \"SKU-1\", moment: {{ {moment} }}) {{ sku version since onHand available level locations {{ location }} }} }}"
        )
    };
    let state = |version: u64, since: String, available: u32, level: &str| {
        json!({ "stockAsOf": { "sku": "SKU-1", "version": version, "since": since, "onHand": 9, "available": available,
                               "level": level, "locations": [] } })
    };
    for (moment, expected) in [
        ("version: 1", state(1, at(5), 9, "IN_STOCK")),
        ("version: 2", state(2, at(15), 0, "OUT_OF_STOCK")),
        ("version: 3", json!({ "stockAsOf": null })),
        ("at: \"2026-03-01T12:00:04Z\"", json!({ "stockAsOf": null })),
        ("at: \"2026-03-01T12:00:14Z\"", state(1, at(5), 9, "IN_STOCK")),
        ("at: \"2026-03-01T12:00:15Z\"", state(2, at(15), 0, "OUT_OF_STOCK")),
    ] {
        assert_eq!(*data(&shop.ask_admin(&ask(moment)).await), expected, "{moment}");
    }
    let unknown = shop.ask_admin("{ stockAsOf(sku: \"NONE\", moment: { version: 1 }) { sku } }").await;
    assert_eq!(*data(&unknown), json!({ "stockAsOf": null }));
    assert_eq!(code(&shop.ask(&ask("version: 1")).await), "GRAPHQL_VALIDATION_FAILED");
}

#[tokio::test]
async fn a_query_for_the_past_waits_for_the_versions_of_its_token() {
    let shop = Shop::open().await;
    shop.add_orders(3).await;
    shop.add_order_version(shop.order(3).await, 1, at(10)).await;
    let query = "{ orderAsOf(by: { number: \"10-000003\" }, moment: { version: 2 }, consistency: \"order-o3@2\") { version } }";
    let later = async {
        // The query has begun to wait before the version comes.
        let deadline = Instant::now() + Duration::from_secs(5);
        while shop.watched.waits.load(Ordering::SeqCst) == 0 {
            assert!(Instant::now() < deadline);
            tokio::task::yield_now().await;
        }
        shop.add_order_version(shop.order(3).await, 2, at(20)).await;
    };
    let (answer, ()) = tokio::join!(shop.ask_admin(query), later);
    assert_eq!(*data(&answer), json!({ "orderAsOf": { "version": 2 } }));
    let consistency = &answer["extensions"]["consistency"];
    assert_eq!((&consistency["stale"], &consistency["notCovered"]), (&json!(false), &json!([])));
    assert_eq!(consistency["observed"], json!([{ "stream": "order-o3", "version": 2 }]));
}

#[tokio::test]
async fn a_state_of_the_past_that_lacks_the_versions_of_its_token_is_said_to_be_stale() {
    let shop = shop().await;
    shop.add_stock_version(1, at(5), 9).await;
    let query = "{ stockAsOf(sku: \"SKU-1\", moment: { at: \"2026-03-01T12:00:14Z\" }, consistency: \"stock-SKU-1@7\") { version } }";
    let answer = shop.ask_admin(query).await;
    assert_eq!(*data(&answer), json!({ "stockAsOf": { "version": 1 } }));
    let consistency = &answer["extensions"]["consistency"];
    assert_eq!(consistency["stale"], true);
    assert_eq!(consistency["observed"], json!([{ "stream": "stock-SKU-1", "version": 1 }]));
}

#[tokio::test]
async fn a_state_of_the_past_takes_one_call_of_the_store() {
    let shop = shop().await;
    let order = id("Order:o3");
    for moment in ["version: 2", "at: \"2026-03-01T12:00:20Z\""] {
        shop.watched.calls();
        let query = format!(
            "{{ orderAsOf(by: {{ id: \"{order}\" }}, moment: {{ {moment} }}) {{ status lines {{ nodes {{ sku }} }} email }} }}"
        );
        data(&shop.ask_admin(&query).await);
        assert_eq!(shop.watched.calls(), 1, "{moment}");
    }
}
