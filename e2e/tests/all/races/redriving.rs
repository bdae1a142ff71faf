//! A dead letter, and whatever happens before it is tried again.

use anyhow::Result;
use domain::policies::PAYMENTS_PROVIDER;
use e2e::Embedded;
use schemas::life_cycle::OrderStatus;
use schemas::{Context, OrderId};

use super::everywhere;

/// An order whose authorisation could not be understood, so that its payment's stream waits.
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
    shop.provider.mend();
    Ok(order)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_holds_up_its_own_order_only_and_a_redrive_lets_it_go_on() -> Result<()> {
    everywhere(async |shop| {
        let order = stuck(shop).await?;
        let other = shop.place_order(&[("MUG-1", 1)]).await?;
        shop.comes_to(other, OrderStatus::Confirmed).await?;
        assert_eq!(shop.status(order).await?, OrderStatus::StockConfirmed);
        shop.redrive(Context::Payments, PAYMENTS_PROVIDER, &order.payment_stream()).await?;
        shop.until(&order.stream(), "OrderConfirmed").await?;
        shop.comes_to(order, OrderStatus::Confirmed).await?;
        assert_eq!(shop.parked(PAYMENTS_PROVIDER).await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_redriven_after_the_order_was_cancelled_charges_nobody() -> Result<()> {
    everywhere(async |shop| {
        let order = stuck(shop).await?;
        shop.cancel(order).await?;
        shop.until(&order.payment_stream(), "PaymentCancelled").await?;
        shop.redrive(Context::Payments, PAYMENTS_PROVIDER, &order.payment_stream()).await?;
        shop.until(&order.payment_stream(), "PaymentVoided").await?;
        shop.comes_to(order, OrderStatus::Cancelled).await?;
        assert_eq!(shop.parked(PAYMENTS_PROVIDER).await?, 0);
        Ok(())
    })
    .await
}
