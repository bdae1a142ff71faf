//! A round: the requests and notes that are committed together, and the facts that their decisions need.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use decider::{Reads, StreamRead};
use schemas::{CommandId, StreamId};
use tokio::sync::oneshot;

use super::Note;
use crate::port::{Facts, Head, Log, LogError, Wanted};
use crate::request::{Origin, Outcome, Request, WriteError};

type Reply<T> = oneshot::Sender<Result<T, WriteError>>;

/// A queued call of the writer.
pub(super) enum Job {
    Decide(Box<Request>, Reply<Outcome>),
    Note(Note, Reply<()>),
}

/// A request, and all callers that wait for its outcome.
pub(super) struct PendingRequest {
    pub request: Request,
    pub reads: Reads,
    replies: Vec<Reply<Outcome>>,
}

#[derive(Default)]
pub(super) struct Round {
    pub requests: Vec<PendingRequest>,
    pub notes: Vec<(Note, Reply<()>)>,
}

impl Round {
    /// Equal commands in one round share one outcome. A command id that arrives with different requests is
    /// refused at once.
    pub(crate) fn of(jobs: impl Iterator<Item = Job>) -> Self {
        let mut round = Self::default();
        let mut known: HashMap<CommandId, usize> = HashMap::new();
        for job in jobs {
            match job {
                Job::Note(note, reply) => round.notes.push((note, reply)),
                Job::Decide(request, reply) => match known.get(&request.command) {
                    Some(&i) if same_origin(&round.requests[i].request.origin, &request.origin) => {
                        round.requests[i].replies.push(reply)
                    }
                    Some(_) => send(reply, Err(WriteError::KeyReused)),
                    None => {
                        known.insert(request.command, round.requests.len());
                        let reads = request.decision.reads();
                        round.requests.push(PendingRequest {
                            request: *request,
                            reads,
                            replies: vec![reply],
                        });
                    }
                },
            }
        }
        round
    }

    /// The number of requests and notes.
    pub(crate) fn len(&self) -> usize {
        self.requests.len() + self.notes.len()
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.requests.append(&mut other.requests);
        self.notes.append(&mut other.notes);
    }

    /// The facts and streams that must be loaded before the round can be decided.
    pub(crate) fn dependencies(&self) -> (Wanted, BTreeMap<StreamId, StreamRead>) {
        let groups: BTreeSet<&String> =
            self.notes.iter().flat_map(|(note, _)| note.only_at.iter().map(|(group, ..)| group)).collect();
        let mut wanted = Wanted { groups: groups.into_iter().cloned().collect(), ..Wanted::default() };
        let mut streams = BTreeMap::new();
        for pending in &self.requests {
            match &pending.request.origin {
                Origin::Command { .. } => wanted.commands.push(pending.request.command),
                Origin::Reaction { reactor, source, .. } => {
                    wanted.inbox.push((reactor.clone(), source.clone()))
                }
                Origin::Inner => {}
            }
            wanted.claims.extend(pending.reads.claims.iter().cloned());
            wanted.views.extend(pending.reads.views.iter().cloned());
            for read in &pending.reads.streams {
                streams.entry(read.stream.clone()).or_insert_with(|| read.clone());
            }
            for (stream, _) in &pending.request.expected {
                if !streams.contains_key(stream) {
                    tracing::debug!(%stream, "a request expects a version of a stream that its decision does not read");
                }
            }
        }
        (wanted, streams)
    }

    /// Sends all callers their outcomes. `kept`: whether each note was kept.
    pub(crate) fn answer(self, outcomes: Vec<Result<Outcome, WriteError>>, kept: Vec<bool>) {
        for (pending, outcome) in self.requests.into_iter().zip(outcomes) {
            for reply in pending.replies {
                send(reply, outcome.clone());
            }
        }
        for ((_, reply), kept) in self.notes.into_iter().zip(kept) {
            send(reply, if kept { Ok(()) } else { Err(WriteError::Overtaken) });
        }
    }

    /// Sends all callers the error.
    pub(crate) fn fail(self, error: &WriteError) {
        for reply in self.requests.into_iter().flat_map(|pending| pending.replies) {
            send(reply, Err(error.clone()));
        }
        self.notes.into_iter().for_each(|(_, reply)| send(reply, Err(error.clone())));
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

/// A caller may have stopped waiting.
fn send<T>(reply: oneshot::Sender<T>, outcome: T) {
    drop(reply.send(outcome));
}

/// Whether the commands of a round are looked up in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LedgerLookup {
    /// Only if other facts are looked up anyway, because the log refuses a second answer to a command.
    Opportunistic,
    Always,
}

impl LedgerLookup {
    /// Whether the commands in `wanted` are looked up.
    pub(crate) fn covers(self, wanted: &Wanted) -> bool {
        self == Self::Always || !wanted.is_only_commands() || wanted.commands.is_empty()
    }

    /// The facts to look up, and the head that they belong to: `head` if there is nothing to look up.
    pub(crate) async fn facts(
        self,
        log: &Arc<dyn Log>,
        wanted: &Wanted,
        head: Head,
    ) -> Result<(Head, Facts), LogError> {
        if wanted.is_empty() || !self.covers(wanted) {
            Ok((head, Facts::default()))
        } else {
            log.facts(wanted).await
        }
    }
}
