use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::draft::Draft;
use super::snapshot::done;
use super::{Bench, Broken, Checked, ensure};
use crate::port::Log;

/// Commits of this process wake within this, which is less than looking now and then would take. A busy machine may be late
/// again and again, so it is tried so often.
const PROMPT: Duration = Duration::from_millis(200);
const TRIES: u64 = 20;

pub(super) async fn for_growth(bench: &Bench<'_>) -> Checked {
    let (here, there) = (bench.open().await?, bench.open().await?);
    let soon = bench.logs.soon();
    // Nobody waits so long for what has happened.
    let long = 2 * soon;

    let start = Instant::now();
    here.grown(0, Duration::from_millis(50)).await;
    let waited = start.elapsed();
    ensure(waited >= Duration::from_millis(45), "nobody waits for growth that does not come")?;
    ensure(waited < soon, "patience is not kept")?;

    let (mut position, mut late) = (0, soon);
    while late >= PROMPT {
        ensure(
            position < TRIES,
            format!("growth of one's own was noticed late {TRIES} times, now after {late:?}"),
        )?;
        late = lateness(&here, &here, position, long).await?;
        ensure(late < soon, format!("growth of one's own was noticed after {late:?}"))?;
        position += 1;
    }
    let late = lateness(&here, &there, position, long).await?;
    ensure(late < soon, format!("growth of another process was noticed after {late:?}"))?;

    let start = Instant::now();
    here.grown(0, long).await;
    ensure(start.elapsed() < soon, "what has grown already is waited for")
}

/// How long after a commit of `writer` the `waiter` is woken, in a log that has come to `position`.
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
    // The waiter is polled first, and so waits before anything is committed.
    let (woken, (head, committed)) = futures_util::future::join(waits, commits).await;
    head?;
    Ok(woken.saturating_duration_since(committed))
}
