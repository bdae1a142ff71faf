//! Races for the last unit, and races with price changes.

use anyhow::Result;
use domain::policies::{INVENTORY_RESERVATIONS, ORDERING_PRICE_BOOK};
use e2e::{SOON, refused};
use futures_util::future::try_join_all;
use schemas::StreamId;
use schemas::life_cycle::OrderStatus;

use super::everywhere;

const LAST: &[(&str, u32)] = &[("LAST-1", 1)];

#[tokio::test(flavor = "multi_thread")]
async fn stock_removed_before_its_reservation_rejects_the_order() -> Result<()> {
    everywhere(async |shop| {
        shop.held_groups.hold(INVENTORY_RESERVATIONS);
        let order = shop.place_order(LAST).await?;
        shop.adjust("LAST-1", "central", -1).await?;
        shop.held_groups.release(INVENTORY_RESERVATIONS);
        shop.settles_as(order, OrderStatus::Rejected).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stock_count_cannot_remove_reserved_units() -> Result<()> {
    everywhere(async |shop| {
        let order = shop.place_order(LAST).await?;
        shop.until(&order.reservation_stream(), "ReservationConfirmed").await?;
        refused(shop.adjust("LAST-1", "central", -1).await)?;
        shop.settles_as(order, OrderStatus::Confirmed).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_unit_is_sold_at_most_once_during_a_stock_count() -> Result<()> {
    everywhere(async |shop| {
        let placing = (0..6).map(|_| shop.place_order(LAST));
        let (orders, counted) = tokio::join!(try_join_all(placing), shop.adjust("LAST-1", "central", -1));
        shop.settle().await?;
        let mut confirmed = 0;
        for order in orders? {
            match shop.status(order).await? {
                OrderStatus::Confirmed => confirmed += 1,
                status => assert_eq!(status, OrderStatus::Rejected),
            }
        }
        assert_eq!(confirmed, if counted.is_ok() { 0 } else { 1 });
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_with_an_outdated_price_is_refused() -> Result<()> {
    everywhere(async |shop| {
        let product = shop.product("TEA-100").await?;
        shop.set_price(&product, "TEA-100", 1_100).await?;
        shop.reacted(SOON).await?;
        assert_eq!(refused(shop.place_at("TEA-100", 1_000).await)?, "PRICE_CHANGED");
        shop.place_at("TEA-100", 1_100).await?;
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_placed_before_the_price_change_is_known_keeps_the_old_price() -> Result<()> {
    everywhere(async |shop| {
        let product = shop.product("TEA-100").await?;
        shop.held_groups.hold(ORDERING_PRICE_BOOK);
        shop.set_price(&product, "TEA-100", 1_100).await?;
        let order = shop.place_at("TEA-100", 1_000).await?.id.parse()?;
        shop.held_groups.release(ORDERING_PRICE_BOOK);
        shop.settles_as(order, OrderStatus::Confirmed).await?;
        let placed = shop.events(&order.stream()).await?.remove(0);
        let payload: serde_json::Value = serde_json::from_str(&placed.payload)?;
        let changed = shop.events(&StreamId::from_text(format!("product-{product}"))).await?;
        let first = changed.iter().find(|event| event.envelope.name == "PriceSet");
        assert_eq!(payload["lines"][0]["unitPrice"]["minor"], 1_000);
        assert_eq!(payload["lines"][0]["priceVersion"].as_u64(), first.map(|event| event.envelope.version));
        Ok(())
    })
    .await
}
