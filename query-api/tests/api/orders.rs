//! What shoppers see of orders.

use serde_json::{Value, json};

use super::shop::{Shop, data};

const PAGE: &str = "query($number: String!, $token: String) { order(by: { number: $number }, guestToken: $token) {
    id number version status paymentStatus fulfilmentStatus onHold email erased
    shipTo { name lines city country } billTo { city }
    lines { totalCount nodes { lineId sku quantity unitPrice { amount } total { minor } product { title } } }
    totals { grand { amount currencyCode } }
    payments { status providerRef steps { kind state } }
    shipments { status location lines { sku quantity } shipTo { city } }
    timeline(first: 2) { nodes { title actor { type id } event { type topic position hash } } pageInfo { hasNextPage endCursor } }
    deadlines { kind at } allowedActions holds { reason waysOut text } } }";

async fn shop() -> Shop {
    let shop = Shop::open().await;
    shop.add_teas(3).await;
    shop.add_orders(3).await;
    shop
}

#[tokio::test]
async fn one_query_answers_the_page_of_an_order_to_the_holder_of_its_guest_token() {
    let shop = shop().await;
    let token = shop.guest_token("o3").await;
    let answer = shop.ask_with(PAGE, json!({ "number": "10-000003", "token": token })).await;
    let order = &data(&answer)["order"];
    assert_eq!(order["email"], "guest@example.org");
    assert_eq!(order["erased"], false);
    assert_eq!(order["shipTo"]["city"], "Town");
    assert_eq!(order["totals"]["grand"], json!({ "amount": "30.00", "currencyCode": "EUR" }));
    assert_eq!(order["lines"]["totalCount"], 3);
    assert_eq!(order["lines"]["nodes"][0]["product"]["title"], "Tea 001");
    assert_eq!(order["payments"][0]["steps"], json!([{ "kind": "authorize", "state": "SUCCEEDED" }]));
    assert_eq!(order["payments"][0]["providerRef"], Value::Null);
    assert_eq!(order["shipments"].as_array().unwrap().len(), 2);
    assert_eq!(order["timeline"]["nodes"][1]["title"], "Step 2");
    assert_eq!(order["timeline"]["nodes"][1]["actor"], json!({ "type": "STAFF", "id": null }));
    assert_eq!(order["timeline"]["pageInfo"]["hasNextPage"], true);
    assert_eq!(order["allowedActions"], json!(["CANCEL"]));
    let hold = json!([{ "reason": "STAFF", "waysOut": [], "text": null }]);
    assert_eq!(order["holds"], hold);
    assert_eq!(order["deadlines"], json!([]));
    let by_id = "query($id: ID!, $token: String) { order(by: { id: $id }, guestToken: $token) { number } }";
    let answer = shop.ask_with(by_id, json!({ "id": order["id"], "token": token })).await;
    assert_eq!(data(&answer)["order"]["number"], "10-000003");
}

#[tokio::test]
async fn a_wrong_or_missing_token_answers_like_an_order_that_is_not_there() {
    let shop = shop().await;
    let (own, other) = (shop.guest_token("o3").await, shop.guest_token("o2").await);
    let token = shop.guest_token("o3").await;
    let known = shop.ask_with(PAGE, json!({ "number": "10-000003", "token": token })).await;
    let nothing = shop.ask_with(PAGE, json!({ "number": "nothing", "token": own })).await;
    let own_upper_and_longer = format!("{own}00");
    for wrong in
        [Value::Null, json!(""), json!("x"), json!(other), json!(own_upper_and_longer), json!("é".repeat(32))]
    {
        let answer = shop.ask_with(PAGE, json!({ "number": "10-000003", "token": wrong })).await;
        assert_eq!(answer, nothing);
        assert_eq!(*data(&answer), json!({ "order": null }));
    }
    let id = &known["data"]["order"]["id"];
    let node = shop.ask_with("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
    assert_eq!(*data(&node), json!({ "node": null }));
}

#[tokio::test]
async fn erased_personal_data_is_null_and_said_to_be_erased() {
    let shop = shop().await;
    shop.vault.erase("order-o2").await.unwrap();
    let token = shop.guest_token("o2").await;
    let answer = shop.ask_with(PAGE, json!({ "number": "10-000002", "token": token })).await;
    let order = &data(&answer)["order"];
    assert_eq!(
        (&order["email"], &order["shipTo"], &order["erased"]),
        (&Value::Null, &Value::Null, &json!(true))
    );
    assert_eq!(order["totals"]["grand"]["amount"], "20.00");
    let admin = shop.ask_admin("{ orders { nodes { number email erased notes { text at } } } }").await;
    let orders = data(&admin)["orders"]["nodes"].as_array().unwrap();
    assert_eq!(orders[0]["notes"][0]["text"], "rang the bell");
    assert_eq!(orders[1]["erased"], true);
    assert_eq!(orders[1]["notes"][0]["text"], Value::Null);
}
