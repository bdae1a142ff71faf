//! The catalogue that a new shop begins with.

use anyhow::{Context as _, Result};
use chorale::seed;
use e2e::{Buses, Embedded};
use event_log::port::Read;
use schemas::Context;
use schemas::stock::StockReceived;

/// Seeding is interrupted after this number of further events of inventory.
const STEP: u64 = 25;

/// All received stock: SKU, location and quantity, sorted.
async fn taken_in(shop: &Embedded) -> Result<Vec<(String, String, u32)>> {
    let log = shop.log(Context::Inventory).context("inventory has a log")?;
    let events = log.read(Read::After(0), usize::MAX).await?;
    let received = events.iter().filter(|event| event.envelope.name == "StockReceived");
    let mut taken_in = received
        .map(|event| {
            let event: StockReceived = serde_json::from_str(&event.payload)?;
            Ok((event.sku.to_string(), event.location.to_string(), event.qty))
        })
        .collect::<Result<Vec<_>>>()?;
    taken_in.sort();
    Ok(taken_in)
}

/// Seeds until the catalogue is complete (`true`), or until a few more events of inventory have been recorded.
async fn plant_for_a_while(shop: &Embedded) -> Result<bool> {
    let log = shop.log(Context::Inventory).context("inventory has a log")?;
    let end = log.head().await?.position + STEP;
    let grown = async {
        while log.head().await?.position < end {
            log.grown(log.head().await?.position, e2e::SOON).await;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        seeded = seed::seed_catalogue(shop) => seeded.map(|_| true),
        grown = grown => grown.map(|()| false),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalogue_whose_seeding_was_interrupted_repeatedly_has_all_its_stock() -> Result<()> {
    let whole = Embedded::empty(Buses::Plain).await?;
    seed::seed_catalogue(&whole).await?;
    let wanted = taken_in(&whole).await?;
    assert!(wanted.len() > 100, "only {}", wanted.len());
    whole.leave().await?;

    let shop = Embedded::empty(Buses::Plain).await?;
    let (mut interrupted, mut halfway) = (0, 0);
    while !plant_for_a_while(&shop).await? {
        interrupted += 1;
        halfway += usize::from(!taken_in(&shop).await?.is_empty());
    }
    assert!(halfway > 0, "interrupted {interrupted} times, but never while stock was received");
    assert_eq!(taken_in(&shop).await?, wanted);
    shop.sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seeded_shop_or_one_with_products_of_its_own_is_not_changed() -> Result<()> {
    let seeded = Embedded::empty(Buses::Plain).await?;
    assert!(seed::seed_catalogue(&seeded).await?, "everything was missing");
    for shop in [seeded, Embedded::open(Buses::Plain).await?] {
        shop.settle().await?;
        let heads = shop.heads().await?;
        assert!(!seed::seed_catalogue(&shop).await?);
        shop.settle().await?;
        assert_eq!(shop.heads().await?, heads);
        shop.leave().await?;
    }
    Ok(())
}
