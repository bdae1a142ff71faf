//! Accidents of clocks: set back or forward while the shop is down.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Buses, Embedded};
use event_log::port::Read;
use schemas::Timestamp;
use schemas::life_cycle::OrderStatus;

const TEA: &[(&str, u32)] = &[("TEA-100", 2)];
const HOUR: Duration = Duration::from_secs(3600);

/// In every log, no event has an earlier time than the one before it.
async fn in_order(shop: &Embedded) -> Result<()> {
    for log in &shop.logs {
        let events = log.read(Read::After(0), usize::MAX).await?;
        let back = events.windows(2).find(|pair| pair[1].envelope.time < pair[0].envelope.time);
        ensure!(back.is_none(), "{} goes back in time: {back:?}", log.context());
    }
    Ok(())
}

fn earlier(than: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_millis(than.as_millis() - i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_back_across_a_restart_leaves_times_in_order_and_deadlines_alive() -> Result<()> {
    let shop = Embedded::open(Buses::Plain).await?;
    let before = shop.place_order(TEA).await?;
    shop.settles_as(before, OrderStatus::Confirmed).await?;
    let now = shop.clock.now();
    let shop = shop.restart_at(earlier(now, HOUR)).await?;
    let expired = shop.place_and_expire(TEA).await?;
    assert!(shop.clock.now() < now, "the clock is still behind the last event of before");
    shop.settles_as(expired, OrderStatus::Expired).await?;
    let parcel = shop.parcel(before, "central")?;
    shop.send(parcel).await?;
    shop.deliver(parcel).await?;
    shop.settles_as(before, OrderStatus::Delivered).await?;
    in_order(&shop).await?;
    shop.sound().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_a_year_ahead_delays_no_later_deadline() -> Result<()> {
    let shop = Embedded::open(Buses::Plain).await?;
    let now = shop.clock.now();
    let shop = shop.restart_at(now.plus(HOUR * 24 * 365)).await?;
    shop.provider.hold("authorize");
    let ahead = shop.place_order(TEA).await?;
    shop.until(&ahead.payment_stream(), "PaymentRequested").await?;
    let shop = shop.restart_at(now).await?;
    shop.place_and_expire(TEA).await?;
    // The deadline of this order is a year away, but people can end it.
    shop.cancel(ahead).await?;
    shop.settles_as(ahead, OrderStatus::Cancelled).await?;
    in_order(&shop).await?;
    shop.sound().await
}
