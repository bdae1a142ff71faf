//! The writer's loop: take what is queued, decide, commit, answer; and while a commit is under way, decide what comes next.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use domain::{Reads, StreamRead};
use futures_util::future::{join, try_join};
use platform::clock::Clock;
use schemas::{CommandId, StreamId, Timestamp};
use tokio::sync::{mpsc, oneshot};

use super::ahead::Ahead;
use super::batch::{Decided, Deciding};
use super::memory::Memory;
use super::road::Road;
use super::{Job, Note, WriterOptions};
use crate::port::{Committed, Facts, Head, Log, LogError, Wanted};
use crate::request::{Origin, Outcome, Request, WriteError};

type Answer = oneshot::Sender<Result<Outcome, WriteError>>;

/// A request with everybody who waits for its outcome.
pub(super) struct Waiting {
    pub request: Request,
    pub reads: Reads,
    answers: Vec<Answer>,
}

/// What is committed together.
#[derive(Default)]
pub(super) struct Round {
    pub waiting: Vec<Waiting>,
    pub notes: Vec<(Note, oneshot::Sender<Result<(), WriteError>>)>,
}

/// What comes next, and what was decided of it already.
type Next = VecDeque<(Round, Option<Decided>)>;

pub(super) async fn run(
    log: Arc<dyn Log>,
    clock: Clock,
    options: WriterOptions,
    mut jobs: mpsc::Receiver<Job>,
) {
    let memory = Memory::new(Arc::clone(&log), options.streams_kept);
    let mut task = Task { log, clock, options, memory, road: Road::new(), last: Timestamp::EPOCH };
    let mut queued = Vec::with_capacity(options.batch);
    let mut next = Next::new();
    loop {
        let (round, decided) = match next.pop_front() {
            Some(next) => next,
            None => {
                if jobs.recv_many(&mut queued, options.batch).await == 0 {
                    return;
                }
                (Round::of(queued.drain(..)), None)
            }
        };
        task.carry_out(round, decided, &mut jobs, &mut next).await;
    }
}

impl Round {
    /// Equal commands in flight share one outcome; an id that comes with another request is refused on the spot.
    pub(super) fn of(jobs: impl Iterator<Item = Job>) -> Self {
        let mut round = Self::default();
        let mut known: HashMap<CommandId, usize> = HashMap::new();
        for job in jobs {
            match job {
                Job::Note(note, answer) => round.notes.push((note, answer)),
                Job::Decide(request, answer) => match known.get(&request.command) {
                    Some(&i) if same_origin(&round.waiting[i].request.origin, &request.origin) => {
                        round.waiting[i].answers.push(answer)
                    }
                    Some(_) => reply(answer, Err(WriteError::KeyReused)),
                    None => {
                        known.insert(request.command, round.waiting.len());
                        let reads = request.decision.reads();
                        round.waiting.push(Waiting { request: *request, reads, answers: vec![answer] });
                    }
                },
            }
        }
        round
    }

