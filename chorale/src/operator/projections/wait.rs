//! `chorale projections wait`.

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use super::{ReadOnlyShop, selected};
use crate::cli::Which;
use crate::progress::progress_bar;

/// Waits until the live documents contain every event that is on the topics now; an error after `timeout`.
pub async fn wait(shop: &ReadOnlyShop, which: &Which, timeout: Duration) -> Result<()> {
    let store = shop.locations.read_models_read_only(&shop.logs).await?;
    let (deadline, projections) = (Instant::now() + timeout, selected(which)?);
    let bar = progress_bar(projections.len() as u64, "");
    for projection in projections {
        bar.set_message(projection.name());
        let left = deadline.saturating_duration_since(Instant::now());
        projectors::caught_up(&store, shop.bus.as_ref(), &[projection], left).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}
