//! Every possible race between contexts, each in both orders, on an ordered bus and on buses that shuffle and
//! redeliver. After each race, all invariants of a shop must hold.

use std::time::Duration;

use anyhow::Result;
use e2e::{Buses, Embedded};

mod cancelling;
mod dispatching;
mod expiring;
mod paying;
mod redriving;
mod stocking;

/// The time in which nothing may happen.
const QUIET: Duration = Duration::from_millis(250);

/// Runs a race on every bus, each time on a new shop, and checks the shop afterwards.
async fn everywhere(race: impl AsyncFn(&Embedded) -> Result<()>) -> Result<()> {
    use anyhow::Context as _;
    for buses in Buses::ALL {
        let shop = Embedded::open(buses).await?;
        race(&shop).await.with_context(|| format!("on {buses:?}"))?;
        shop.sound().await.with_context(|| format!("on {buses:?}"))?;
    }
    Ok(())
}
