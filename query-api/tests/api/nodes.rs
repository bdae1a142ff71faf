//! What implements `Node` can be fetched again by its id.

use std::collections::BTreeSet;

use read_models::documents::Actor;
use read_models::documents::events::{EVENTS, EventEntry};
use read_models::documents::parked_reactions::{PARKED_REACTIONS, ParkedReaction};
use read_models::documents::reservations::{RESERVATIONS, Reservation};
use read_models::documents::stock_movements::{Figures, STOCK_MOVEMENTS, StockMovement};
use serde_json::{Value, json};

use super::documents::{at, event_ref};
use super::sdl::{Sdl, base};
use super::shop::{Shop, code, data, id, json_of};

const NODE: &str = "query($id: ID!) { node(id: $id) { __typename id } }";
const OWN: &str =
    "query($id: ID!, $token: String) { nodes(ids: [$id], guestToken: $token) { __typename id } }";

/// The key of an object of this type in [`shop`].
fn key(kind: &str) -> &'static str {
    match kind {
        "Product" => "p1",
        "Variant" | "StockView" | "StockItem" => "SKU-1",
        "StockItemVersion" => "SKU-1@1",
        "Category" => "green",
        "Order" | "Payment" | "Reservation" => "o1",
        "OrderLine" => "o1:1",
        "OrderVersion" => "o1@1",
        "Shipment" => "o1-1",
        "TimelineEntry" => "event-o1-2",
        "StockMovement" => "movement-1",
        "Event" => "e1",
        "ParkedReaction" => "reaction-payments-order-o1",
        "Projector" => "orders:2",
        "Reactor" => "payments-orders",
        other => panic!("{other} implements Node: add an object of it here"),
    }
}

/// A shop with an object of every type.
async fn shop() -> Shop {
    let shop = Shop::open().await;
    shop.add_teas(2).await;
    shop.add_orders(2).await;
    shop.add_order_version(shop.order(1).await, 1, at(10)).await;
    shop.add_stock_version(1, at(5), 9).await;
    let figures = Figures { on_hand: 9, reserved: 2, available: 7 };
    let movement = StockMovement {
        sku: "SKU-1".to_owned(),
        version: 1,
        kind: "RECEIVED".to_owned(),
        qty: 9,
        location: "main".to_owned(),
        other_location: None,
        order_id: None,
        line_ids: vec![],
        reason: None,
        reference: None,
        after_at_location: figures,
        after_in_all: figures,
        at: at(1),
        actor: Actor { kind: "SERVICE".to_owned(), id: "inventory".to_owned() },
        event: event_ref("stock-SKU-1", 1),
    };
    shop.write(&STOCK_MOVEMENTS, "movement-1", 1, &movement).await;
    let reservation = Reservation { order_id: "o1".to_owned(), ..Reservation::default() };
    shop.write(&RESERVATIONS, "reservation-o1", 1, &reservation).await;
    shop.write(&EVENTS, "e1", 1, &event()).await;
    shop.write(&PARKED_REACTIONS, "reaction-payments-order-o1", 1, &ParkedReaction::default()).await;
    shop
}

fn event() -> EventEntry {
    EventEntry {
        event_id: "e1".to_owned(),
        kind: "chorale.order.OrderPlaced.v1".to_owned(),
        name: "OrderPlaced".to_owned(),
        stream: "order-o1".to_owned(),
        version: 1,
        context: "ordering".to_owned(),
        topic: "chorale.order.v1".to_owned(),
        position: 1,
        epoch: "e".to_owned(),
        correlation_id: "flow".to_owned(),
        causation_id: "c".to_owned(),
        traceparent: None,
        hash: "ab".to_owned(),
        at: at(1),
        summary: "Order placed".to_owned(),
        actor: Actor { kind: "SYSTEM".to_owned(), id: "clock".to_owned() },
        payload: "{}".to_owned(),
    }
}

fn kinds(sdl: &str) -> BTreeSet<String> {
    let sdl = Sdl::of(sdl);
    sdl.objects().filter(|(_, _, node)| *node).map(|(name, ..)| name.to_owned()).collect()
}

#[tokio::test]
async fn operators_can_fetch_every_node_again() {
    let shop = shop().await;
    for kind in kinds(&query_api::admin_sdl()) {
        let node = id(&format!("{kind}:{}", key(&kind)));
        let answer = json_of(shop.send("/admin/graphql", NODE, json!({ "id": node }), &[]).await).await;
        assert_eq!(*data(&answer), json!({ "node": { "__typename": kind, "id": node } }), "{kind}");
    }
}

