//! SIGKILL while orders are being placed.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::sync::watch;

use e2e::program::{Program, objects};

const SHOPPERS: usize = 8;
const KILLS: usize = 3;
/// Acknowledged orders before each kill.
const EACH: usize = 15;
const SKUS: [&str; 4] = ["TEA-100", "TEA-110", "TEA-120", "TEA-140"];

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_order_survives_kills_exactly_once_and_is_processed_to_its_end() -> Result<()> {
    let data = tempfile::tempdir()?;
    let mut acknowledged = BTreeMap::new();
    for life in 0..KILLS {
        let shop = Arc::new(Program::start(data.path(), &[])?);
        // Requests without an answer are repeated with the same key.
        let (count, mut counted) = watch::channel(0);
        let count = Arc::new(count);
        let shoppers: Vec<_> = (0..SHOPPERS)
            .map(|shopper| tokio::spawn(shop_on(Arc::clone(&shop), shopper, life, Arc::clone(&count))))
            .collect();
        // Drop this sender, so that the wait also ends when all shoppers have stopped.
        drop(count);
        counted
            .wait_for(|count| *count >= EACH)
            .await
            .context("timed out waiting for answers to the shoppers")?;
        // The shoppers only call the process; they do not own it.
        shop.kill_now()?;
        for shopper in shoppers {
            acknowledged.extend(shopper.await?);
        }
    }
    let shop = Program::start(data.path(), &[])?;
    for (key, order) in &acknowledged {
        let sku = SKUS[key.len() % SKUS.len()];
        assert_eq!(shop.order(key, sku, "one@example.com").await?.0, *order, "the first answer");
    }
    let args = ["topics", "read", "order", "--type", "OrderPlaced", "--limit", "100000"];
    let placed = objects(data.path(), &args)?;
    for order in acknowledged.values() {
        let stream = format!("order-{order}");
        let times: Vec<_> = placed.iter().filter(|record| record["key"] == stream.as_str()).collect();
        assert_eq!(times.len(), 1, "{order}");
    }
    // Acknowledged orders, and orders that were placed without an acknowledgement.
    for record in &placed {
        let number = record["value"]["orderNumber"].as_str().context("an order without a number")?;
        shop.until_order(number, &["CONFIRMED"]).await?;
    }
    assert!(objects(data.path(), &["log", "verify"])?.iter().all(|log| log["sound"] == true));
    assert!(objects(data.path(), &["parked", "list"])?.is_empty());
    shop.leave()
}

/// Places orders one after another until there is no answer. Returns acknowledged orders by key.
async fn shop_on(
    shop: Arc<Program>,
    shopper: usize,
    life: usize,
    count: Arc<watch::Sender<usize>>,
) -> BTreeMap<String, String> {
    let mut acknowledged = BTreeMap::new();
    for turn in 0.. {
        let key = format!("{life}-{shopper}-{turn}");
        let sku = SKUS[key.len() % SKUS.len()];
        match shop.order(&key, sku, "one@example.com").await {
            Ok((order, _)) => drop(acknowledged.insert(key, order)),
            Err(_) => return acknowledged,
        }
        count.send_modify(|count| *count += 1);
    }
    acknowledged
}
