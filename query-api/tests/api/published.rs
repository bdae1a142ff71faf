//! The storefront shows what is published, and of that what is meant for shoppers.

use read_models::documents::order_timeline::{ORDER_TIMELINE, TimelineEntry};
use read_models::documents::orders::{ORDERS, Order};
use read_models::documents::payments::{PAYMENTS, Payment};
use read_models::documents::products::{PriceChange, Product};
use read_models::documents::stock::{STOCK, StockItem};
use serde_json::{Value, json};

use super::documents::{at, entry, eur, payment, product};
use super::shop::{Shop, data, id};

/// A product for each status, and one with a discontinued variant; all have stock.
async fn shop() -> Shop {
    let shop = Shop::open().await;
    shop.add_categories().await;
    for (n, status) in [(1, "PUBLISHED"), (2, "DRAFT"), (3, "UNPUBLISHED"), (4, "ARCHIVED"), (5, "PUBLISHED")]
    {
        let mut product = product(n, &format!("Tea {n}"), "Leafy", 100);
        product.status = status.to_owned();
        product.variants[0].discontinued = n == 5;
        product.price_history = vec![PriceChange {
            sku: format!("SKU-{n}"),
            old: None,
            new: eur(100),
            compare_at: None,
            effective_from: at(0),
            reason: Some("the competitor is cheaper".to_owned()),
            at: at(0),
        }];
        shop.add_product(&product).await;
        shop.stock(n, 5).await;
    }
    shop.products.update().await.unwrap();
    shop
}

impl Shop {
    async fn stock(&self, n: usize, version: u64) {
        let item = StockItem {
            sku: format!("SKU-{n}"),
            available: 7,
            level: "IN_STOCK".to_owned(),
            updated_at: at(1),
            ..StockItem::default()
        };
        self.write(&STOCK, &format!("stock-SKU-{n}"), version, &item).await;
    }
}

