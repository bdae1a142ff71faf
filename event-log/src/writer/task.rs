//! The writer's loop: take what is queued, decide, commit, answer.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use domain::Reads;
use platform::clock::Clock;
use schemas::{CommandId, Timestamp};
use tokio::sync::{mpsc, oneshot};

use super::batch::{Deciding, Step};
use super::memory::Memory;
use super::road::Road;
use super::{Job, Note, WriterOptions};
use crate::port::{Committed, Log, LogError, Wanted};
use crate::request::{Origin, Outcome, Request, WriteError};

type Answer = oneshot::Sender<Result<Outcome, WriteError>>;
type Noted = (Note, oneshot::Sender<Result<(), WriteError>>);

/// A request with everybody who waits for its outcome.
pub(super) struct Waiting {
    pub request: Request,
    pub reads: Reads,
    answers: Vec<Answer>,
}

pub(super) async fn run(
    log: Arc<dyn Log>,
    clock: Clock,
    options: WriterOptions,
    mut jobs: mpsc::Receiver<Job>,
) {
    let mut memory = Memory::new(Arc::clone(&log), options.streams_kept);
    let mut road = Road::new();
    let mut last = Timestamp::EPOCH;
    let mut queued = Vec::with_capacity(options.batch);
    while jobs.recv_many(&mut queued, options.batch).await > 0 {
        let (waiting, notes) = sort(queued.drain(..));
        let mut round = Round { log: &log, memory: &mut memory, road: &mut road, tries: options.tries };
        let now = clock.now().max(last);
        last = now;
        round.carry_out(waiting, notes, now).await;
    }
}

/// Equal commands in flight share one outcome; an id that comes with another request is refused on the spot.
fn sort(jobs: impl Iterator<Item = Job>) -> (Vec<Waiting>, Vec<Noted>) {
    let (mut waiting, mut notes) = (Vec::<Waiting>::new(), Vec::new());
    let mut known: HashMap<CommandId, usize> = HashMap::new();
    for job in jobs {
        match job {
            Job::Note(note, answer) => notes.push((note, answer)),
            Job::Decide(request, answer) => match known.get(&request.command) {
                Some(&i) if same_origin(&waiting[i].request.origin, &request.origin) => {
                    waiting[i].answers.push(answer)
                }
                Some(_) => reply(answer, Err(WriteError::KeyReused)),
                None => {
                    known.insert(request.command, waiting.len());
                    let reads = request.decision.reads();
                    waiting.push(Waiting { request: *request, reads, answers: vec![answer] });
                }
            },
        }
    }
    (waiting, notes)
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

/// The outcome of each request, and whether each note was kept.
type Recorded = (Vec<Result<Outcome, WriteError>>, Vec<bool>);

struct Round<'a> {
    log: &'a Arc<dyn Log>,
    memory: &'a mut Memory,
    road: &'a mut Road,
    tries: u32,
}

impl Round<'_> {
    async fn carry_out(&mut self, waiting: Vec<Waiting>, notes: Vec<Noted>, now: Timestamp) {
        let result = self.decide_and_commit(&waiting, &notes, now).await;
        match result {
            Ok((outcomes, kept)) => {
                for (waiting, outcome) in waiting.into_iter().zip(outcomes) {
                    for answer in waiting.answers {
                        reply(answer, outcome.clone());
                    }
                }
                for ((_, answer), kept) in notes.into_iter().zip(kept) {
                    reply(answer, if kept { Ok(()) } else { Err(WriteError::Overtaken) });
                }
            }
            Err(error) => {
                tracing::error!(context = %self.log.context(), error = chain(&error), "a batch could not be recorded");
                self.memory.forget();
                for answer in waiting.into_iter().flat_map(|waiting| waiting.answers) {
                    reply(answer, Err(error.clone()));
                }
                notes.into_iter().for_each(|(_, answer)| reply(answer, Err(error.clone())));
            }
        }
    }

    async fn decide_and_commit(
        &mut self,
        waiting: &[Waiting],
        notes: &[Noted],
        now: Timestamp,
    ) -> Result<Recorded, WriteError> {
        let log = self.log;
        for _ in 0..self.tries {
            let held = if self.road.is_held() { log.hold().await? } else { None };
            if let Some(held) = &held {
                self.memory.moved(held.head()).await?;
            }
            let (mut deciding, outcomes) = match self.decide(waiting, notes, now).await? {
                Step::Decided(deciding, outcomes) => (deciding, outcomes),
                Step::Moved => {
                    self.road.overtaken();
                    continue;
                }
            };
            let kept: Vec<bool> = notes.iter().map(|(note, _)| deciding.keep(note)).collect();
            if deciding.is_empty() {
                if let Some(held) = held {
                    held.release().await?;
                }
                return Ok((outcomes, kept));
            }
            let committed = match held {
                Some(held) => held.commit(&deciding.batch).await?,
                None => log.commit(&deciding.base, &deciding.batch).await?,
            };
            match committed {
                Committed::Done(head) => {
                    self.road.recorded();
                    self.memory.committed(head, deciding.states);
                    return Ok((outcomes, kept));
                }
                Committed::Moved(head) => {
                    self.road.overtaken();
                    self.memory.moved(head).await?;
                }
            }
        }
        Err(WriteError::Contended)
    }

    async fn decide(
        &mut self,
        waiting: &[Waiting],
        notes: &[Noted],
        now: Timestamp,
    ) -> Result<Step, LogError> {
        let groups: BTreeSet<&String> =
            notes.iter().flat_map(|(note, _)| note.only_at.iter().map(|(group, ..)| group)).collect();
        let mut wanted = Wanted { groups: groups.into_iter().cloned().collect(), ..Wanted::default() };
        let mut streams = std::collections::BTreeMap::new();
        for one in waiting {
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
        let base = self.memory.head().await?;
        let (head, facts) =
            if wanted.is_empty() { (base, Default::default()) } else { self.log.facts(&wanted).await? };
        if head != base {
            self.memory.moved(head).await?;
            return Ok(Step::Moved);
        }
        let loaded = self.memory.load(&streams).await?;
        let mut deciding = Deciding::new(self.log.context(), base, facts, loaded, now);
        let outcomes = waiting.iter().map(|one| deciding.decide(one)).collect();
        Ok(Step::Decided(Box::new(deciding), outcomes))
    }
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
