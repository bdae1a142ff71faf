//! The context's writer: the single task of a process that loads, decides and appends for a context.
//! It takes the queued requests, decides them one after another (each sees the changes of those before
//! it), and commits them in one transaction. During the commit it decides the next batch, as if the commit
//! had succeeded. So a hot stream has no conflicts within a process, and many callers share one flush.
//! Only another process can move the head in between; then everything is read and decided again.

use std::sync::Arc;

use decider::ViewWrite;
use platform::clock::Clock;
use platform::telemetry::traces;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::Instrument;

use self::round::Job;
use crate::port::{Log, LogError};
use crate::request::{Origin, Outcome, Request, WriteError};

mod batch;
mod pipelined;
mod round;
mod state_cache;
mod strategy;
mod task;
mod telemetry;

/// Limits of a writer.
#[derive(Clone, Copy, Debug)]
pub struct WriterOptions {
    /// Requests that may be queued. Further callers wait.
    pub queue: usize,
    /// The most requests that are committed together.
    pub batch: usize,
    /// The most streams whose state is kept in memory.
    pub streams_kept: usize,
    /// The most attempts to commit a batch while other processes keep moving the head.
    pub tries: u32,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self { queue: 4_096, batch: 512, streams_kept: 50_000, tries: 16 }
    }
}

/// State of a consumer that is kept in the context's database.
#[derive(Clone, Debug, Default)]
pub struct Note {
    /// Group, partition (`<topic>/<number>`), and the position up to which everything is handled. Positions
    /// only move forward.
    pub positions: Vec<(String, String, u64)>,
    /// Entries of local views.
    pub views: Vec<ViewWrite>,
    /// Per group: its number of starts without progress.
    pub starts: Vec<(String, u32)>,
    /// The positions, by group and partition, that the groups must still have; 0 if none was kept. Otherwise
    /// the note is refused with [`WriteError::Overtaken`].
    pub only_at: Vec<(String, String, u64)>,
}

/// A handle to a context's writer. Cheap to clone. The task ends when the last handle is dropped.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
    log: Arc<dyn Log>,
}

impl Writer {
    /// Starts the writer of a log. The task ends when all handles are dropped and everything queued is
    /// answered.
    pub fn start(log: Arc<dyn Log>, clock: Clock, options: WriterOptions) -> (Self, JoinHandle<()>) {
        let (queue, jobs) = mpsc::channel(options.queue);
        let task = tokio::spawn(task::run(Arc::clone(&log), clock, options, jobs));
        (Self { queue, log }, task)
    }

    /// The log that this writer appends to.
    pub fn log(&self) -> &Arc<dyn Log> {
        &self.log
    }

    /// Decides and commits a request. A dropped call may or may not be committed; repeating it under the same
    /// id shows which.
    pub async fn submit(&self, mut request: Request) -> Result<Outcome, WriteError> {
        let context = self.log.context();
        let span = telemetry::request_span(context, request.traceparent.as_deref());
        if let Some(traceparent) = traces::traceparent(&span) {
            request.traceparent = Some(traceparent);
        }
        let is_command = matches!(request.origin, Origin::Command { .. });
        let result = async { self.queue(request).await?.await }.instrument(span).await;
        if is_command {
            telemetry::count(context, &result);
        }
        result
    }

    /// Queues a request and returns a future for its outcome. Requests are decided in the order in which they
    /// were queued.
    pub async fn queue(
        &self,
        request: Request,
    ) -> Result<impl Future<Output = Result<Outcome, WriteError>> + Send + use<>, WriteError> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(Job::Decide(Box::new(request), answer)).await.map_err(|_| WriteError::Closed)?;
        Ok(async move { answered.await.map_err(|_| WriteError::Closed)? })
    }

    /// Stores a note, in one transaction with everything else that is queued.
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