/// What this caller sees of a product and its SKU, through every field that finds one.
fn everything(n: usize) -> String {
    let node = |kind: &str, key: &str| id(&format!("{kind}:{key}{n}"));
    let (product, variant, stock) =
        (node("Product", "p"), node("Variant", "SKU-"), node("StockView", "SKU-"));
    format!(
        "{{ id: product(by: {{ id: \"{product}\" }}) {{ id }} slug: product(by: {{ slug: \"slug-{n}\" }}) {{ id }}
            node(id: \"{product}\") {{ id }} nodes(ids: [\"{product}\"]) {{ id }}
            listed: products(where: {{ skus: [\"SKU-{n}\"] }}) {{ nodes {{ id }} }}
            found: products(search: \"Tea {n}\", where: {{ skus: [\"SKU-{n}\"] }}) {{ nodes {{ id }} facets {{ values {{ count }} }} }}
            variant: node(id: \"{variant}\") {{ id }} stockView: node(id: \"{stock}\") {{ id }}
            stock(sku: \"SKU-{n}\") {{ level version }} }}"
    )
}

#[tokio::test]
async fn what_is_not_published_is_found_by_no_field_of_the_storefront() {
    let shop = shop().await;
    for n in [2, 3, 4] {
        let answer = shop.ask(&everything(n)).await;
        let nothing = json!({ "id": null, "slug": null, "node": null, "nodes": [null], "listed": { "nodes": [] },
            "found": { "nodes": [], "facets": data(&answer)["found"]["facets"] },
            "variant": null, "stockView": null, "stock": null });
        assert_eq!(*data(&answer), nothing, "{n}");
        let counts = data(&answer)["found"]["facets"].as_array().unwrap().iter();
        let mut counts = counts.flat_map(|facet| facet["values"].as_array().unwrap());
        assert!(counts.all(|value| value["count"] == 0), "{answer:#}");
        let staff = shop.ask_admin(&everything(n)).await;
        assert!(data(&staff)["stock"]["version"] == 5 && !data(&staff)["stockView"].is_null(), "{staff:#}");
    }
    let published = shop.ask(&everything(1)).await;
    assert_eq!(data(&published)["stock"], json!({ "level": "IN_STOCK", "version": 5 }));
    assert_eq!(data(&published)["stockView"], json!({ "id": id("StockView:SKU-1") }));
    let discontinued = shop.ask(&everything(5)).await;
    for hidden in ["variant", "stockView", "stock"] {
        assert_eq!(data(&discontinued)[hidden], Value::Null, "{hidden}");
    }
    let answer = shop.ask("{ suggest(prefix: \"tea\") { ... on Product { title } } }").await;
    let suggested = data(&answer)["suggest"].as_array().unwrap();
    let suggested: Vec<_> = suggested.iter().filter_map(|one| one["title"].as_str()).collect();
    assert_eq!(suggested, ["Tea 1", "Tea 5"]);
}

#[tokio::test]
async fn the_reasons_of_price_changes_are_for_staff() {
    let shop = shop().await;
    let query = "{ product(by: { sku: \"SKU-1\" }) { priceHistory { sku reason } } \
                 other: product(by: { slug: \"slug-5\" }) { priceHistory { sku reason } } }";
    let change = |n: usize, reason: Value| json!([{ "sku": format!("SKU-{n}"), "reason": reason }]);
    let answer = shop.ask(query).await;
    // The other variant is discontinued.
    let expected =
        json!({ "product": { "priceHistory": change(1, json!(null)) }, "other": { "priceHistory": [] } });
    assert_eq!(*data(&answer), expected);
    let answer = shop.ask_admin(query).await;
    let reason = json!("the competitor is cheaper");
    let expected = json!({ "product": { "priceHistory": change(1, reason.clone()) },
        "other": { "priceHistory": change(5, reason) } });
    assert_eq!(*data(&answer), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn shoppers_are_sent_the_stock_of_published_products_only() {
    let shop = shop().await;
    let mut socket = shop.socket("/graphql").await;
    let query = "subscription { stockChanged(skus: [\"SKU-1\", \"SKU-2\", \"SKU-5\"]) { sku version } }";
    socket.subscribe("1", query, json!({})).await;
    let sent = |sku: &str, version: u64| json!({ "stockChanged": { "sku": sku, "version": version } });
    assert_eq!(socket.data("1").await, sent("SKU-1", 5));
    // Not sent, because the product is a draft; the next one is.
    shop.stock(2, 6).await;
    shop.stock(1, 6).await;
    assert_eq!(socket.data("1").await, sent("SKU-1", 6));
    let published = Product { status: "PUBLISHED".to_owned(), ..product(2, "Tea 2", "Leafy", 100) };
    let document = vec![("product-p2".to_owned(), 4, published)];
    shop.write_all(&read_models::documents::products::PRODUCTS, document).await;
    let withdrawn = Product { status: "UNPUBLISHED".to_owned(), ..product(1, "Tea 1", "Leafy", 100) };
    let document = vec![("product-p1".to_owned(), 4, withdrawn)];
    shop.write_all(&read_models::documents::products::PRODUCTS, document).await;
    shop.stock(1, 7).await;
    shop.stock(2, 7).await;
    assert_eq!(socket.data("1").await, sent("SKU-2", 7));
}

#[tokio::test]
async fn notes_and_suspicions_of_staff_are_not_in_what_shoppers_see_of_an_order() {
    let shop = Shop::open().await;
    shop.add_orders(3).await;
    let order = Order {
        cancel_reason: Some("FRAUD".to_owned()),
        decline_code: Some("FRAUD".to_owned()),
        ..shop.order(3).await
    };
    shop.write(&ORDERS, "order-o3", 4, &order).await;
    let mut paid = Payment { decline_code: Some("FRAUD".to_owned()), ..payment("o3") };
    paid.steps[0].code = Some("FRAUD".to_owned());
    shop.write(&PAYMENTS, "payment-o3", 3, &paid).await;
    let failed = "Payment failed (suspected fraud), 0 attempts left";
    for (version, name, title, reason) in [
        (1, "OrderPaymentFailed", failed, Some("FRAUD")),
        (2, "OrderNoteAdded", "Note added to order 10-000003", None),
        (3, "OrderCancelled", "Order 10-000003 cancelled", Some("FRAUD")),
    ] {
        let (name, title, reason) = (name.to_owned(), title.to_owned(), reason.map(str::to_owned));
        let entry = TimelineEntry { name, title, reason, ..entry("o3", version) };
        shop.write(&ORDER_TIMELINE, &format!("event-o3-{version}"), 2, &entry).await;
    }
    let token = shop.guest_token("o3").await;
    let note = id("TimelineEntry:event-o3-2");
    let fields = "cancelReason declineCode holds { waysOut text } payments { declineCode providerRef steps { code } } \
        timeline { totalCount nodes { title reason actor { id } } }";
    let own = format!(
        "{{ order(by: {{ number: \"10-000003\" }}, guestToken: \"{token}\") {{ {fields} }}
            nodes(ids: [\"{note}\"], guestToken: \"{token}\") {{ id }} }}"
    );
    let nobody = json!({ "id": null });
    let entry = |title: &str, reason: Value| json!({ "title": title, "reason": reason, "actor": nobody });
    let cancelled = "Order 10-000003 cancelled";
    assert_eq!(
        *data(&shop.ask(&own).await),
        json!({ "nodes": [null], "order": {
            "cancelReason": "OTHER", "declineCode": "DECLINED", "holds": [{ "waysOut": [], "text": null }],
            "payments": [{ "declineCode": "DECLINED", "providerRef": null, "steps": [{ "code": "DECLINED" }] }],
            "timeline": { "totalCount": 2, "nodes": [
                entry("Payment failed", json!("DECLINED")), entry(cancelled, json!("OTHER")),
            ] },
        } })
    );
    let staff =
        format!("{{ order(by: {{ number: \"10-000003\" }}) {{ {fields} }} node(id: \"{note}\") {{ id }} }}");
    let answer = shop.ask_admin(&staff).await;
    let order = &data(&answer)["order"];
    assert_eq!((&order["cancelReason"], &order["declineCode"]), (&json!("FRAUD"), &json!("FRAUD")));
    assert_eq!(order["timeline"]["nodes"][0]["title"], failed);
    assert_eq!(order["timeline"]["totalCount"], 3);
    assert_eq!(data(&answer)["node"]["id"], note);
}