    /// How many requests and notes there are.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.notes.len()
    }

    pub(super) fn append(&mut self, mut other: Self) {
        self.waiting.append(&mut other.waiting);
        self.notes.append(&mut other.notes);
    }

    /// What has to be known before it can be decided: facts, and streams.
    pub(super) fn questions(&self) -> (Wanted, BTreeMap<StreamId, StreamRead>) {
        let groups: BTreeSet<&String> =
            self.notes.iter().flat_map(|(note, _)| note.only_at.iter().map(|(group, ..)| group)).collect();
        let mut wanted = Wanted { groups: groups.into_iter().cloned().collect(), ..Wanted::default() };
        let mut streams = BTreeMap::new();
        for one in &self.waiting {
            match &one.request.origin {
                Origin::Command { .. } => wanted.commands.push(one.request.command),
                Origin::Reaction { reactor, source, .. } => {
                    wanted.inbox.push((reactor.clone(), source.clone()))
                }
                Origin::Inner => {}
            }
            wanted.claims.extend(one.reads.claims.iter().cloned());
            wanted.views.extend(one.reads.views.iter().cloned());
            for read in &one.reads.streams {
                streams.entry(read.stream.clone()).or_insert_with(|| read.clone());
            }
            for (stream, _) in &one.request.expected {
                if !streams.contains_key(stream) {
                    tracing::debug!(%stream, "a version is expected of a stream that the decision does not read");
                }
            }
        }
        (wanted, streams)
    }

    /// Tells everybody what became of it.
    pub(super) fn answer(self, outcomes: Vec<Result<Outcome, WriteError>>, kept: Vec<bool>) {
        for (waiting, outcome) in self.waiting.into_iter().zip(outcomes) {
            for answer in waiting.answers {
                reply(answer, outcome.clone());
            }
        }
        for ((_, answer), kept) in self.notes.into_iter().zip(kept) {
            reply(answer, if kept { Ok(()) } else { Err(WriteError::Overtaken) });
        }
    }

    /// Tells everybody that nothing came of it.
    fn fail(self, error: &WriteError) {
        for answer in self.waiting.into_iter().flat_map(|waiting| waiting.answers) {
            reply(answer, Err(error.clone()));
        }
        self.notes.into_iter().for_each(|(_, answer)| reply(answer, Err(error.clone())));
    }
}

fn same_origin(one: &Origin, other: &Origin) -> bool {
    match (one, other) {
        (Origin::Command { fingerprint: one }, Origin::Command { fingerprint: other }) => one == other,
        (Origin::Reaction { reactor: one, .. }, Origin::Reaction { reactor: other, .. }) => one == other,
        (Origin::Inner, Origin::Inner) => true,
        _ => false,
    }
}

/// Answers somebody who may have stopped waiting, which is their right.
fn reply<T>(answer: oneshot::Sender<T>, outcome: T) {
    drop(answer.send(outcome));
}

struct Task {
    log: Arc<dyn Log>,
    clock: Clock,
    options: WriterOptions,
    memory: Memory,
    road: Road,
    /// The time of the last decision: no later one is made before it.
    last: Timestamp,
}

impl Task {
    async fn carry_out(
        &mut self,
        round: Round,
        decided: Option<Decided>,
        jobs: &mut mpsc::Receiver<Job>,
        next: &mut Next,
    ) {
        let mut round = Some(round);
        if let Err(error) = self.decide_and_commit(&mut round, decided, jobs, next).await {
            tracing::error!(context = %self.log.context(), error = chain(&error), "a batch could not be recorded");
            self.memory.forget();
            forget_decisions(next);
            if let Some(round) = round {
                round.fail(&error);
            }
        }
    }

    /// Takes the round when it is answered.
    async fn decide_and_commit(
        &mut self,
        round: &mut Option<Round>,
        mut ahead: Option<Decided>,
        jobs: &mut mpsc::Receiver<Job>,
        next: &mut Next,
    ) -> Result<(), WriteError> {
        let log = Arc::clone(&self.log);
        let mut ask = self.road.meets_repetitions();
        for _ in 0..self.options.tries {
            let Some(asking) = round.as_ref() else { break };
            let held = if ahead.is_none() && self.road.is_held() { log.hold().await? } else { None };
            if let Some(held) = &held {
                self.memory.moved(held.head()).await?;
            }
            let decided = match ahead.take() {
                Some(decided) => Some(decided),
                None => self.decide(asking, ask).await?,
            };
            let Some(mut decided) = decided else {
                self.road.overtaken();
                continue;
            };
            // It may have an answer from before it could not be decided any more.
            let doubtful = !decided.asked && decided.outcomes.iter().any(Result::is_err);
            if doubtful || decided.deciding.is_empty() {
                if let Some(held) = held {
                    held.release().await?;
                    self.road.recorded();
                }
                if !doubtful {
                    decided.answer(round);
                    break;
                }
                ask = true;
                continue;
            }
            let committed = match held {
                Some(held) => held.commit(&decided.deciding.batch).await,
                None => self.commit(&mut decided, round, jobs, next).await,
            };
            if !decided.asked && matches!(committed, Err(LogError::Broken { .. })) {
                // Most likely a command that was answered, and nobody has asked.
                forget_decisions(next);
                self.road.repeated();
                ask = true;
                continue;
            }
            match committed? {
                Committed::Done(head) => {
                    decided.answer(round);
                    self.road.recorded();
                    self.last = decided.deciding.now.max(self.last);
                    self.memory.committed(head, decided.deciding.into_known());
                    break;
                }
                Committed::Moved(head) => {
                    forget_decisions(next);
                    self.road.overtaken();
                    self.memory.moved(head).await?;
                }
            }
        }
        if round.is_some() { Err(WriteError::Contended) } else { Ok(()) }
    }

