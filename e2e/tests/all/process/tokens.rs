//! Commands that follow at once on what they depend on.

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};

use e2e::program::{Program, basket};

/// Sends a command to the back office with consistency tokens. Returns status and body.
async fn staff(
    shop: &Program,
    method: Method,
    path: &str,
    key: &str,
    token: &str,
    body: Value,
) -> Result<(u16, Value)> {
    let request = shop.client.request(method, format!("http://{}{path}", shop.addresses().1));
    let request = request.header("Idempotency-Key", key).header("X-Consistency-Token", token);
    let answer = request.json(&body).send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

fn token(answer: &(u16, Value)) -> Result<String> {
    ensure!(answer.0 == 201 || answer.0 == 202, "{answer:?}");
    Ok(answer.1["token"].as_str().context("no token")?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_stock_is_received_and_an_order_placed_at_once_after_the_catalogue_has_changed()
-> Result<()> {
    let data = tempfile::tempdir()?;
    let shop = &Program::start(data.path(), &["--no-seed"])?;
    let created = shop.office("/v1/products", "p", json!({ "slug": "cocoa", "title": "Cocoa" })).await?;
    let id = created.1["id"].as_str().context("no id")?.to_owned();
    // Each variant gets its stock with the token of its own addition, while the others are added.
    let skus: Vec<String> = (0..16).map(|i| format!("COCOA-{i}")).collect();
    let received = skus.iter().map(|sku| {
        let id = &id;
        async move {
            let variant = json!({ "sku": sku, "options": { "size": sku } });
            let added = shop.office(&format!("/v1/products/{id}/variants"), sku, variant).await?;
            let (path, delivery) =
                (format!("/v1/stock/{sku}/receive"), json!({ "location": "central", "quantity": 5 }));
            let stocked =
                staff(shop, Method::POST, &path, &format!("r-{sku}"), &token(&added)?, delivery).await?;
            ensure!(stocked.0 == 202, "{sku}: {stocked:?}");
            let price = json!({ "price": { "minor": 990, "currencyCode": "EUR" } });
            let path = format!("/v1/products/{id}/variants/{sku}/price");
            staff(shop, Method::PUT, &path, &format!("p-{sku}"), "", price).await
        }
    });
    for priced in try_join_all(received).await? {
        token(&priced)?;
    }
    let published = shop.office(&format!("/v1/products/{id}/publish"), "publish", json!({})).await?;
    let (public, order) = (shop.addresses().0, basket(&skus[7], "one@example.com"));
    let request = shop.client.post(format!("http://{public}/v1/orders")).header("Idempotency-Key", "order");
    let answer = request.header("X-Consistency-Token", token(&published)?).json(&order).send().await?;
    let status = answer.status().as_u16();
    ensure!(status == 201, "{status}: {}", answer.text().await?);
    Ok(())
}
