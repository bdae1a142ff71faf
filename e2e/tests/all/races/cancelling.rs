//! Cancellations that race with the answers of inventory and payments, and with other cancellations.

use anyhow::Result;
use domain::policies::{INVENTORY_RESERVATIONS, ORDERING_OUTCOMES, PAYMENTS_ORDERS};
use schemas::life_cycle::OrderStatus;

use super::everywhere;

const TEA: &[(&str, u32)] = &[("TEA-100", 2)];

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_before_inventory_knows_the_order_reserves_nothing() -> Result<()> {
    everywhere(async |shop| {
        shop.held_groups.hold(INVENTORY_RESERVATIONS);
        let order = shop.place_order(TEA).await?;
        shop.cancel(order).await?;
        shop.held_groups.release(INVENTORY_RESERVATIONS);
        shop.settles_as(order, OrderStatus::Cancelled).await?;
        assert_eq!(shop.count(&order.payment_stream(), "PaymentRequested").await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_overtakes_the_answer_of_inventory_releases_the_stock() -> Result<()> {
    everywhere(async |shop| {
        shop.held_groups.hold(ORDERING_OUTCOMES);
        let order = shop.place_order(TEA).await?;
        shop.until(&order.reservation_stream(), "ReservationConfirmed").await?;
        shop.cancel(order).await?;
        shop.held_groups.release(ORDERING_OUTCOMES);
        shop.settles_as(order, OrderStatus::Cancelled).await?;
        assert_eq!(shop.count(&order.reservation_stream(), "ReservationReleased").await?, 1);
        assert_eq!(shop.history(order).await?.count("OrderStockConfirmed"), 0);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_after_the_answer_of_inventory_requests_no_payment() -> Result<()> {
    everywhere(async |shop| {
        shop.held_groups.hold(PAYMENTS_ORDERS);
        let order = shop.place_order(TEA).await?;
        shop.until(&order.stream(), "OrderStockConfirmed").await?;
        shop.cancel(order).await?;
        shop.held_groups.release(PAYMENTS_ORDERS);
        shop.settles_as(order, OrderStatus::Cancelled).await?;
        assert_eq!(shop.count(&order.reservation_stream(), "ReservationReleased").await?, 1);
        assert_eq!(
            shop.count(&order.payment_stream(), "PaymentAuthorized").await?,
            shop.count(&order.payment_stream(), "PaymentVoided").await?
        );
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_authorised_after_the_cancellation_is_voided() -> Result<()> {
    everywhere(async |shop| {
        shop.provider.hold("authorize");
        let order = shop.place_order(TEA).await?;
        shop.until(&order.payment_stream(), "PaymentRequested").await?;
        shop.cancel(order).await?;
        shop.until(&order.payment_stream(), "PaymentCancelled").await?;
        shop.provider.release("authorize");
        shop.settles_as(order, OrderStatus::Cancelled).await?;
        assert_eq!(shop.count(&order.payment_stream(), "LatePaymentDetected").await?, 1);
        assert_eq!(shop.count(&order.payment_stream(), "PaymentVoided").await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_overtakes_the_event_of_the_authorisation_voids_the_payment() -> Result<()> {
    everywhere(async |shop| {
        shop.held_groups.hold(PAYMENTS_ORDERS);
        let order = shop.place_order(TEA).await?;
        shop.until(&order.stream(), "OrderStockConfirmed").await?;
        shop.held_groups.hold(ORDERING_OUTCOMES);
        shop.held_groups.release(PAYMENTS_ORDERS);
        shop.until(&order.payment_stream(), "PaymentAuthorized").await?;
        shop.cancel(order).await?;
        shop.held_groups.release(ORDERING_OUTCOMES);
        shop.settles_as(order, OrderStatus::Cancelled).await?;
        assert_eq!(shop.history(order).await?.count("OrderConfirmed"), 0);
        assert_eq!(shop.count(&order.payment_stream(), "PaymentVoided").await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_after_the_authorisation_cancels_the_parcels() -> Result<()> {
    everywhere(async |shop| {
        let order = shop.place_order(&[("TEA-100", 2), ("MUG-1", 1)]).await?;
        shop.settles_as(order, OrderStatus::Confirmed).await?;
        shop.cancel(order).await?;
        shop.settles_as(order, OrderStatus::Cancelled).await?;
        let history = shop.history(order).await?;
        assert_eq!(
            (history.count("OrderCancellationRequested"), history.count("OrderParcelCancelled")),
            (1, 2)
        );
        assert_eq!(shop.count(&order.payment_stream(), "PaymentVoided").await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_concurrent_cancellations_cancel_once() -> Result<()> {
    everywhere(async |shop| {
        let early = shop.place_order(TEA).await?;
        let (one, other) = tokio::join!(shop.cancel(early), shop.cancel(early));
        assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
        let late = shop.place_order(TEA).await?;
        shop.settles_as(late, OrderStatus::Confirmed).await?;
        let (one, other) = tokio::join!(shop.cancel(late), shop.cancel(late));
        assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
        shop.settles_as(late, OrderStatus::Cancelled).await?;
        for order in [early, late] {
            let history = shop.history(order).await?;
            assert_eq!(history.count("OrderCancelled"), 1, "{:?}", history.names());
            assert!(history.count("OrderCancellationRequested") <= 1, "{:?}", history.names());
        }
        Ok(())
    })
    .await
}
