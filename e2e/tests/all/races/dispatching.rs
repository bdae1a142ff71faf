//! Dispatches that race with cancellations, holds and returns.

use anyhow::Result;
use domain::policies::{ORDERING_OUTCOMES, SHIPPING_CARRIER, SHIPPING_ORDERS};
use e2e::{Embedded, refused};
use schemas::OrderId;
use schemas::life_cycle::{HoldReason, OrderStatus, WayOut};

use super::everywhere;

const TEA: &[(&str, u32)] = &[("TEA-100", 2)];
const BOTH: &[(&str, u32)] = &[("TEA-100", 2), ("MUG-1", 1)];

async fn confirmed(shop: &Embedded, lines: &[(&str, u32)]) -> Result<OrderId> {
    let order = shop.place_order(lines).await?;
    shop.settles_as(order, OrderStatus::Confirmed).await?;
    Ok(order)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_recalled_before_dispatch_is_not_dispatched() -> Result<()> {
    everywhere(async |shop| {
        let order = confirmed(shop, TEA).await?;
        let parcel = shop.parcel(order, "central")?;
        shop.pack(parcel).await?;
        shop.cancel(order).await?;
        shop.until(&parcel.stream(), "ShipmentCancelled").await?;
        refused(shop.dispatch(parcel).await)?;
        shop.settles_as(order, OrderStatus::Cancelled).await?;
        assert_eq!(shop.provider.moved(order), (0, 0));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_dispatched_before_its_recall_is_captured_and_the_cancellation_refused() -> Result<()> {
    everywhere(async |shop| {
        let order = confirmed(shop, TEA).await?;
        let parcel = shop.parcel(order, "central")?;
        shop.pack(parcel).await?;
        shop.held_groups.hold(SHIPPING_ORDERS);
        shop.cancel(order).await?;
        shop.dispatch(parcel).await?;
        shop.held_groups.release(SHIPPING_ORDERS);
        shop.settles_as(order, OrderStatus::Shipped).await?;
        assert_eq!(shop.history(order).await?.count("OrderCancellationRefused"), 1);
        // Two units of tea at 10.00, and 4.90 for shipping.
        assert_eq!(shop.provider.moved(order), (2_490, 0));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_overtakes_the_event_of_a_dispatch_is_refused() -> Result<()> {
    everywhere(async |shop| {
        let order = confirmed(shop, TEA).await?;
        let parcel = shop.parcel(order, "central")?;
        shop.pack(parcel).await?;
        shop.held_groups.hold(ORDERING_OUTCOMES);
        shop.dispatch(parcel).await?;
        shop.cancel(order).await?;
        shop.held_groups.release(ORDERING_OUTCOMES);
        shop.settles_as(order, OrderStatus::Shipped).await?;
        assert_eq!(shop.history(order).await?.count("OrderCancellationRefused"), 1);
        assert_eq!(shop.provider.moved(order), (2_490, 0));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_after_one_of_two_parcels_left_cancels_the_lines_of_the_other() -> Result<()> {
    for heard in [false, true] {
        everywhere(async |shop| {
            let order = confirmed(shop, BOTH).await?;
            let tea = shop.parcel(order, "central")?;
            shop.pack(tea).await?;
            if heard {
                shop.dispatch(tea).await?;
                shop.until(&order.stream(), "OrderPaymentCaptured").await?;
                shop.cancel(order).await?;
            } else {
                shop.held_groups.hold(ORDERING_OUTCOMES);
                shop.dispatch(tea).await?;
                shop.cancel(order).await?;
                shop.held_groups.release(ORDERING_OUTCOMES);
            }
            shop.settles_as(order, OrderStatus::Shipped).await?;
            let history = shop.history(order).await?;
            assert_eq!(history.count("OrderLinesCancelled"), 1, "{:?}", history.names());
            assert_eq!(shop.provider.moved(order), (2_490, 0));
            let mug = shop.parcel(order, "north")?;
            assert_eq!(shop.count(&mug.stream(), "ShipmentCancelled").await?, 1);
            assert_eq!(shop.count(&order.payment_stream(), "PaymentRemainderReleased").await?, 1);
            Ok(())
        })
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_of_an_order_on_hold_is_not_dispatched_until_the_hold_is_released() -> Result<()> {
    everywhere(async |shop| {
        let order = confirmed(shop, TEA).await?;
        let parcel = shop.parcel(order, "central")?;
        shop.pack(parcel).await?;
        shop.put_on_hold(order).await?;
        shop.until(&parcel.stream(), "ShipmentHeld").await?;
        assert_eq!(refused(shop.dispatch(parcel).await)?, "SHIPMENT_ON_HOLD");
        shop.resolve(order, HoldReason::Staff, None, WayOut::Release).await?;
        shop.until(&parcel.stream(), "ShipmentHoldLifted").await?;
        shop.dispatch(parcel).await?;
        shop.settles_as(order, OrderStatus::Shipped).await?;
        assert_eq!(shop.provider.moved(order), (2_490, 0));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_dispatched_before_the_hold_was_known_is_captured() -> Result<()> {
    everywhere(async |shop| {
        let order = confirmed(shop, TEA).await?;
        let parcel = shop.parcel(order, "central")?;
        shop.pack(parcel).await?;
        shop.held_groups.hold(SHIPPING_ORDERS);
        shop.put_on_hold(order).await?;
        shop.dispatch(parcel).await?;
        shop.held_groups.release(SHIPPING_ORDERS);
        shop.settles_as(order, OrderStatus::Shipped).await?;
        shop.resolve(order, HoldReason::Staff, None, WayOut::Release).await?;
        shop.deliver(parcel).await?;
        shop.settles_as(order, OrderStatus::Delivered).await?;
        assert_eq!(shop.provider.moved(order), (2_490, 0));
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_returned_without_a_request_waits_for_staff() -> Result<()> {
    everywhere(async |shop| {
        let order = confirmed(shop, BOTH).await?;
        let (tea, mug) = (shop.parcel(order, "central")?, shop.parcel(order, "north")?);
        shop.take_back(mug).await?;
        shop.until(&order.stream(), "OrderPutOnHold").await?;
        shop.resolve(order, HoldReason::ParcelCancelled, Some(mug), WayOut::CancelRest).await?;
        shop.settles_as(order, OrderStatus::Cancelled).await?;
        assert_eq!(shop.count(&tea.stream(), "ShipmentCancelled").await?, 1);
        assert_eq!(shop.count(&order.payment_stream(), "PaymentVoided").await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_whose_address_was_erased_before_labelling_is_returned_and_waits_for_staff() -> Result<()> {
    everywhere(async |shop| {
        let order = confirmed(shop, BOTH).await?;
        let (nowhere, sent) = (shop.parcel(order, "central")?, shop.parcel(order, "north")?);
        shop.send(sent).await?;
        let vault = platform::vault::connect(&shop.locations.vault()).await?;
        assert!(vault.erase(order.stream().as_str()).await?);
        shop.close_box(nowhere).await?;
        shop.until(&nowhere.stream(), "ShipmentCancelled").await?;
        shop.until(&order.stream(), "OrderPutOnHold").await?;
        shop.settle().await?;
        assert_eq!(shop.parked(SHIPPING_CARRIER).await?, 0);
        shop.resolve(order, HoldReason::ParcelCancelled, Some(nowhere), WayOut::CancelRest).await?;
        shop.deliver(sent).await?;
        shop.until(&order.stream(), "OrderDelivered").await?;
        shop.settles_as(order, OrderStatus::Delivered).await
    })
    .await
}
