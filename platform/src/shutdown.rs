//! Orderly shutdown: the first signal asks all tasks to drain, the second ends the process at once.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks that must stop, and whether the shutdown has begun. Cheap to clone; clones are the same
/// shutdown.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
}

/// Tasks were still running at the time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{tasks} tasks had not finished after {waited:?}")]
pub struct NotDrained {
    /// The number of running tasks.
    pub tasks: usize,
    pub waited: Duration,
}

impl Shutdown {
    /// A shutdown that only [`begin`](Self::begin) starts: for tests and for parts of a process.
    pub fn new() -> Self {
        Self::default()
    }

    /// A shutdown that begins on Ctrl-C or SIGTERM. A second signal ends the process at once with 128 + the
    /// signal's number. Needs a running Tokio runtime. Fails if the process may not handle signals.
    pub fn on_signals() -> std::io::Result<Self> {
        let shutdown = Self::new();
        let signals = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::spawn(listen(shutdown.clone(), signals));
        Ok(shutdown)
    }

    /// Cancelled when the shutdown begins. Child tokens are cancelled with it.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Asks all tasks to drain.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Whether the shutdown has begun.
    pub fn has_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Starts a task that [`drained`](Self::drained) waits for. The task must watch the token.
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

    /// Waits until all tasks have ended, at most `patience`. Call it after [`begun`](Self::begun).
    pub async fn drained(&self, patience: Duration) -> Result<(), NotDrained> {
        self.tasks.close();
        tokio::time::timeout(patience, self.tasks.wait())
            .await
            .map_err(|_| NotDrained { tasks: self.tasks.len(), waited: patience })
    }
}

#[expect(clippy::disallowed_methods, reason = "a second signal asks to exit without draining")]
async fn listen(shutdown: Shutdown, mut signals: (Signal, Signal)) {
    let name = next_signal(&mut signals).await.0;
    tracing::info!(signal = name, "shutting down; send the signal again to exit at once");
    shutdown.begin();
    let (name, number) = next_signal(&mut signals).await;
    tracing::warn!(signal = name, "exiting at once");
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
    async fn reports_how_many_tasks_did_not_drain() {
        let shutdown = Shutdown::new();
        shutdown.spawn(std::future::pending::<()>());
        shutdown.begin();
        let waited = Duration::from_secs(5);
        assert_eq!(shutdown.drained(waited).await, Err(NotDrained { tasks: 1, waited }));
    }
}
