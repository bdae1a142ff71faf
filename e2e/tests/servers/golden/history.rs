//! A shop whose orders have met every fate.

use std::time::Duration;

use anyhow::{Context as _, Result};
use command_api::inputs::ActionOutcome;
use domain::policies::PAYMENTS_PROVIDER;
use e2e::{Buses, Embedded, SOON};
use schemas::life_cycle::{HoldReason, OrderStatus, WayOut};
use schemas::{Context, OrderId};
use tempfile::TempDir;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Longer than an order may wait for its payment.
const UNPAID: Duration = Duration::from_secs(3 * 24 * 3600);

/// What queries must know.
pub struct Facts {
    /// Id and guest token of a completed order.
    pub completed: (OrderId, String),
    /// Id of an order of two parcels.
    pub in_fulfilment: OrderId,
    /// Its consistency token.
    pub token: String,
    /// Id of the product that sells `TEA-100`.
    pub product: String,
}

/// The data directory of the shop, which is closed.
pub async fn make() -> Result<(TempDir, Facts)> {
    let shop = Embedded::empty(Buses::Plain).await?;
    chorale::seed::seed_catalogue(&shop).await?;
    let facts = live(&shop).await?;
    Ok((shop.leave_data().await?, facts))
}

async fn live(shop: &Embedded) -> Result<Facts> {
    let accepted = shop.place_as("completed", &[("TEA-100", 2), ("MUG-100-INK", 1)], "tok_ok").await?;
    let guest_token = accepted.answer["guestToken"].as_str().context("a guest token")?.to_owned();
    let completed: OrderId = accepted.id.parse()?;
    let parcel = shop.parcel(completed, "central")?;
    shop.send(parcel).await?;
    // Only then is the payment captured.
    shop.settles_as(completed, OrderStatus::Shipped).await?;
    shop.deliver(parcel).await?;
    shop.settles_as(completed, OrderStatus::Delivered).await?;
    shop.clock.advance_by(DAY * 15);
    shop.until(&completed.stream(), "OrderCompleted").await?;

    let expired = shop.place_paying(&[("KET-110", 1)], "tok_action").await?;
    shop.until(&expired.payment_stream(), "PaymentActionRequired").await?;
    shop.clock.advance_by(UNPAID);
    shop.until(&expired.stream(), "OrderExpired").await?;

    let rejected = shop.place_order(&[("MUG-130-ASH", 2), ("TEA-100", 1)]).await?;
    shop.settles_as(rejected, OrderStatus::Rejected).await?;
    let cancelled = shop.place_order(&[("COF-100-B", 3)]).await?;
    shop.settles_as(cancelled, OrderStatus::Confirmed).await?;
    shop.cancel(cancelled).await?;
    shop.until(&cancelled.payment_stream(), "PaymentVoided").await?;

    let delivered = shop.place_order(&[("PAN-110", 2)]).await?;
    let parcel = shop.parcel(delivered, "central")?;
    shop.send(parcel).await?;
    shop.deliver(parcel).await?;
    shop.settles_as(delivered, OrderStatus::Delivered).await?;
    refunded(shop).await?;
    let token = in_transit(shop).await?;
    waiting(shop).await?;
    shop.settle().await?;
    Ok(Facts { completed: (completed, guest_token), product: shop.product("TEA-100").await?, ..token })
}

/// Orders whose parcels are under way.
async fn in_transit(shop: &Embedded) -> Result<Facts> {
    let shipped = shop.place_order(&[("BIS-110", 4)]).await?;
    shop.send(shop.parcel(shipped, "central")?).await?;
    shop.settles_as(shipped, OrderStatus::Shipped).await?;

    // No location has three of these.
    let accepted = shop.place_as("two parcels", &[("KET-120-RED", 3)], "tok_ok").await?;
    let in_fulfilment: OrderId = accepted.id.parse()?;
    shop.send(shop.parcel(in_fulfilment, "central")?).await?;
    shop.settles_as(in_fulfilment, OrderStatus::InFulfilment).await?;

    let packed = shop.place_order(&[("TOL-120", 1)]).await?;
    shop.pack(shop.parcel(packed, "central")?).await?;
    shop.settles_as(packed, OrderStatus::Confirmed).await?;
    let facts = Facts {
        completed: (in_fulfilment, String::new()),
        in_fulfilment,
        token: accepted.token,
        product: String::new(),
    };
    Ok(facts)
}

/// An order whose parcel is lost and paid back.
async fn refunded(shop: &Embedded) -> Result<()> {
    let lost = shop.place_order(&[("MIL-100", 1)]).await?;
    let parcel = shop.parcel(lost, "central")?;
    shop.send(parcel).await?;
    shop.until(&lost.stream(), "OrderPaymentCaptured").await?;
    shop.lose(parcel).await?;
    shop.until(&lost.stream(), "OrderPutOnHold").await?;
    shop.settle().await?;
    shop.resolve(lost, HoldReason::ShipmentLost, Some(parcel), WayOut::Refund).await?;
    shop.until(&lost.stream(), "OrderRefunded").await
}

/// Orders that wait for a payment, staff or the carrier.
async fn waiting(shop: &Embedded) -> Result<()> {
    let confirmed = shop.place_order(&[("TEA-150", 1), ("HERB-100", 2)]).await?;
    shop.settles_as(confirmed, OrderStatus::Confirmed).await?;
    let held = shop.place_order(&[("COF-200-F", 1)]).await?;
    shop.settles_as(held, OrderStatus::Confirmed).await?;
    shop.put_on_hold(held).await?;
    let declined = shop.place_paying(&[("SET-100", 1)], "tok_decline").await?;
    shop.until(&declined.stream(), "OrderPaymentFailed").await?;
    let action = shop.place_paying(&[("SET-120", 1)], "tok_action").await?;
    shop.until(&action.payment_stream(), "PaymentActionRequired").await?;
    let approved = shop.place_paying(&[("GIFT-25", 2)], "tok_action").await?;
    shop.until(&approved.payment_stream(), "PaymentActionRequired").await?;
    shop.come_back(approved, ActionOutcome::Approved).await?;
    shop.settles_as(approved, OrderStatus::Confirmed).await?;
    let fails = shop.place_paying(&[("BRW-110-L", 1)], "tok_capture_fails").await?;
    shop.send(shop.parcel(fails, "central")?).await?;
    shop.until(&fails.stream(), "OrderPutOnHold").await?;
    shop.adjust("TEA-220", "central", -2).await?;
    shop.receive("TEA-240", "north", 5).await?;

    shop.provider.confuse("authorize");
    let parked = shop.place_order(&[("TOL-100", 1)]).await?;
    let log = shop.log(Context::Payments).context("payments have a log")?;
    let waits = async {
        while shop.parked(PAYMENTS_PROVIDER).await? == 0 {
            log.grown(log.head().await?.position, Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(SOON, waits).await.with_context(|| format!("{parked} was not parked"))??;
    shop.provider.restore();
    Ok(())
}
