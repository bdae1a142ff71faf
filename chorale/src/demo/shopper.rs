//! A shopper: browses, fills a basket, places an order, and sometimes cancels it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{Rng, RngExt};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::http::{Door, Http};
use super::{Tally, pick};

/// A variant that is for sale.
pub(super) struct Good {
    sku: String,
    minor: i64,
    currency: String,
}

const PRODUCTS: &str = "query($after: String) { products(first: 50, after: $after) { pageInfo { hasNextPage endCursor } \
    nodes { title variants(first: 20) { nodes { sku price { minor currencyCode } } } } } }";
const LOOK: &str =
    "query($search: String) { products(first: 10, search: $search) { totalCount nodes { title slug } } }";
const WORDS: &[&str] = &["tea", "gre", "cup", "coffee", "bl", "pot", "spoon", "whi"];
const STREETS: &[&str] = &["Harbour Street", "Mill Lane", "Orchard Road", "Station Square"];
/// The payment tokens that shoppers use; most are accepted.
const TOKENS: &[&str] = &[
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_decline",
    "tok_insufficient",
];

/// All variants that the shop sells.
pub(super) async fn goods(http: &Http) -> Result<Vec<Good>> {
    let (mut goods, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = http.ask(Door::Public, PRODUCTS, json!({ "after": after })).await?;
        let products = &page["products"];
        for product in products["nodes"].as_array().into_iter().flatten() {
            goods.extend(product["variants"]["nodes"].as_array().into_iter().flatten().filter_map(good));
        }
        if products["pageInfo"]["hasNextPage"] != true {
            return Ok(goods);
        }
        after = products["pageInfo"]["endCursor"].clone();
    }
}

fn good(variant: &Value) -> Option<Good> {
    let price = &variant["price"];
    let minor = price["minor"].as_i64().or_else(|| price["minor"].as_str()?.parse().ok())?;
    let (sku, currency) = (variant["sku"].as_str()?.to_owned(), price["currencyCode"].as_str()?.to_owned());
    Some(Good { sku, minor, currency })
}

/// Repeats visits until `end`. Failed requests are counted; only an unreachable shop ends the visits.
pub(super) async fn come_until(
    end: Instant,
    name: String,
    mut rng: StdRng,
    http: Http,
    goods: Arc<Vec<Good>>,
    tally: Arc<Tally>,
) -> Result<()> {
    let mut visit = 0u64;
    while Instant::now() < end {
        visit += 1;
        look(&mut rng, &http, &tally).await?;
        sleep(Duration::from_millis(rng.random_range(50..300))).await;
        order(&format!("{name}-{visit}"), &mut rng, &http, &goods, &tally).await?;
        sleep(Duration::from_millis(rng.random_range(50..300))).await;
    }
    Ok(())
}

async fn look(rng: &mut impl Rng, http: &Http, tally: &Tally) -> Result<()> {
    let search = pick(rng, WORDS);
    http.ask(Door::Public, LOOK, json!({ "search": search })).await?;
    tally.looks.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

async fn order(key: &str, rng: &mut StdRng, http: &Http, goods: &[Good], tally: &Tally) -> Result<()> {
    let mut lines = Vec::new();
    for _ in 0..rng.random_range(1..=4) {
        let Some(good) = pick(rng, goods) else { continue };
        if lines.iter().any(|line: &Value| line["sku"] == good.sku.as_str()) {
            continue;
        }
        let price = json!({ "minor": good.minor, "currencyCode": good.currency });
        lines.push(
            json!({ "sku": good.sku, "quantity": rng.random_range(1..=2), "expectedUnitPrice": price }),
        );
    }
    let street = pick(rng, STREETS).copied().unwrap_or_default();
    let body = json!({
        "lines": lines,
        "email": format!("{key}@shoppers.example"),
        "shippingAddress": {
            "name": "A. Shopper", "lines": [format!("{street} {}", rng.random_range(1..200))],
            "postalCode": "10115", "city": "Berlin", "country": "DE",
        },
        "paymentToken": pick(rng, TOKENS),
    });
    let (status, answer) = http.command(Door::Public, "/v1/orders", key, None, &body).await?;
    if status.is_server_error() || status == 400 {
        tracing::warn!(%status, code = %answer["code"], "an order got an unexpected answer");
        tally.failed.fetch_add(1, Ordering::Relaxed);
    } else if !status.is_success() {
        tally.refused.fetch_add(1, Ordering::Relaxed);
    } else {
        tally.placed.fetch_add(1, Ordering::Relaxed);
        if rng.random_ratio(1, 15) {
            cancel(key, &answer, http, tally).await?;
        }
    }
    Ok(())
}

async fn cancel(key: &str, placed: &Value, http: &Http, tally: &Tally) -> Result<()> {
    let (Some(id), token) = (placed["orderId"].as_str(), placed["guestToken"].as_str()) else {
        return Ok(());
    };
    let path = format!("/v1/orders/{id}/cancel");
    let (status, _) = http
        .command(Door::Public, &path, &format!("{key}-cancel"), token, &json!({ "reason": "CUSTOMER" }))
        .await?;
    if status.is_success() {
        tally.cancelled.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
