//! A cancellation against the answers of inventory and payments, and against another cancellation.

use anyhow::Result;
use domain::policies::{INVENTORY_RESERVATIONS, ORDERING_OUTCOMES, PAYMENTS_ORDERS};
use schemas::life_cycle::OrderStatus;

use super::everywhere;

const TEA: &[(&str, u32)] = &[("TEA-100", 2)];

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_before_inventory_has_heard_of_the_order_reserves_nothing() -> Result<()> {
    everywhere(async |shop| {
        shop.gate.hold(INVENTORY_RESERVATIONS);
        let order = shop.place_order(TEA).await?;
        shop.cancel(order).await?;
        shop.gate.release(INVENTORY_RESERVATIONS);
        shop.comes_to(order, OrderStatus::Cancelled).await?;
        assert_eq!(shop.count(&order.payment_stream(), "PaymentRequested").await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_overtakes_the_answer_of_inventory_gives_the_stock_back() -> Result<()> {
    everywhere(async |shop| {
        shop.gate.hold(ORDERING_OUTCOMES);
        let order = shop.place_order(TEA).await?;
        shop.until(&order.reservation_stream(), "ReservationConfirmed").await?;
        shop.cancel(order).await?;
        shop.gate.release(ORDERING_OUTCOMES);
        shop.comes_to(order, OrderStatus::Cancelled).await?;
        assert_eq!(shop.count(&order.reservation_stream(), "ReservationReleased").await?, 1);
        assert_eq!(shop.story(order).await?.count("OrderStockConfirmed"), 0);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_after_the_answer_of_inventory_asks_for_no_money() -> Result<()> {
    everywhere(async |shop| {
        shop.gate.hold(PAYMENTS_ORDERS);
        let order = shop.place_order(TEA).await?;
        shop.until(&order.stream(), "OrderStockConfirmed").await?;
        shop.cancel(order).await?;
        shop.gate.release(PAYMENTS_ORDERS);
        shop.comes_to(order, OrderStatus::Cancelled).await?;
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
async fn a_payment_authorised_after_the_cancellation_is_let_go() -> Result<()> {
    everywhere(async |shop| {
        shop.provider.hold("authorize");
        let order = shop.place_order(TEA).await?;
        shop.until(&order.payment_stream(), "PaymentRequested").await?;
        shop.cancel(order).await?;
        shop.until(&order.payment_stream(), "PaymentCancelled").await?;
        shop.provider.release("authorize");
        shop.comes_to(order, OrderStatus::Cancelled).await?;
        assert_eq!(shop.count(&order.payment_stream(), "LatePaymentDetected").await?, 1);
        assert_eq!(shop.count(&order.payment_stream(), "PaymentVoided").await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_overtakes_the_news_of_the_authorisation_lets_the_money_go() -> Result<()> {
    everywhere(async |shop| {
        shop.gate.hold(PAYMENTS_ORDERS);
        let order = shop.place_order(TEA).await?;
        shop.until(&order.stream(), "OrderStockConfirmed").await?;
        shop.gate.hold(ORDERING_OUTCOMES);
        shop.gate.release(PAYMENTS_ORDERS);
        shop.until(&order.payment_stream(), "PaymentAuthorized").await?;
        shop.cancel(order).await?;
        shop.gate.release(ORDERING_OUTCOMES);
        shop.comes_to(order, OrderStatus::Cancelled).await?;
        assert_eq!(shop.story(order).await?.count("OrderConfirmed"), 0);
        assert_eq!(shop.count(&order.payment_stream(), "PaymentVoided").await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_after_the_authorisation_takes_the_parcels_back() -> Result<()> {
    everywhere(async |shop| {
        let order = shop.place_order(&[("TEA-100", 2), ("MUG-1", 1)]).await?;
        shop.comes_to(order, OrderStatus::Confirmed).await?;
        shop.cancel(order).await?;
        shop.comes_to(order, OrderStatus::Cancelled).await?;
        let story = shop.story(order).await?;
        assert_eq!((story.count("OrderCancellationRequested"), story.count("OrderParcelCancelled")), (1, 2));
        assert_eq!(shop.count(&order.payment_stream(), "PaymentVoided").await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_cancellations_at_once_cancel_once() -> Result<()> {
    everywhere(async |shop| {
        let early = shop.place_order(TEA).await?;
        let (one, other) = tokio::join!(shop.cancel(early), shop.cancel(early));
        assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
        let late = shop.place_order(TEA).await?;
        shop.comes_to(late, OrderStatus::Confirmed).await?;
        let (one, other) = tokio::join!(shop.cancel(late), shop.cancel(late));
        assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
        shop.comes_to(late, OrderStatus::Cancelled).await?;
        for order in [early, late] {
            let story = shop.story(order).await?;
            assert_eq!(story.count("OrderCancelled"), 1, "{:?}", story.names());
            assert!(story.count("OrderCancellationRequested") <= 1, "{:?}", story.names());
        }
        Ok(())
    })
    .await
}
