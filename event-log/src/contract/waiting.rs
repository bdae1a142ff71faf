use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::draft::Draft;
use super::snapshot::done;
use super::{Broken, Checked, LogUnderTest, ensure};
use crate::port::Log;

/// Commits of this process wake waiters within this time, which is shorter than polling would take. A busy
/// machine may be late repeatedly, hence the number of attempts.
const PROMPT: Duration = Duration::from_millis(200);
const TRIES: u64 = 20;

pub(super) async fn growth_wakes_waiters(logs: &dyn LogUnderTest) -> Checked {
    let (here, there) = (logs.open().await?, logs.open().await?);
    let soon = logs.soon();
    // Longer than any wait for past growth.
    let long = 2 * soon;

    let start = Instant::now();
    here.grown(0, Duration::from_millis(50)).await;
    let waited = start.elapsed();
    ensure(waited >= Duration::from_millis(45), "a wait without growth ends early")?;
    ensure(waited < soon, "a wait takes longer than allowed")?;

    let (mut position, mut late) = (0, soon);
    while late >= PROMPT {
        ensure(
            position < TRIES,
            format!(
                "growth by the same process was noticed late {TRIES} times, the last time after {late:?}"
            ),
        )?;
        late = lateness(&here, &here, position, long).await?;
        ensure(late < soon, format!("growth by the same process was noticed after {late:?}"))?;
        position += 1;
    }
    let late = lateness(&here, &there, position, long).await?;
    ensure(late < soon, format!("growth by another process was noticed after {late:?}"))?;

    let start = Instant::now();
    here.grown(0, long).await;
    ensure(start.elapsed() < soon, "a wait for past growth does not return at once")
}

/// The time from a commit of `writer` until `waiter` wakes, in a log that ends at `position`.
async fn lateness(
    waiter: &Arc<dyn Log>,
    writer: &Arc<dyn Log>,
    position: u64,
    patience: Duration,
) -> Result<Duration, Broken> {
    let draft = Draft::now(&**writer).await?.event("order-1", position + 1);
    let waits = async {
        waiter.grown(position, patience).await;
        Instant::now()
    };
    let commits = async {
        let head = done(&draft, &**writer).await;
        (head, Instant::now())
    };
    // The waiter is polled first, so it waits before the commit.
    let (woken, (head, committed)) = futures_util::future::join(waits, commits).await;
    head?;
    Ok(woken.saturating_duration_since(committed))
}
