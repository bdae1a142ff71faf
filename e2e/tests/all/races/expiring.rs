//! Deadlines that race with the answers that they wait for.

use std::time::Duration;

use anyhow::Result;
use domain::policies::{INVENTORY_RESERVATIONS, ORDERING_OUTCOMES, PAYMENTS_ORDERS};
use schemas::life_cycle::OrderStatus;

use e2e::PAYMENT;

use super::{QUIET, everywhere};

const TEA: &[(&str, u32)] = &[("TEA-100", 2)];
/// Longer than inventory may take.
const STOCK: Duration = Duration::from_secs(61);

#[tokio::test(flavor = "multi_thread")]
async fn stock_confirmed_after_the_order_expired_is_released() -> Result<()> {
    everywhere(async |shop| {
        shop.held_groups.hold(INVENTORY_RESERVATIONS);
        let order = shop.place_order(TEA).await?;
        shop.clock.advance_by(STOCK);
        shop.until(&order.stream(), "OrderExpired").await?;
        shop.held_groups.release(INVENTORY_RESERVATIONS);
        shop.settles_as(order, OrderStatus::Expired).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_confirmed_in_time_does_not_expire_while_its_event_is_delayed() -> Result<()> {
    everywhere(async |shop| {
        shop.held_groups.hold(ORDERING_OUTCOMES);
        let order = shop.place_order(TEA).await?;
        shop.until(&order.reservation_stream(), "ReservationConfirmed").await?;
        shop.clock.advance_by(STOCK);
        let expired = order.stream();
        let expires = shop.until(&expired, "OrderExpired");
        assert!(tokio::time::timeout(QUIET, expires).await.is_err(), "the clock was faster");
        shop.held_groups.release(ORDERING_OUTCOMES);
        shop.settles_as(order, OrderStatus::Confirmed).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_authorised_after_the_order_expired_is_voided() -> Result<()> {
    everywhere(async |shop| {
        let order = shop.place_and_expire(TEA).await?;
        shop.settles_as(order, OrderStatus::Expired).await?;
        assert_eq!(shop.count(&order.payment_stream(), "LatePaymentDetected").await?, 1);
        assert_eq!(shop.count(&order.payment_stream(), "PaymentVoided").await?, 1);
        assert_eq!(shop.count(&order.reservation_stream(), "ReservationReleased").await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_authorised_in_time_does_not_expire_even_across_a_restart() -> Result<()> {
    for buses in e2e::Buses::ALL {
        let shop = e2e::Embedded::open(buses).await?;
        shop.held_groups.hold(PAYMENTS_ORDERS);
        let order = shop.place_order(TEA).await?;
        shop.until(&order.stream(), "OrderStockConfirmed").await?;
        shop.held_groups.hold(ORDERING_OUTCOMES);
        shop.held_groups.release(PAYMENTS_ORDERS);
        shop.until(&order.payment_stream(), "PaymentAuthorized").await?;
        shop.clock.advance_by(PAYMENT);
        let shop = shop.restart().await?;
        let expired = order.stream();
        let expires = shop.until(&expired, "OrderExpired");
        assert!(tokio::time::timeout(QUIET, expires).await.is_err(), "the clock was faster");
        shop.held_groups.release(ORDERING_OUTCOMES);
        shop.settles_as(order, OrderStatus::Confirmed).await?;
        shop.sound().await?;
    }
    Ok(())
}