    /// Commits and answers, and meanwhile decides what comes next, as if the commit had gone through: if it does not, that is
    /// decided again.
    async fn commit(
        &self,
        decided: &mut Decided,
        round: &mut Option<Round>,
        jobs: &mut mpsc::Receiver<Job>,
        next: &mut Next,
    ) -> Result<Committed, LogError> {
        let Decided { deciding, outcomes, kept, .. } = decided;
        let deciding = &*deciding;
        let (done, stop) = oneshot::channel::<()>();
        let committing = async {
            let committed = self.log.commit(&deciding.base, &deciding.batch).await;
            if matches!(committed, Ok(Committed::Done(_)))
                && let Some(round) = round.take()
            {
                // At once: who has an answer asks the next thing, and that can be decided meanwhile.
                round.answer(std::mem::take(outcomes), std::mem::take(kept));
            }
            drop(done);
            committed
        };
        if !next.is_empty() {
            return committing.await;
        }
        let now = self.clock.now().max(self.last);
        let ahead = Ahead::of(
            &self.log,
            &self.memory,
            deciding,
            now,
            self.road.meets_repetitions(),
            self.options.batch,
        );
        let (committed, rounds) = join(committing, ahead.look(jobs, stop)).await;
        next.extend(rounds);
        if !matches!(&committed, Ok(Committed::Done(head)) if *head == deciding.head()) {
            forget_decisions(next);
        }
        committed
    }

    /// Nothing where somebody else moved the head meanwhile. `ask`: whether the commands are new, also where nothing else is
    /// to be asked.
    async fn decide(&mut self, round: &Round, ask: bool) -> Result<Option<Decided>, LogError> {
        let (wanted, streams) = round.questions();
        let base = self.memory.head().await?;
        let log = &self.log;
        let facts = facts(log, &wanted, ask, base);
        let ((head, facts), loaded) = try_join(facts, self.memory.load(&streams)).await?;
        if head != base {
            self.memory.moved(head).await?;
            return Ok(None);
        }
        self.last = self.clock.now().max(self.last);
        let mut decided = Decided::new(Deciding::new(self.log.context(), base, self.last));
        decided.add(round, is_asked(&wanted, ask), facts, loaded);
        Ok(Some(decided))
    }
}

/// Commands alone are not asked about, unless `ask` says so: the log refuses an answer to one that has an answer.
pub(super) fn is_asked(wanted: &Wanted, ask: bool) -> bool {
    ask || !wanted.is_only_commands() || wanted.commands.is_empty()
}

/// What `wanted` asks, if it is asked, and the head that it belongs to.
pub(super) async fn facts(
    log: &Arc<dyn Log>,
    wanted: &Wanted,
    ask: bool,
    head: Head,
) -> Result<(Head, Facts), LogError> {
    if wanted.is_empty() || !is_asked(wanted, ask) {
        Ok((head, Facts::default()))
    } else {
        log.facts(wanted).await
    }
}

fn forget_decisions(next: &mut Next) {
    next.iter_mut().for_each(|(_, decided)| *decided = None);
}

/// An error with its sources, for the log of the program.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
