//! Whole lives of orders on a driven clock.

use std::time::Duration;

use anyhow::Result;
use e2e::{Buses, Embedded, SOON, refused};
use schemas::life_cycle::{HoldReason, OrderStatus, WayOut};

const BOTH: &[(&str, u32)] = &[("TEA-100", 2), ("MUG-1", 1)];
const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_two_parcels_is_packed_paid_delivered_and_completed_when_its_time_is_over() -> Result<()>
{
    for buses in Buses::ALL {
        let shop = Embedded::open(buses).await?;
        let order = shop.place_order(BOTH).await?;
        shop.settles_as(order, OrderStatus::Confirmed).await?;
        let (tea, mug) = (shop.parcel(order, "central")?, shop.parcel(order, "north")?);
        shop.send(tea).await?;
        shop.settles_as(order, OrderStatus::InFulfilment).await?;
        assert_eq!(shop.provider.moved(order), (2_490, 0), "sending is paid with the first parcel");
        shop.send(mug).await?;
        shop.deliver(mug).await?;
        shop.settles_as(order, OrderStatus::Shipped).await?;
        shop.deliver(tea).await?;
        shop.settles_as(order, OrderStatus::Delivered).await?;
        assert_eq!(shop.provider.moved(order), (3_990, 0));
        shop.clock.advance_by(DAY * 15);
        shop.until(&order.stream(), "OrderCompleted").await?;
        shop.settles_as(order, OrderStatus::Completed).await?;
        shop.sound().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_with_the_same_key_gets_the_first_answer_and_no_second_order() -> Result<()> {
    let shop = Embedded::open(Buses::Plain).await?;
    let first = shop.place_as("my-key", BOTH, "tok_ok").await?;
    let again = shop.place_as("my-key", BOTH, "tok_ok").await?;
    assert_eq!((again.id.clone(), again.answer.clone()), (first.id.clone(), first.answer.clone()));
    assert!(again.replayed);
    assert!(shop.place_as("my-key", &[("MUG-1", 1)], "tok_ok").await.is_err());
    let shop = shop.restart().await?;
    let after_restart = shop.place_as("my-key", BOTH, "tok_ok").await?;
    assert_eq!(after_restart.id, first.id);
    shop.settles_as(first.id.parse()?, OrderStatus::Confirmed).await?;
    assert_eq!(shop.orders().await?.len(), 1);
    shop.sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overdue_order_waits_for_staff_and_continues_when_it_is_dispatched() -> Result<()> {
    let shop = Embedded::open(Buses::Plain).await?;
    let order = shop.place_order(&[("TEA-100", 2)]).await?;
    let parcel = shop.parcel(order, "central")?;
    shop.settles_as(order, OrderStatus::Confirmed).await?;
    shop.clock.advance_by(DAY * 4);
    shop.until(&order.stream(), "OrderOverdue").await?;
    shop.settle().await?;
    // Being overdue blocks nothing, and what was awaited clears it.
    shop.send(parcel).await?;
    shop.until(&order.stream(), "OrderHoldReleased").await?;
    shop.settles_as(order, OrderStatus::Shipped).await?;
    shop.clock.advance_by(DAY * 30);
    shop.until_times(&order.stream(), "OrderOverdue", 2).await?;
    shop.deliver(parcel).await?;
    shop.until_times(&order.stream(), "OrderHoldReleased", 2).await?;
    shop.settles_as(order, OrderStatus::Delivered).await?;
    shop.sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_authorisation_is_requested_again_when_staff_retry() -> Result<()> {
    let shop = Embedded::open(Buses::Plain).await?;
    let order = shop.place_order(&[("TEA-100", 2)]).await?;
    let parcel = shop.parcel(order, "central")?;
    shop.pack(parcel).await?;
    shop.settles_as(order, OrderStatus::Confirmed).await?;
    shop.clock.advance_by(DAY * 8);
    shop.until(&order.stream(), "OrderPutOnHold").await?;
    shop.until(&parcel.stream(), "ShipmentHeld").await?;
    refused(shop.dispatch(parcel).await)?;
    shop.resolve(order, HoldReason::AuthorizationExpired, None, WayOut::Reauthorize).await?;
    shop.until(&parcel.stream(), "ShipmentHoldLifted").await?;
    shop.dispatch(parcel).await?;
    shop.settles_as(order, OrderStatus::Shipped).await?;
    assert_eq!(shop.provider.moved(order), (2_490, 0));
    shop.sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_is_stopped_at_any_point_continues_after_a_restart() -> Result<()> {
    for buses in Buses::ALL {
        let mut shop = Embedded::open(buses).await?;
        let mut orders = Vec::new();
        for _ in 0..4 {
            for _ in 0..3 {
                orders.push(shop.place_order(&[("TEA-100", 1)]).await?);
            }
            shop = shop.restart().await?;
        }
        for order in &orders {
            shop.until(&order.stream(), "OrderConfirmed").await?;
        }
        shop.reacted(SOON).await?;
        assert_eq!(shop.orders().await?.len(), orders.len());
        shop.sound().await?;
    }
    Ok(())
}
