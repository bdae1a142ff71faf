//! The context's writer: the one task in a process that loads, decides and appends for a context.
//!
//! It takes what is queued, decides the requests one after another (each sees what those before it decided), and commits
//! them in one transaction; meanwhile the next batch is decided as if that had gone through. So a hot stream has no conflicts inside a process, and many
//! callers share one flush. Only another process can move the head in between: then everything is read and decided again.

use std::sync::Arc;

use domain::ViewWrite;
use platform::clock::Clock;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::port::{Log, LogError};
use crate::request::{Outcome, Request, WriteError};

mod ahead;
mod batch;
mod memory;
mod road;
mod task;

/// How a writer works.
#[derive(Clone, Copy, Debug)]
pub struct WriterOptions {
    /// Requests that may wait; further callers wait with theirs.
    pub queue: usize,
    /// Requests that are committed together at most.
    pub batch: usize,
    /// Streams whose state is kept in memory.
    pub streams_kept: usize,
    /// How often a batch is decided again because other processes moved the head.
    pub tries: u32,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self { queue: 4_096, batch: 512, streams_kept: 50_000, tries: 16 }
    }
}

/// What a consumer wants kept in the context's database, beside its work.
#[derive(Clone, Debug, Default)]
pub struct Note {
    /// Per group and partition (`<topic>/<number>`): everything up to this position is done. The highest ever noted stands.
    pub positions: Vec<(String, String, u64)>,
    /// Entries of local views.
    pub views: Vec<ViewWrite>,
    /// Per group: starts without progress.
    pub starts: Vec<(String, u32)>,
    /// Only if the groups still stand there, per group and partition; 0 where none was kept. Otherwise nothing of the note
    /// is kept: [`WriteError::Overtaken`].
    pub only_at: Vec<(String, String, u64)>,
}

enum Job {
    Decide(Box<Request>, oneshot::Sender<Result<Outcome, WriteError>>),
    Note(Note, oneshot::Sender<Result<(), WriteError>>),
}

/// A handle to a context's writer. Cheap to clone; the task ends when the last one is dropped.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
    log: Arc<dyn Log>,
}

impl Writer {
    /// Starts the writer of a log. The handle of the task ends when all writers are dropped and everything queued is
    /// answered.
    pub fn start(log: Arc<dyn Log>, clock: Clock, options: WriterOptions) -> (Self, JoinHandle<()>) {
        let (queue, jobs) = mpsc::channel(options.queue);
        let task = tokio::spawn(task::run(Arc::clone(&log), clock, options, jobs));
        (Self { queue, log }, task)
    }

    /// The log that it writes.
    pub fn log(&self) -> &Arc<dyn Log> {
        &self.log
    }

    /// Decides and records a request. A dropped call may or may not be recorded; repeating it under the same id tells.
    pub async fn submit(&self, request: Request) -> Result<Outcome, WriteError> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(Job::Decide(Box::new(request), answer)).await.map_err(|_| WriteError::Closed)?;
        answered.await.map_err(|_| WriteError::Closed)?
    }

    /// Queues a request and answers a future for its outcome: requests are decided in the order in which they were queued.
    pub async fn queue(
        &self,
        request: Request,
    ) -> Result<impl Future<Output = Result<Outcome, WriteError>> + Send + use<>, WriteError> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(Job::Decide(Box::new(request), answer)).await.map_err(|_| WriteError::Closed)?;
        Ok(async move { answered.await.map_err(|_| WriteError::Closed)? })
    }

    /// Keeps positions and view entries, in one transaction with whatever else is queued.
    pub async fn note(&self, note: Note) -> Result<(), WriteError> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(Job::Note(note, answer)).await.map_err(|_| WriteError::Closed)?;
        answered.await.map_err(|_| WriteError::Closed)?
    }
}

impl From<LogError> for WriteError {
    fn from(error: LogError) -> Self {
        Self::Log(Arc::new(error))
    }
}
