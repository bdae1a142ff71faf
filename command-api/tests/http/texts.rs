//! Every text of one line in every input, with characters that make it look like something else, and with spaces around it.

use schemas::Context;
use schemas::order::OrderPlaced;
use serde_json::{Value, json};

use crate::shop::{Shop, command, order};

/// Characters that break lines, control terminals, or turn the direction of writing.
const REFUSED: [&str; 15] = [
    "\n",
    "\r",
    "\u{b}",
    "\u{c}",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{1b}[2J",
    "\0",
    "\u{7f}",
    "\u{202a}",
    "\u{202e}",
    "\u{2066}",
    "\u{2068}",
    "\u{2069}",
];

/// Operations with bodies, and the pointers of their texts of one line.
fn lines(product: &str, shipment: &str) -> Vec<(&'static str, String, Value, Vec<&'static str>)> {
    let mut placed = order();
    placed["shippingAddress"]["region"] = json!("Berlin");
    placed["billingAddress"] = placed["shippingAddress"].clone();
    let of_order = [
        "/email",
        "/paymentToken",
        "/shippingAddress/name",
        "/shippingAddress/lines/0",
        "/shippingAddress/postalCode",
        "/shippingAddress/city",
        "/shippingAddress/region",
        "/billingAddress/name",
        "/billingAddress/city",
    ];
    let at = |path: &str| format!("/v1/products/{product}{path}");
    let attributes = json!({ "attributes": { "origin": "Assam" } });
    let price = json!({ "price": { "minor": 1, "currencyCode": "EUR" }, "reason": "sale" });
    let received = json!({ "location": "central", "quantity": 1, "reference": "D-1" });
    let moved = json!({ "from": "central", "to": "north", "quantity": 1, "transferId": "T-1" });
    let of = |verb: &str| format!("/v1/shipments/{shipment}/{verb}");
    let created = json!({ "slug": "cocoa", "title": "Cocoa", "brand": "Ours", "attributes": { "a": "b" } });
    vec![
        ("POST", "/v1/orders".to_owned(), placed, of_order.to_vec()),
        ("POST", "/v1/products".to_owned(), created, vec!["/title", "/brand", "/attributes/a"]),
        ("PATCH", at(""), json!({ "title": "Tea", "brand": "Ours" }), vec!["/title", "/brand"]),
        ("PUT", at("/attributes"), attributes, vec!["/attributes/origin"]),
        ("POST", at("/media"), json!({ "url": "/a.jpg", "alt": "A cup" }), vec!["/url", "/alt"]),
        ("PUT", at("/variants/TEA-100/price"), price, vec!["/reason"]),
        (
            "PUT",
            at("/variants/TEA-100"),
            json!({ "barcode": "1", "options": { "a": "b" } }),
            vec!["/barcode", "/options/a"],
        ),
        ("POST", at("/unpublish"), json!({ "reason": "season" }), vec!["/reason"]),
        ("POST", "/v1/categories".to_owned(), json!({ "slug": "drinks", "name": "Drinks" }), vec!["/name"]),
        ("POST", "/v1/stock/TEA-100/receive".to_owned(), received, vec!["/reference"]),
        ("POST", "/v1/stock/TEA-100/transfer".to_owned(), moved, vec!["/transferId"]),
        ("POST", of("tracking"), json!({ "status": "sorted", "place": "Hub" }), vec!["/status", "/place"]),
        ("POST", of("attempt-failed"), json!({ "reason": "closed" }), vec!["/reason"]),
        ("POST", of("lost"), json!({ "reason": "burnt" }), vec!["/reason"]),
    ]
}

#[tokio::test]
async fn a_text_of_one_line_is_one_line_and_shows_what_it_says() {
    let shop = Shop::open().await;
    let product = shop.events(Context::Catalog).await[0].envelope.stream.key().to_owned();
    shop.place("k", &order()).await.is(201);
    let placed: OrderPlaced = serde_json::from_str(&shop.events(Context::Ordering).await[0].payload).unwrap();
    let shipment = shop.plan_parcel(placed).await.to_string();
    for (i, (method, path, body, pointers)) in lines(&product, &shipment).iter().enumerate() {
        for at in pointers {
            for (n, bad) in REFUSED.iter().chain(&["\u{200b}\u{2060}"]).enumerate() {
                let mut body = body.clone();
                let text = body.pointer_mut(at).unwrap();
                // Only in the middle: at the ends some of them are spaces, which are removed.
                *text = match n < REFUSED.len() {
                    true => json!(format!("a{bad}{}", text.as_str().unwrap())),
                    false => json!(bad),
                };
                let router = if path == "/v1/orders" { &shop.public } else { &shop.staff };
                let answer = command(router, method, path, &format!("{i}{at}{n}"), &body).await;
                assert!(matches!(answer.status.as_u16(), 400 | 422), "{path} {at} {bad:?}: {}", answer.body);
                let field = at.trim_start_matches('/').replace("/lines/0", "/lines[0]").replace('/', ".");
                let code = answer.wrong().get(&field).cloned().unwrap_or_default();
                let codes = ["INVALID_TEXT", "REQUIRED", "INVALID_EMAIL", "INVALID_URL"];
                assert!(codes.contains(&code.as_str()), "{path} {at} {bad:?}: {}", answer.body);
            }
        }
    }
}

#[tokio::test]
async fn spaces_around_texts_are_removed() {
    let shop = Shop::open().await;
    let staff = &shop.staff;
    let spaced = json!({
        "slug": "cocoa", "title": " Cocoa\u{a0}", "brand": "\tOurs ", "attributes": { " origin ": " Peru\u{3000}" },
    });
    command(staff, "POST", "/v1/products", "p1", &spaced).await.is(201);
    let created = shop.events(Context::Catalog).await.pop().unwrap();
    let created: Value = serde_json::from_str(&created.payload).unwrap();
    assert_eq!((&created["title"], &created["brand"]), (&json!("Cocoa"), &json!("Ours")));
    assert_eq!(created["attributes"], json!({ "origin": "Peru" }));
    let twice = json!({ "slug": "tea", "title": "Tea", "attributes": { "origin": "a", "origin ": "b" } });
    let refused = command(staff, "POST", "/v1/products", "p2", &twice).await;
    assert!(refused.is_problem(400, "INVALID_INPUT").wrong().values().any(|code| code == "DUPLICATE"));

    let received = |reference: &str| json!({ "location": "central", "quantity": 3, "reference": reference });
    for (key, reference) in [("r1", "D-1"), ("r2", " D-1"), ("r3", "D-1\u{200b}\n")] {
        command(staff, "POST", "/v1/stock/TEA-100/receive", key, &received(reference)).await.is(202);
    }
    let booked = shop.names(Context::Inventory).await;
    assert_eq!(booked.iter().filter(|name| *name == "StockReceived").count(), 1);
    let moved = |id: &str, quantity: u32| json!({ "from": "central", "to": "north", "quantity": quantity, "transferId": id });
    command(staff, "POST", "/v1/stock/TEA-100/transfer", "t1", &moved("T-1", 1)).await.is(202);
    command(staff, "POST", "/v1/stock/TEA-100/transfer", "t2", &moved(" T-1 ", 1)).await.is(202);
    let other = command(staff, "POST", "/v1/stock/TEA-100/transfer", "t3", &moved("T-1 ", 2)).await;
    assert_eq!(other.is_problem(422, "TRANSFER_BOOKED").wrong()["transferId"], "TRANSFER_BOOKED");
}
