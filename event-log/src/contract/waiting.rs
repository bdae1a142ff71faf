use std::time::Duration;

use tokio::time::Instant;

use super::draft::Draft;
use super::snapshot::done;
use super::{Bench, Checked, ensure};

/// Commits of this process wake within this.
const PROMPT: Duration = Duration::from_millis(400);
/// Commits of other processes wake within this.
const SOON: Duration = Duration::from_millis(2500);
/// Nobody waits so long for what has happened.
const LONG: Duration = Duration::from_secs(5);

pub(super) async fn for_growth(bench: &Bench<'_>) -> Checked {
    let (here, there) = (bench.open().await?, bench.open().await?);

    let start = Instant::now();
    here.grown(0, Duration::from_millis(50)).await;
    let waited = start.elapsed();
    ensure(waited >= Duration::from_millis(45), "nobody waits for growth that does not come")?;
    ensure(waited < SOON, "patience is not kept")?;

    for (number, (writer, limit)) in [(&here, PROMPT), (&there, SOON)].into_iter().enumerate() {
        let position = number as u64;
        let draft = Draft::now(&**writer).await?.event("order-1", position + 1);
        let waits = async {
            here.grown(position, LONG).await;
            Instant::now()
        };
        let commits = async {
            let head = done(&draft, &**writer).await;
            (head, Instant::now())
        };
        // The waiter is polled first, and so waits before anything is committed.
        let (woken, (head, committed)) = futures_util::future::join(waits, commits).await;
        head?;
        let late = woken.saturating_duration_since(committed);
        ensure(late < limit, format!("growth of {} was noticed after {late:?}", ["here", "there"][number]))?;
    }

    let start = Instant::now();
    here.grown(0, LONG).await;
    ensure(start.elapsed() < SOON, "what has grown already is waited for")
}
