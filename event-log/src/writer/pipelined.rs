//! Decides requests that arrive during a commit, as if the commit had succeeded.
//!
//! Facts that are looked up during a commit may be from before it or from after it. For facts that the commit does
//! not change, this makes no difference. A request that depends on other facts is decided after the commit. Streams
//! are seen as the commit leaves them. If the commit fails, or another process moves the head, these decisions are
//! dropped.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use decider::{Claim, StreamRead, ViewKey};
use futures_util::future::try_join;
use platform::clock::Clock;
use schemas::{CommandId, StreamId, Timestamp};
use tokio::sync::{mpsc, oneshot};

use super::batch::{BatchBuilder, Decided};
use super::round::{Job, LedgerLookup, Round};
use super::state_cache::StateCache;
use crate::port::{Batch, Log, Wanted};

/// The writer's state at the beginning of a commit.
pub(super) struct Pipelined<'a> {
    log: &'a Arc<dyn Log>,
    cache: &'a StateCache,
    /// The batch that is being committed.
    committing: &'a BatchBuilder,
    touched: Touched<'a>,
    clock: &'a Clock,
    /// Time of the last decision.
    last: Timestamp,
    lookup: LedgerLookup,
    /// How many jobs may be committed together.
    limit: usize,
}

impl<'a> Pipelined<'a> {
    pub(super) fn new(
        log: &'a Arc<dyn Log>,
        cache: &'a StateCache,
        committing: &'a BatchBuilder,
        (clock, last): (&'a Clock, Timestamp),
        lookup: LedgerLookup,
        limit: usize,
    ) -> Self {
        Self { log, cache, committing, touched: Touched::by(&committing.changes), clock, last, lookup, limit }
    }

    /// Decides jobs until `stop` is dropped. Returns the rounds that arrived: first the decided ones, then those
    /// that must wait.
    pub(super) async fn decide_until(
        self,
        mut stop: oneshot::Receiver<()>,
        jobs: &mut mpsc::Receiver<Job>,
    ) -> Vec<(Round, Option<Decided>)> {
        let (mut all, mut decided) = (Round::default(), None);
        let mut queued = Vec::new();
        while all.len() < self.limit {
            let arrived = tokio::select! {
                biased;
                _ = &mut stop => break,
                arrived = jobs.recv_many(&mut queued, self.limit - all.len()) => arrived,
            };
            if arrived == 0 {
                break;
            }
            let round = Round::of(queued.drain(..));
            decided = match self.decide(&round, decided).await {
                Ok(more) => Some(more),
                Err(before) => return rounds(all, before, Some(round)),
            };
            all.append(round);
        }
        rounds(all, decided, None)
    }

    /// Adds `round` to the decided rounds. Returns them unchanged, as an error, if the round must wait.
    async fn decide(&self, round: &Round, decided: Option<Decided>) -> Result<Decided, Option<Decided>> {
        let (wanted, streams) = round.dependencies();
        let own = decided.as_ref().map(|decided| &decided.batch);
        if self.touched.any_of(&wanted) || own.is_some_and(|own| Touched::by(&own.changes).any_of(&wanted)) {
            return Err(decided);
        }
        let (mut loaded, mut missing) = (BTreeMap::new(), Vec::<&StreamRead>::new());
        for (stream, read) in &streams {
            if own.is_some_and(|own| own.knows(stream)) {
                continue;
            }
            match self.committing.states.get(stream).or_else(|| self.cache.peek(stream)) {
                Some(known) => drop(loaded.insert(stream.clone(), Ok(known.clone()))),
                None => missing.push(read),
            }
        }
        let head = self.committing.head();
        let facts = self.lookup.facts(self.log, &wanted, head);
        let reading = self.cache.read_all(&missing, &mut loaded);
        match try_join(facts, reading).await {
            Ok(((of, facts), ())) if of == head || of == self.committing.base => {
                let new = || {
                    Decided::new(BatchBuilder::new(
                        self.log.context(),
                        head,
                        self.last,
                        self.committing.latest,
                    ))
                };
                let mut decided = decided.unwrap_or_else(new);
                // The time of now, not that of the commit's beginning: no decision is earlier than its request.
                decided.batch.now = self.clock.now().max(decided.batch.now);
                decided.add(round, self.lookup.covers(&wanted), facts, loaded);
                Ok(decided)
            }
            Ok(_) => Err(decided),
            Err(error) => {
                // The attempt after the commit gets the same error, and reports it.
                tracing::debug!(error = &error as &dyn std::error::Error, "could not decide during a commit");
                Err(decided)
            }
        }
    }
}

fn rounds(all: Round, decided: Option<Decided>, waits: Option<Round>) -> Vec<(Round, Option<Decided>)> {
    let decided = decided.map(|decided| (all, Some(decided)));
    decided.into_iter().chain(waits.map(|round| (round, None))).collect()
}

/// The changes of a batch besides streams.
struct Touched<'a> {
    commands: HashSet<CommandId>,
    inbox: HashSet<(&'a str, &'a StreamId)>,
    claims: HashSet<&'a Claim>,
    views: HashSet<&'a ViewKey>,
    groups: HashSet<&'a str>,
}

impl<'a> Touched<'a> {
    fn by(batch: &'a Batch) -> Self {
        let writes = || batch.writes.iter();
        let inbox = writes().filter_map(|write| write.inbox.as_ref());
        Self {
            commands: writes().filter_map(|write| Some(write.ledger.as_ref()?.command)).collect(),
            inbox: inbox.map(|(reactor, source, _)| (reactor.as_str(), source)).collect(),
            claims: writes()
                .flat_map(|write| write.claimed.iter().map(|(claim, _)| claim).chain(&write.released))
                .collect(),
            views: batch.views.iter().map(|write| &write.key).collect(),
            groups: batch.positions.iter().map(|(group, ..)| group.as_str()).collect(),
        }
    }

    fn any_of(&self, wanted: &Wanted) -> bool {
        wanted.commands.iter().any(|command| self.commands.contains(command))
            || wanted.inbox.iter().any(|(reactor, source)| self.inbox.contains(&(reactor.as_str(), source)))
            || wanted.claims.iter().any(|claim| self.claims.contains(claim))
            || wanted.views.iter().any(|key| self.views.contains(key))
            || wanted.groups.iter().any(|group| self.groups.contains(group.as_str()))
    }
}
