//! The writer's loop: take queued requests, decide, commit, answer; decide the next round during a commit.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use futures_util::future::{join, try_join};
use platform::clock::Clock;
use platform::error::Chain;
use schemas::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument;

use super::WriterOptions;
use super::batch::{BatchBuilder, Decided};
use super::pipelined::Pipelined;
use super::round::{Job, LedgerLookup, Round};
use super::state_cache::StateCache;
use super::strategy::CommitStrategy;
use super::telemetry::{Instruments, round_span};
use crate::port::{Committed, HeadLock, Log, LogError};
use crate::request::WriteError;

pub(super) async fn run(log: Arc<dyn Log>, clock: Clock, options: WriterOptions, jobs: mpsc::Receiver<Job>) {
    let cache = StateCache::new(Arc::clone(&log), options.streams_kept);
    let strategy = CommitStrategy::new();
    let instruments = Instruments::of(log.context());
    let mut task = Task { log, clock, options, cache, strategy, instruments, last: Timestamp::EPOCH };
    let mut queue = Queue { jobs, buffer: Vec::with_capacity(options.batch), next: VecDeque::new() };
    while let Some((round, decided)) = queue.take(options.batch).await {
        task.instruments.queue.set(queue.len());
        task.process(round, decided, &mut queue).await;
    }
}

/// The jobs that are waiting, and the rounds that were taken from them during a commit.
struct Queue {
    jobs: mpsc::Receiver<Job>,
    buffer: Vec<Job>,
    /// In order. The first may already be decided.
    next: VecDeque<(Round, Option<Decided>)>,
}

impl Queue {
    /// The next round of at most `limit` jobs; `None` when all writers are dropped and everything is
    /// answered.
    async fn take(&mut self, limit: usize) -> Option<(Round, Option<Decided>)> {
        if let Some(next) = self.next.pop_front() {
            return Some(next);
        }
        if self.jobs.recv_many(&mut self.buffer, limit).await == 0 {
            return None;
        }
        Some((Round::of(self.buffer.drain(..)), None))
    }

    fn len(&self) -> i64 {
        let taken: usize = self.next.iter().map(|(round, _)| round.len()).sum();
        (self.jobs.len() + taken) as i64
    }

    fn forget_decisions(&mut self) {
        self.next.iter_mut().for_each(|(_, decided)| *decided = None);
    }
}

/// One attempt to decide and commit a round.
enum Attempt<'log> {
    /// The round was decided during the commit before it.
    Pipelined(Decided),
    /// The round is decided on the known head.
    OnKnownHead,
    /// The round is decided on a head that stays locked until the commit.
    OnLockedHead(Box<dyn HeadLock + 'log>),
}

struct Task {
    log: Arc<dyn Log>,
    clock: Clock,
    options: WriterOptions,
    cache: StateCache,
    strategy: CommitStrategy,
    instruments: Instruments,
    /// Time of the last decision. Later decisions are never given an earlier time.
    last: Timestamp,
}

impl Task {
    async fn process(&mut self, round: Round, decided: Option<Decided>, queue: &mut Queue) {
        let span = round_span(self.log.context(), &round);
        if !round.requests.is_empty() {
            self.instruments.batch.observe(round.requests.len() as f64);
        }
        let mut round = Some(round);
        if let Err(error) = self.decide_and_commit(&mut round, decided, queue).instrument(span).await {
            tracing::error!(context = %self.log.context(), error = %Chain(&error), "could not commit a batch");
            self.cache.clear();
            queue.forget_decisions();
            if let Some(round) = round {
                round.fail(&error);
            }
        }
    }

    /// Takes the round when it is answered.
    async fn decide_and_commit(
        &mut self,
        round: &mut Option<Round>,
        mut decided: Option<Decided>,
        queue: &mut Queue,
    ) -> Result<(), WriteError> {
        let log = Arc::clone(&self.log);
        let mut lookup = self.strategy.ledger_lookup();
        for _ in 0..self.options.tries {
            let attempt = match decided.take() {
                Some(decided) => Attempt::Pipelined(decided),
                None => self.begin(log.as_ref()).await?,
            };
            match self.attempt(attempt, lookup, round, queue).await? {
                ControlFlow::Break(()) => return Ok(()),
                ControlFlow::Continue(LedgerLookup::Always) => lookup = LedgerLookup::Always,
                ControlFlow::Continue(LedgerLookup::Opportunistic) => {}
            }
        }
        Err(WriteError::Contended)
    }