#[tokio::test]
async fn shoppers_can_fetch_every_node_again_and_those_of_an_order_with_its_guest_token_only() {
    let shop = shop().await;
    let (own, other) = (shop.guest_token("o1").await, shop.guest_token("o2").await);
    let public = ["Product", "Variant", "Category", "StockView"];
    for kind in kinds(&query_api::storefront_sdl()) {
        let node = id(&format!("{kind}:{}", key(&kind)));
        let found = json!({ "__typename": kind, "id": node });
        let ask = |token: Value| shop.ask_with(OWN, json!({ "id": node, "token": token }));
        assert_eq!(*data(&ask(json!(own)).await), json!({ "nodes": [found] }), "{kind}");
        let without = if public.contains(&kind.as_str()) { found.clone() } else { Value::Null };
        for wrong in [json!(null), json!(""), json!("x"), json!(other)] {
            assert_eq!(*data(&ask(wrong).await), json!({ "nodes": [without] }), "{kind}");
        }
        // As Relay refetches: `node` has no other argument than the id.
        for (token, expected) in [(&own, &found), (&other, &without)] {
            let headers = [("x-guest-token", token.as_str())];
            let answer = json_of(shop.send("/graphql", NODE, json!({ "id": node }), &headers).await).await;
            assert_eq!(data(&answer)["node"], *expected, "{kind}");
        }
        for unknown in ["", "x", "o1", "o1:9", "o1@9", "o1@", ":", "@"] {
            let answer = shop.ask_with(NODE, json!({ "id": id(&format!("{kind}:{kind}{unknown}")) })).await;
            assert_eq!(*data(&answer), json!({ "node": null }), "{kind}{unknown}");
        }
    }
}

#[test]
fn the_field_node_has_the_one_argument_that_relay_refetches_with() {
    for text in [query_api::storefront_sdl(), query_api::admin_sdl()] {
        let sdl = Sdl::of(&text);
        let node = sdl.fields("Query").into_iter().find(|field| field.name.node == "node").unwrap();
        let arguments: Vec<_> = node.arguments.iter().map(|one| one.node.name.node.as_str()).collect();
        assert_eq!(arguments, ["id"]);
    }
}

#[tokio::test]
async fn pages_of_lines_and_timeline_can_be_fetched_through_their_order() {
    let shop = shop().await;
    let token = shop.guest_token("o1").await;
    let query = "query($id: ID!, $after: String) { node(id: $id) { ... on Order {
        lines(first: 2, after: $after) { nodes { id lineId } pageInfo { endCursor } }
        timeline(first: 1) { nodes { id } } } } }";
    let headers = [("x-guest-token", token.as_str())];
    let ask = async |after: Value| {
        let variables = json!({ "id": id("Order:o1"), "after": after });
        json_of(shop.send("/graphql", query, variables, &headers).await).await
    };
    let first = ask(Value::Null).await;
    let lines = &data(&first)["node"]["lines"];
    assert_eq!(lines["nodes"][1], json!({ "id": id("OrderLine:o1:2"), "lineId": 2 }));
    let second = ask(lines["pageInfo"]["endCursor"].clone()).await;
    assert_eq!(data(&second)["node"]["lines"]["nodes"], json!([{ "id": id("OrderLine:o1:3"), "lineId": 3 }]));
    assert_eq!(data(&second)["node"]["timeline"]["nodes"], json!([{ "id": id("TimelineEntry:event-o1-1") }]));
}

#[tokio::test]
async fn answers_to_the_holder_of_a_guest_token_are_not_kept_by_caches() {
    let shop = shop().await;
    let token = shop.guest_token("o1").await;
    let query = format!("/graphql?query={{node(id:%22{}%22){{id}}}}", id("Order:o1"));
    let get = |token: Option<&str>| {
        let mut request = axum::http::Request::get(&query);
        if let Some(token) = token {
            request = request.header("x-guest-token", token);
        }
        shop.request(request.body(axum::body::Body::empty()).unwrap())
    };
    let with = get(Some(&token)).await;
    assert_eq!(with.headers()["cache-control"], "no-store");
    assert_eq!(data(&json_of(with).await)["node"]["id"], id("Order:o1"));
    let without = get(None).await;
    assert!(without.headers()["vary"].to_str().unwrap().contains("x-guest-token"));
    assert_eq!(data(&json_of(without).await)["node"], Value::Null);
}

#[test]
fn every_object_with_an_id_is_a_node_so_that_what_clients_cache_can_be_fetched_again() {
    for text in [query_api::storefront_sdl(), query_api::admin_sdl()] {
        for (name, fields, node) in Sdl::of(&text).objects() {
            let has_id = fields.iter().any(|field| field.name.node == "id" && base(&field.ty.node) == "ID");
            // The id of an actor is a name.
            assert!(has_id == node, "{name}: has an id: {has_id}, implements Node: {node}");
        }
    }
}

#[tokio::test]
async fn an_id_of_another_type_is_refused() {
    let shop = shop().await;
    for query in ["product(by: { id: $id }) { id }", "category(by: { id: $id }) { id }"] {
        let query = format!("query($id: ID!) {{ {query} }}");
        assert_eq!(code(&shop.ask_with(&query, json!({ "id": id("Order:o1") })).await), "BAD_ID");
    }
}
