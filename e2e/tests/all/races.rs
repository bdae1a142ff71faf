//! Every race that the contexts can have, each in both orders, on a kind bus and on ones that shuffle and redeliver. After each
//! of them everything must be true that is always true of a shop.

use std::time::Duration;

use anyhow::Result;
use e2e::{Buses, Embedded};

mod cancelling;
mod dispatching;
mod expiring;
mod paying;
mod redriving;
mod stocking;

/// What has not happened within this is taken not to happen.
const QUIET: Duration = Duration::from_millis(250);

/// Runs a race on a shop of its own on every bus, and checks the shop afterwards.
async fn everywhere(race: impl AsyncFn(&Embedded) -> Result<()>) -> Result<()> {
    use anyhow::Context as _;
    for buses in Buses::ALL {
        let shop = Embedded::open(buses).await?;
        race(&shop).await.with_context(|| format!("on {buses:?}"))?;
        shop.sound().await.with_context(|| format!("on {buses:?}"))?;
    }
    Ok(())
}
