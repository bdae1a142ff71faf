//! What operators and auditors see.

use read_models::documents::Actor;
use read_models::documents::events::{EVENTS, EventEntry};
use read_models::documents::parked_reactions::{PARKED_REACTIONS, ParkedReaction};
use read_models::documents::reservations::{RESERVATIONS, Reservation};
use read_models::documents::sales_by_week::{ProductWeek, SALES_BY_WEEK};
use read_models::documents::stock_movements::{Figures, STOCK_MOVEMENTS, StockMovement};
use serde_json::{Value, json};

use super::documents::{at, event_ref};
use super::shop::{Shop, code, data};

fn numbers(answer: &Value) -> Vec<&str> {
    let nodes = data(answer)["orders"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["number"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn orders_are_found_by_every_condition_and_in_every_order() {
    let shop = Shop::open().await;
    shop.add_orders(6).await;
    let found = |arguments: &'static str| {
        let shop = &shop;
        async move {
            let answer = shop.ask_admin(&format!("{{ orders({arguments}) {{ nodes {{ number }} }} }}")).await;
            numbers(&answer)
                .iter()
                .map(|number| number.trim_start_matches("10-00000"))
                .collect::<Vec<_>>()
                .join(" ")
        }
    };
    assert_eq!(found("first: 10").await, "6 5 4 3 2 1");
    assert_eq!(found("where: { status: [CONFIRMED] }").await, "6 4 2");
    assert_eq!(found("where: { status: [CONFIRMED, PLACED], onHold: true }").await, "6 3");
    assert_eq!(found("where: { paymentStatus: [CAPTURED] }").await, "");
    assert_eq!(found("where: { number: \"10-000004\" }").await, "4");
    assert_eq!(
        found("where: { total: { min: \"2000\", max: \"3000\" } }, sort: [{ field: TOTAL }]").await,
        "2 3"
    );
    let range = "where: { placedAt: { from: \"2026-03-01T13:00:02+01:00\", to: \"2026-03-01T12:00:04Z\" } }";
    assert_eq!(found(range).await, "4 3 2");
    assert_eq!(found("sort: [{ field: NUMBER }], first: 2").await, "1 2");
    assert_eq!(found("where: { customer: \"nobody\" }").await, "");
}

#[tokio::test]
async fn everything_of_an_order_is_there_for_operators() {
    let shop = Shop::open().await;
    shop.add_orders(3).await;
    let query = "{ order(by: { number: \"10-000003\" }) { id stream email holds { text } notes { text } payments { providerRef } \
                 timeline { nodes { actor { id } } } reservation { status } customerId } }";
    let answer = shop.ask_admin(query).await;
    let order = &data(&answer)["order"];
    assert_eq!(order["holds"][0]["text"], "looks odd");
    assert_eq!(order["payments"][0]["providerRef"], "prov-1");
    assert_eq!(order["timeline"]["nodes"][0]["actor"]["id"], "staff-7");
    assert_eq!((&order["stream"], &order["reservation"]), (&json!("order-o3"), &Value::Null));
    let lists = "{ payments(where: { status: [AUTHORIZED] }) { totalCount nodes { id orderId } } \
                 shipments(where: { location: \"main\" }, first: 2) { totalCount nodes { id status } } }";
    let answer = shop.ask_admin(lists).await;
    let found = data(&answer);
    assert_eq!((&found["payments"]["totalCount"], &found["shipments"]["totalCount"]), (&json!(3), &json!(6)));
    let ids = [&order["id"], &found["payments"]["nodes"][0]["id"], &found["shipments"]["nodes"][0]["id"]];
    let ids = serde_json::to_string(&ids).unwrap();
    let answer = shop.ask_admin(&format!("{{ nodes(ids: {ids}) {{ __typename id }} }}")).await;
    let kinds: Vec<_> =
        data(&answer)["nodes"].as_array().unwrap().iter().map(|n| n["__typename"].clone()).collect();
    assert_eq!(kinds, ["Order", "Payment", "Shipment"]);
}

#[tokio::test]
async fn a_stock_item_shows_its_movements_and_what_holds_it() {
    let shop = Shop::open().await;
    shop.add_teas(6).await;
    let figures = Figures { on_hand: 9, reserved: 2, available: 7 };
    let movements = (1..=4_u64).map(|version| {
        let movement = StockMovement {
            sku: "SKU-1".to_owned(),
            version,
            kind: if version == 1 { "RECEIVED" } else { "RESERVED" }.to_owned(),
            qty: 9,
            location: "main".to_owned(),
            other_location: None,
            order_id: Some("o1".to_owned()),
            line_ids: vec![1],
            reason: None,
            reference: None,
            after_at_location: figures,
            after_in_all: figures,
            at: at(1),
            actor: Actor { kind: "SERVICE".to_owned(), id: "inventory".to_owned() },
            event: event_ref("stock-SKU-1", version),
        };
        (format!("movement-{version}"), 1, movement)
    });
    shop.write_all(&STOCK_MOVEMENTS, movements.collect()).await;
    let reservation = Reservation {
        order_id: "o1".to_owned(),
        status: "HELD".to_owned(),
        held_skus: vec!["SKU-1".to_owned()],
        created_at: at(1),
        updated_at: at(1),
        ..Reservation::default()
    };
    shop.write(&RESERVATIONS, "reservation-o1", 1, &reservation).await;
    let query = "{ stockItems(where: { skuStartsWith: \"SKU-1\" }) { totalCount nodes { id sku onHand available level \
                 locations { location available } reservations { nodes { status orderId } } \
                 movements(first: 2) { nodes { kind quantity event { version } } pageInfo { hasNextPage } } \
                 received: movements(kinds: [RECEIVED]) { totalCount } } } }";
    let answer = shop.ask_admin(query).await;
    let item = &data(&answer)["stockItems"]["nodes"][0];
    assert_eq!(
        item["movements"]["nodes"][0],
        json!({ "kind": "RESERVED", "quantity": "9", "event": { "version": 4 } })
    );
    assert_eq!(item["movements"]["pageInfo"]["hasNextPage"], true);
    assert_eq!(
        (&item["received"]["totalCount"], &item["reservations"]["nodes"][0]["status"]),
        (&json!(1), &json!("HELD"))
    );
    let out = "{ stockItems(where: { level: [OUT_OF_STOCK] }, sort: [{ field: AVAILABLE, direction: DESC }]) { nodes { sku } } }";
    assert_eq!(
        data(&shop.ask_admin(out).await)["stockItems"]["nodes"],
        json!([{ "sku": "SKU-4" }, { "sku": "SKU-1" }])
    );
    let node = format!("{{ node(id: {}) {{ ... on StockItem {{ sku }} }} }}", item["id"]);
    assert_eq!(data(&shop.ask_admin(&node).await)["node"]["sku"], "SKU-1");
}

#[tokio::test]
async fn events_are_found_by_stream_by_flow_and_by_type() {
    let shop = Shop::open().await;
    let events = (1..=5_u64).map(|n| {
        let name = if n == 1 { "OrderPlaced" } else { "OrderNoteAdded" };
        let (id, version, event) = entry(n, n);
        let event = EventEntry {
            kind: format!("chorale.order.{name}.v1"),
            name: name.to_owned(),
            stream: if n == 5 { "order-o2" } else { "order-o1" }.to_owned(),
            correlation_id: format!("flow-{}", n % 2),
            payload: "{\"orderId\":\"o1\"}".to_owned(),
            ..event
        };
        (id, version, event)
    });
    shop.write_all(&EVENTS, events.collect()).await;
    let found = |arguments: &'static str| {
        let shop = &shop;
        async move {
            let answer =
                shop.ask_admin(&format!("{{ events({arguments}) {{ nodes {{ eventId }} }} }}")).await;
            let nodes = data(&answer)["events"]["nodes"].as_array().unwrap().clone();
            nodes
                .iter()
                .map(|node| node["eventId"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
                .join(" ")
        }
    };
    assert_eq!(found("first: 3").await, "e5 e4 e3");
    assert_eq!(found("stream: \"order-o1\"").await, "e1 e2 e3 e4");
    assert_eq!(found("correlationId: \"flow-1\"").await, "e1 e3 e5");
    assert_eq!(found("stream: \"order-o1\", types: [\"chorale.order.OrderPlaced.v1\"]").await, "e1");
    assert_eq!(found("types: [\"OrderNoteAdded\"], last: 2").await, "e3 e2");
    let answer =
        shop.ask_admin("{ events(first: 1) { nodes { id payload actor { type id } position } } }").await;
    assert_eq!(data(&answer)["events"]["nodes"][0]["payload"], "{\"orderId\":\"o1\"}");
}

#[tokio::test]
async fn paging_through_events_visits_each_once_although_clocks_went_back_and_events_arrive_meanwhile() {
    let shop = Shop::open().await;
    // Positions 1 to 6 of a log whose clock went back, some of them at the same time.
    for (n, minute) in [(1, 3), (2, 3), (3, 1), (4, 1), (5, 2), (6, 3)] {
        shop.write_all(&EVENTS, vec![entry(n, minute)]).await;
    }
    for arguments in ["correlationId: \"flow\"", "types: [\"OrderNoteAdded\"]", ""] {
        for (length, cursor, edge) in [("first", "after", "endCursor"), ("last", "before", "startCursor")] {
            let (mut seen, mut at, mut late) = (Vec::new(), String::new(), 7);
            loop {
                let query = format!(
                    "{{ events({arguments} {length}: 2 {at}) {{ nodes {{ eventId }} pageInfo {{ startCursor endCursor }} }} }}"
                );
                let answer = shop.ask_admin(&query).await;
                let page = &data(&answer)["events"];
                let ids = page["nodes"].as_array().unwrap().iter().map(|node| node["eventId"].to_string());
                let ids: Vec<_> = ids.collect();
                if ids.is_empty() {
                    break;
                }
                seen.extend(ids);
                at = format!("{cursor}: {}", page["pageInfo"][edge]);
                if late < 9 {
                    // An event of a log that is read later, or whose clock is behind.
                    shop.write_all(&EVENTS, vec![entry(late, late - 6)]).await;
                    late += 1;
                }
            }
            for n in 1..=6 {
                let times = seen.iter().filter(|id| **id == format!("\"e{n}\"")).count();
                assert_eq!(times, 1, "e{n} with {arguments} {length}: {seen:?}");
            }
            let distinct: std::collections::BTreeSet<_> = seen.iter().collect();
            assert_eq!(distinct.len(), seen.len(), "{arguments} {length}: {seen:?}");
        }
    }
}

/// An event that was recorded at a minute.
fn entry(n: u64, minute: u64) -> (String, u64, EventEntry) {
    let event = EventEntry {
        event_id: format!("e{n}"),
        kind: "chorale.order.OrderNoteAdded.v1".to_owned(),
        name: "OrderNoteAdded".to_owned(),
        stream: "order-o1".to_owned(),
        version: n,
        context: "ordering".to_owned(),
        topic: "chorale.order.v1".to_owned(),
        position: n,
        epoch: "e".to_owned(),
        correlation_id: "flow".to_owned(),
        causation_id: "c".to_owned(),
        traceparent: None,
        hash: "ab".to_owned(),
        at: at(usize::try_from(minute).unwrap()),
        summary: format!("Event {n}"),
        actor: Actor { kind: "SYSTEM".to_owned(), id: "clock".to_owned() },
        payload: "{}".to_owned(),
    };
    (format!("e{n}"), 1, event)
}

#[tokio::test]
async fn parked_reactions_projectors_and_sales_are_shown() {
    let shop = Shop::open().await;
    shop.add_orders(3).await;
    let parked = ParkedReaction {
        reactor: "payments".to_owned(),
        source: "order-o1".to_owned(),
        state: "PARKED".to_owned(),
        error: "the provider is gone".to_owned(),
        updated_at: at(1),
        ..ParkedReaction::default()
    };
    shop.write(&PARKED_REACTIONS, "reaction-payments-order-o1", 1, &parked).await;
    for (partition, week, units) in [(0, "2026-W09", 2), (1, "2026-W09", 3), (0, "2026-W11", 1)] {
        let part = ProductWeek {
            product_id: "p1".to_owned(),
            week: week.to_owned(),
            monday: "2026-02-23".to_owned(),
            orders: 1,
            units,
            revenue: [("EUR".to_owned(), 500)].into(),
        };
        shop.write(&SALES_BY_WEEK, &format!("p1/{week}/order/{partition}"), 1, &part).await;
    }
    let query = "query($p: ID!) { attention { ordersOnHold parkedReactions heldStreams } projectors { name state lagEvents lagSeconds eventsPerSecond } reactors { name lagEvents parkedEvents } \
                 parkedReactions(where: { state: PARKED, reactor: \"payments\" }) { nodes { id source error } } \
                 salesByWeek(product: $p, from: \"2026-W01\", to: \"2026-W10\") { week orders units revenue { amount } } }";
    let product = "cHJvZHVjdA";
    let bad = shop.send("/admin/graphql", query, json!({ "p": product }), &[]).await;
    let bad = super::shop::json_of(bad).await;
    assert_eq!((code(&bad), &bad["data"]["attention"]["ordersOnHold"]), ("BAD_ID", &json!(1)));
    let id = data(&shop.ask_admin("{ __typename }").await)["__typename"].clone();
    assert_eq!(id, "Query");
    let answer = shop.send("/admin/graphql", query, json!({ "p": "UHJvZHVjdDpwMQ" }), &[]).await;
    let answer = super::shop::json_of(answer).await;
    let found = data(&answer);
    assert_eq!(found["attention"], json!({ "ordersOnHold": 1, "parkedReactions": 1, "heldStreams": 0 }));
    let live = json!({ "name": "orders", "state": "LIVE", "lagEvents": "3", "lagSeconds": 0.5, "eventsPerSecond": null });
    let building = json!({ "name": "orders", "state": "BUILDING", "lagEvents": "50", "lagSeconds": null, "eventsPerSecond": 100.0 });
    assert_eq!(found["projectors"], json!([live, building]));
    assert_eq!(
        found["reactors"],
        json!([{ "name": "payments-orders", "lagEvents": "0", "parkedEvents": "0" }])
    );
    assert_eq!(found["parkedReactions"]["nodes"][0]["error"], "the provider is gone");
    let week =
        json!([{ "week": "2026-W09", "orders": "2", "units": "5", "revenue": [{ "amount": "10.00" }] }]);
    assert_eq!(found["salesByWeek"], week);
}
