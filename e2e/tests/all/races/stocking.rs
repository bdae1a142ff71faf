//! Who gets the last one, and at which price.

use anyhow::Result;
use domain::policies::{INVENTORY_RESERVATIONS, ORDERING_PRICE_BOOK};
use e2e::{SOON, refused};
use futures_util::future::try_join_all;
use schemas::StreamId;
use schemas::life_cycle::OrderStatus;

use super::everywhere;

const LAST: &[(&str, u32)] = &[("LAST-1", 1)];

#[tokio::test(flavor = "multi_thread")]
async fn stock_taken_away_before_it_was_reserved_rejects_the_order() -> Result<()> {
    everywhere(async |shop| {
        shop.gate.hold(INVENTORY_RESERVATIONS);
        let order = shop.place_order(LAST).await?;
        shop.adjust("LAST-1", "central", -1).await?;
        shop.gate.release(INVENTORY_RESERVATIONS);
        shop.comes_to(order, OrderStatus::Rejected).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_that_is_reserved_cannot_be_counted_away() -> Result<()> {
    everywhere(async |shop| {
        let order = shop.place_order(LAST).await?;
        shop.until(&order.reservation_stream(), "ReservationConfirmed").await?;
        refused(shop.adjust("LAST-1", "central", -1).await)?;
        shop.comes_to(order, OrderStatus::Confirmed).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_want_the_last_one_while_it_is_counted_one_gets_it_or_none() -> Result<()> {
    everywhere(async |shop| {
        let placing = (0..6).map(|_| shop.place_order(LAST));
        let (orders, counted) = tokio::join!(try_join_all(placing), shop.adjust("LAST-1", "central", -1));
        shop.rest().await?;
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
async fn a_price_that_changed_before_the_order_is_not_the_one_that_the_shopper_saw() -> Result<()> {
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
async fn an_order_placed_before_the_new_price_was_heard_keeps_the_old_one() -> Result<()> {
    everywhere(async |shop| {
        let product = shop.product("TEA-100").await?;
        shop.gate.hold(ORDERING_PRICE_BOOK);
        shop.set_price(&product, "TEA-100", 1_100).await?;
        let order = shop.place_at("TEA-100", 1_000).await?.id.parse()?;
        shop.gate.release(ORDERING_PRICE_BOOK);
        shop.comes_to(order, OrderStatus::Confirmed).await?;
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