    /// Begins an attempt for a round that is not decided yet.
    async fn begin<'log>(&mut self, log: &'log dyn Log) -> Result<Attempt<'log>, LogError> {
        if !self.strategy.locks_head() {
            return Ok(Attempt::OnKnownHead);
        }
        let Some(lock) = log.lock_head().await? else { return Ok(Attempt::OnKnownHead) };
        self.cache.moved(lock.head()).await?;
        Ok(Attempt::OnLockedHead(lock))
    }

    /// Breaks when the round is answered. Otherwise the round must be tried again, and the value says whether the next
    /// attempt must look up its commands.
    async fn attempt(
        &mut self,
        attempt: Attempt<'_>,
        lookup: LedgerLookup,
        round: &mut Option<Round>,
        queue: &mut Queue,
    ) -> Result<ControlFlow<(), LedgerLookup>, WriteError> {
        let Some(pending) = round.as_ref() else { return Ok(ControlFlow::Break(())) };
        let (decided, lock) = match attempt {
            Attempt::Pipelined(decided) => (Some(decided), None),
            Attempt::OnKnownHead => (self.decide(pending, lookup).await?, None),
            Attempt::OnLockedHead(lock) => (self.decide(pending, lookup).await?, Some(lock)),
        };
        let Some(mut decided) = decided else {
            self.instruments.conflicts.inc();
            self.strategy.overtaken();
            return Ok(ControlFlow::Continue(LedgerLookup::Opportunistic));
        };
        if decided.is_uncertain() || decided.batch.is_empty() {
            if let Some(lock) = lock {
                lock.release().await?;
                self.strategy.committed();
            }
            if decided.is_uncertain() {
                return Ok(ControlFlow::Continue(LedgerLookup::Always));
            }
            decided.answers.send(round);
            return Ok(ControlFlow::Break(()));
        }
        let committed = match lock {
            Some(lock) => lock.commit(&decided.batch.changes).await,
            None => self.commit(&mut decided, round, queue).await,
        };
        self.conclude(committed, decided, round, queue).await
    }

    /// Updates cache and strategy after a commit.
    async fn conclude(
        &mut self,
        committed: Result<Committed, LogError>,
        mut decided: Decided,
        round: &mut Option<Round>,
        queue: &mut Queue,
    ) -> Result<ControlFlow<(), LedgerLookup>, WriteError> {
        match committed {
            Ok(Committed::Done(head)) => {
                decided.answers.send(round);
                self.instruments.events.inc_by(head.position.saturating_sub(decided.batch.base.position));
                self.strategy.committed();
                self.last = decided.batch.now.max(self.last);
                let latest = decided.batch.latest;
                self.cache.committed(head, latest, decided.batch.into_states());
                Ok(ControlFlow::Break(()))
            }
            Ok(Committed::Moved(head)) => {
                self.instruments.conflicts.inc();
                queue.forget_decisions();
                self.strategy.overtaken();
                self.cache.moved(head).await?;
                Ok(ControlFlow::Continue(LedgerLookup::Opportunistic))
            }
            // Most likely a command already has an answer, which was not looked up.
            Err(LogError::Broken { .. }) if !decided.looked_up => {
                queue.forget_decisions();
                self.strategy.repeated();
                Ok(ControlFlow::Continue(LedgerLookup::Always))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Commits and answers. Meanwhile decides arriving requests, as if the commit had succeeded; if it fails, they are
    /// decided again.
    async fn commit(
        &self,
        decided: &mut Decided,
        round: &mut Option<Round>,
        queue: &mut Queue,
    ) -> Result<Committed, LogError> {
        let Decided { batch, answers, .. } = decided;
        let batch = &*batch;
        let (done, stop) = oneshot::channel::<()>();
        let committing = async {
            let committed = self.log.commit(&batch.base, &batch.changes).await;
            if matches!(committed, Ok(Committed::Done(_))) {
                // Answer at once, so that callers can already send their next requests.
                answers.send(round);
            }
            drop(done);
            committed
        };
        if !queue.next.is_empty() {
            return committing.await;
        }
        let pipelined = Pipelined::new(
            &self.log,
            &self.cache,
            batch,
            (&self.clock, batch.now.max(self.last)),
            self.strategy.ledger_lookup(),
            self.options.batch,
        );
        let (committed, rounds) = join(committing, pipelined.decide_until(stop, &mut queue.jobs)).await;
        queue.next.extend(rounds);
        if !matches!(&committed, Ok(Committed::Done(head)) if *head == batch.head()) {
            queue.forget_decisions();
        }
        committed
    }

    /// Decides a round on the known head. `None`: another process has moved the head.
    async fn decide(&mut self, round: &Round, lookup: LedgerLookup) -> Result<Option<Decided>, LogError> {
        let (wanted, streams) = round.dependencies();
        let base = self.cache.head().await?;
        let facts = lookup.facts(&self.log, &wanted, base);
        let ((head, facts), loaded) = try_join(facts, self.cache.load(&streams)).await?;
        if head != base {
            self.cache.moved(head).await?;
            return Ok(None);
        }
        self.last = self.clock.now().max(self.last);
        let batch = BatchBuilder::new(self.log.context(), base, self.last, self.cache.latest());
        let mut decided = Decided::new(batch);
        decided.add(round, lookup.covers(&wanted), facts, loaded);
        Ok(Some(decided))
    }
}
