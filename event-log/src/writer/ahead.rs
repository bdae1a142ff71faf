//! Deciding what comes next while a commit is under way, as if that had gone through.
//!
//! What is looked up for it may be of before the commit or of after it. That makes no difference to what the commit does not
//! touch; whatever asks for something that it does touch is decided after it. Streams that it has changed are as it leaves them.
//! If it does not go through, or somebody else moves the head, nothing of this counts.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use domain::{Claim, StreamRead, ViewKey};
use futures_util::future::try_join;
use schemas::{CommandId, StreamId, Timestamp};
use tokio::sync::{mpsc, oneshot};

use super::Job;
use super::batch::{Decided, Deciding};
use super::memory::Memory;
use super::task::{Round, facts, is_asked};
use crate::port::{Batch, Log, Wanted};

/// What stands when it begins.
pub(super) struct Ahead<'a> {
    log: &'a Arc<dyn Log>,
    memory: &'a Memory,
    /// What is being committed.
    before: &'a Deciding,
    touched: Touched<'a>,
    now: Timestamp,
    ask: bool,
    /// How many may be committed together.
    room: usize,
}

impl<'a> Ahead<'a> {
    pub(super) fn of(
        log: &'a Arc<dyn Log>,
        memory: &'a Memory,
        before: &'a Deciding,
        now: Timestamp,
        ask: bool,
        room: usize,
    ) -> Self {
        Self { log, memory, before, touched: Touched::by(&before.batch), now, ask, room }
    }

    /// Decides what comes until it is told to stop. Answers what has come: what was decided, and behind it what has to wait.
    pub(super) async fn look(
        self,
        jobs: &mut mpsc::Receiver<Job>,
        mut stop: oneshot::Receiver<()>,
    ) -> Vec<(Round, Option<Decided>)> {
        let (mut all, mut decided) = (Round::default(), None);
        let mut queued = Vec::new();
        while all.len() < self.room {
            let came = tokio::select! {
                biased;
                _ = &mut stop => break,
                came = jobs.recv_many(&mut queued, self.room - all.len()) => came,
            };
            if came == 0 {
                break;
            }
            let round = Round::of(queued.drain(..));
            decided = match self.decide(&round, decided).await {
                Ok(more) => Some(more),
                Err(before) => return vec_of(all, before, Some(round)),
            };
            all.append(round);
        }
        vec_of(all, decided, None)
    }

    /// Adds `round` to what is decided; answers only that if it has to wait.
    async fn decide(&self, round: &Round, decided: Option<Decided>) -> Result<Decided, Option<Decided>> {
        let (wanted, streams) = round.questions();
        let own = decided.as_ref().map(|decided| &decided.deciding);
        if self.touched.has(&wanted) || own.is_some_and(|own| Touched::by(&own.batch).has(&wanted)) {
            return Err(decided);
        }
        let (mut loaded, mut missing) = (BTreeMap::new(), Vec::<&StreamRead>::new());
        for (stream, read) in &streams {
            if own.is_some_and(|own| own.knows(stream)) {
                continue;
            }
            match self.before.states.get(stream).or_else(|| self.memory.peek(stream)) {
                Some(known) => drop(loaded.insert(stream.clone(), Ok(known.clone()))),
                None => missing.push(read),
            }
        }
        let head = self.before.head();
        let looking = facts(self.log, &wanted, self.ask, head);
        let reading = self.memory.read_all(&missing, &mut loaded);
        match try_join(looking, reading).await {
            Ok(((of, facts), ())) if of == head || of == self.before.base => {
                let new = || Decided::new(Deciding::new(self.log.context(), head, self.now));
                let mut decided = decided.unwrap_or_else(new);
                decided.add(round, is_asked(&wanted, self.ask), facts, loaded);
                Ok(decided)
            }
            Ok(_) => Err(decided),
            Err(error) => {
                // Whoever decides it after the commit meets the same, and says so.
                tracing::debug!(error = &error as &dyn std::error::Error, "nothing is decided ahead");
                Err(decided)
            }
        }
    }
}

fn vec_of(all: Round, decided: Option<Decided>, waits: Option<Round>) -> Vec<(Round, Option<Decided>)> {
    let decided = decided.map(|decided| (all, Some(decided)));
    decided.into_iter().chain(waits.map(|round| (round, None))).collect()
}

/// What a batch changes beside streams.
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

    fn has(&self, wanted: &Wanted) -> bool {
        wanted.commands.iter().any(|command| self.commands.contains(command))
            || wanted.inbox.iter().any(|(reactor, source)| self.inbox.contains(&(reactor.as_str(), source)))
            || wanted.claims.iter().any(|claim| self.claims.contains(claim))
            || wanted.views.iter().any(|key| self.views.contains(key))
            || wanted.groups.iter().any(|group| self.groups.contains(group.as_str()))
    }
}
