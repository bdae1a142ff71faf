//! The catalogue that a new shop begins with.

use anyhow::{Context as _, Result};
use chorale::seed;
use e2e::{Buses, Embedded};
use event_log::port::Read;
use schemas::Context;
use schemas::stock::StockReceived;

/// Planting ends after so many more events of inventory.
const STEP: u64 = 25;

/// Everything that was taken in: what, where and how much, sorted.
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

/// Plants until it is done (`true`), or the process ends after a few more events of inventory.
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
        planted = seed::plant(shop) => planted.map(|()| true),
        grown = grown => grown.map(|()| false),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalogue_whose_planting_was_interrupted_again_and_again_has_all_its_stock() -> Result<()> {
    let whole = Embedded::empty(Buses::Plain).await?;
    seed::plant(&whole).await?;
    let wanted = taken_in(&whole).await?;
    assert!(wanted.len() > 100, "only {}", wanted.len());
    whole.leave().await?;

    let shop = Embedded::empty(Buses::Plain).await?;
    let (mut interrupted, mut halfway) = (0, 0);
    while !plant_for_a_while(&shop).await? {
        interrupted += 1;
        halfway += usize::from(!taken_in(&shop).await?.is_empty());
    }
    assert!(halfway > 0, "interrupted {interrupted} times, and never while stock was taken in");
    assert_eq!(taken_in(&shop).await?, wanted);
    shop.sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_was_planted_or_has_products_of_its_own_is_left_as_it_is() -> Result<()> {
    let planted = Embedded::empty(Buses::Plain).await?;
    seed::plant(&planted).await?;
    for shop in [planted, Embedded::open(Buses::Plain).await?] {
        shop.rest().await?;
        let heads = shop.heads().await?;
        seed::plant(&shop).await?;
        shop.rest().await?;
        assert_eq!(shop.heads().await?, heads);
        shop.leave().await?;
    }
    Ok(())
}
