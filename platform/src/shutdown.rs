//! Leaving in order: the first signal asks everybody to drain, the second leaves at once.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Who has to stop, and whether it is time to. Cheap to clone; clones are the same shutdown.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
}

/// Tasks were still running when patience ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{tasks} tasks had not finished after {waited:?}")]
pub struct NotDrained {
    /// How many.
    pub tasks: usize,
    /// How long they were given.
    pub waited: Duration,
}

impl Shutdown {
    /// A shutdown that only [`begin`](Self::begin) begins: for tests and for parts inside a process.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins on Ctrl-C or SIGTERM; a second signal ends the process at once with 128 + the signal's number. Needs a
    /// running Tokio runtime; fails where the process may not handle signals.
    pub fn on_signals() -> std::io::Result<Self> {
        let shutdown = Self::new();
        let signals = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::spawn(listen(shutdown.clone(), signals));
        Ok(shutdown)
    }

    /// Cancelled once it is time to stop taking work. Its children end with it.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Asks everybody to drain.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Whether it is time to stop.
    pub fn has_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Starts a task that [`drained`](Self::drained) waits for; it watches the token itself.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Waits until the shutdown has begun.
    pub async fn begun(&self) {
        self.token.cancelled().await;
    }

    /// Waits until every task is done, at most `patience` from now on. Call it after [`begun`](Self::begun).
    pub async fn drained(&self, patience: Duration) -> Result<(), NotDrained> {
        self.tasks.close();
        tokio::time::timeout(patience, self.tasks.wait())
            .await
            .map_err(|_| NotDrained { tasks: self.tasks.len(), waited: patience })
    }
}

#[expect(clippy::disallowed_methods, reason = "a second signal asks to leave without draining")]
async fn listen(shutdown: Shutdown, mut signals: (Signal, Signal)) {
    let name = next_signal(&mut signals).await.0;
    tracing::info!(signal = name, "draining; once more to leave at once");
    shutdown.begin();
    let (name, number) = next_signal(&mut signals).await;
    tracing::warn!(signal = name, "leaving at once");
    std::process::exit(128 + number);
}

async fn next_signal((interrupt, terminate): &mut (Signal, Signal)) -> (&'static str, i32) {
    tokio::select! {
        _ = interrupt.recv() => ("interrupt", SignalKind::interrupt().as_raw_value()),
        _ = terminate.recv() => ("terminate", SignalKind::terminate().as_raw_value()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_for_tasks_that_drain() {
        let shutdown = Shutdown::new();
        let token = shutdown.token().clone();
        let task = shutdown.spawn(async move { token.cancelled().await });
        assert!(!shutdown.has_begun());
        shutdown.begin();
        shutdown.begun().await;
        assert_eq!(shutdown.drained(Duration::from_secs(60)).await, Ok(()));
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn says_how_many_tasks_would_not_drain() {
        let shutdown = Shutdown::new();
        shutdown.spawn(std::future::pending::<()>());
        shutdown.begin();
        let waited = Duration::from_secs(5);
        assert_eq!(shutdown.drained(waited).await, Err(NotDrained { tasks: 1, waited }));
    }
}
