//! Parked events, and events that happen before they are redriven.

use anyhow::Result;
use domain::policies::PAYMENTS_PROVIDER;
use e2e::Embedded;
use schemas::life_cycle::OrderStatus;
use schemas::{Context, OrderId};

use super::everywhere;

/// An order whose authorisation had an unexpected answer, so that the stream of its payment is parked.
async fn stuck(shop: &Embedded) -> Result<OrderId> {
    shop.provider.confuse("authorize");
    let order = shop.place_order(&[("TEA-100", 2)]).await?;
    let reactions = schemas::reaction::stream(PAYMENTS_PROVIDER, &order.payment_stream());
    let log = shop.log(Context::Payments).ok_or_else(|| anyhow::anyhow!("no log"))?;
    let waited = async {
        while shop.parked(PAYMENTS_PROVIDER).await? == 0 {
            log.grown(log.head().await?.position, std::time::Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(e2e::SOON, waited).await??;
    assert_eq!(reactions.prefix(), "reaction");
    shop.provider.restore();
    Ok(order)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_event_blocks_only_its_own_order_until_it_is_redriven() -> Result<()> {
    everywhere(async |shop| {
        let order = stuck(shop).await?;
        let other = shop.place_order(&[("MUG-1", 1)]).await?;
        shop.settles_as(other, OrderStatus::Confirmed).await?;
        assert_eq!(shop.status(order).await?, OrderStatus::StockConfirmed);
        shop.redrive(Context::Payments, PAYMENTS_PROVIDER, &order.payment_stream()).await?;
        shop.until(&order.stream(), "OrderConfirmed").await?;
        shop.settles_as(order, OrderStatus::Confirmed).await?;
        assert_eq!(shop.parked(PAYMENTS_PROVIDER).await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_event_redriven_after_a_cancellation_charges_nothing() -> Result<()> {
    everywhere(async |shop| {
        let order = stuck(shop).await?;
        shop.cancel(order).await?;
        shop.until(&order.payment_stream(), "PaymentCancelled").await?;
        shop.redrive(Context::Payments, PAYMENTS_PROVIDER, &order.payment_stream()).await?;
        shop.until(&order.payment_stream(), "PaymentVoided").await?;
        shop.settles_as(order, OrderStatus::Cancelled).await?;
        assert_eq!(shop.parked(PAYMENTS_PROVIDER).await?, 0);
        Ok(())
    })
    .await
}
