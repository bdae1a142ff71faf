//! Decides the requests of a batch one after another. Each sees the changes of those before it.

use std::collections::BTreeMap;
use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use decider::{AnyEvent, Changes, DecisionError, Refusal, Seen};
use schemas::{Context, Envelope, EventId, StreamId, Timestamp};

use super::Note;
use super::round::{PendingRequest, Round};
use super::state_cache::StreamState;
use crate::chain;
use crate::port::{Batch, Facts, Handled, Head, LedgerEntry, StoredEvent, Write};
use crate::request::{Expected, Origin, Outcome, Request, Verdict, WriteError};

/// A decided round: the batch to commit, and the answers to send afterwards.
pub(super) struct Decided {
    pub batch: BatchBuilder,
    pub answers: Answers,
    /// Whether all its commands were looked up in the ledger.
    pub looked_up: bool,
}

#[derive(Default)]
pub(super) struct Answers {
    outcomes: Vec<Result<Outcome, WriteError>>,
    /// Whether each note is kept.
    kept: Vec<bool>,
}

impl Answers {
    /// Answers all callers of the round, if they have no answer yet.
    pub(crate) fn send(&mut self, round: &mut Option<Round>) {
        if let Some(round) = round.take() {
            round.answer(take(&mut self.outcomes), take(&mut self.kept));
        }
    }
}

impl Decided {
    pub(crate) fn new(batch: BatchBuilder) -> Self {
        Self { batch, answers: Answers::default(), looked_up: true }
    }

    /// Decides another round, with the facts and states that were loaded for it.
    pub(crate) fn add(
        &mut self,
        round: &Round,
        looked_up: bool,
        facts: Facts,
        loaded: BTreeMap<StreamId, Loaded>,
    ) {
        self.looked_up &= looked_up;
        let batch = &mut self.batch;
        batch.load(facts, loaded);
        self.answers.outcomes.extend(round.requests.iter().map(|pending| batch.decide(pending)));
        self.answers.kept.extend(round.notes.iter().map(|(note, _)| batch.keep(note)));
    }

    /// Whether a request failed, or was refused without a record, that may have an answer in the ledger, from before it
    /// could no longer be decided.
    pub(crate) fn is_uncertain(&self) -> bool {
        let unrecorded = |outcome: &Result<Outcome, WriteError>| match outcome {
            Ok(Outcome { verdict: Verdict::Refused { refusal }, .. }) => refusal.retryable,
            Ok(_) => false,
            Err(_) => true,
        };
        !self.looked_up && self.answers.outcomes.iter().any(unrecorded)
    }
}

/// A stream's state, or why it cannot be read.
type Loaded = Result<StreamState, String>;

/// The changes of a request, the new versions of the streams that it writes, and its number of events.
type Recorded = (Write, Vec<(StreamId, u64)>, u32);

/// A batch that requests are added to.
pub(super) struct BatchBuilder {
    context: Context,
    pub base: Head,
    pub changes: Batch,
    /// The streams that this batch changes, as they are after it.
    pub states: BTreeMap<StreamId, StreamState>,
    loaded: BTreeMap<StreamId, Loaded>,
    facts: Facts,
    position: u64,
    hash: [u8; 32],
    /// The time of the decisions.
    pub now: Timestamp,
    /// The time of the last event of the log and this batch. The next one is never earlier, whatever the clock says.
    pub latest: Timestamp,
}

impl BatchBuilder {
    /// `latest`: the time of the last event at `base`.
    pub(crate) fn new(context: Context, base: Head, now: Timestamp, latest: Timestamp) -> Self {
        Self {
            context,
            base,
            changes: Batch::default(),
            states: BTreeMap::new(),
            loaded: BTreeMap::new(),
            facts: Facts::default(),
            position: base.position,
            hash: base.hash,
            now,
            latest,
        }
    }

    /// Adds facts and states for the next requests. They are from before this batch, and contain nothing that the batch
    /// has changed.
    fn load(&mut self, facts: Facts, loaded: BTreeMap<StreamId, Loaded>) {
        self.facts.ledger.extend(facts.ledger);
        self.facts.inbox.extend(facts.inbox);
        self.facts.claims.extend(facts.claims);
        self.facts.views.extend(facts.views);
        self.facts.groups.extend(facts.groups);
        self.loaded.extend(loaded);
    }

    /// The head after this batch.
    pub(crate) fn head(&self) -> Head {
        Head {
            position: self.position,
            hash: self.hash,
            revision: self.base.revision + 1,
            epoch: self.base.epoch,
        }
    }

    /// Whether a stream's state is loaded.
    pub(crate) fn knows(&self, stream: &StreamId) -> bool {
        self.states.contains_key(stream) || self.loaded.contains_key(stream)
    }

    /// All streams that were read or written, as they are after this batch.
    pub(crate) fn into_states(self) -> impl Iterator<Item = (StreamId, StreamState)> {
        let loaded = self.loaded.into_iter().filter_map(|(stream, known)| Some((stream, known.ok()?)));
        loaded.chain(self.states)
    }

    pub(crate) fn is_empty(&self) -> bool {
        let batch = &self.changes;
        batch.writes.is_empty()
            && batch.views.is_empty()
            && batch.positions.is_empty()
            && batch.starts.is_empty()
    }

    /// Adds a consumer's note; `false` if another member of the group has moved on from the positions that it
    /// expects.
    pub(crate) fn keep(&mut self, note: &Note) -> bool {
        let is_current = |(group, partition, at): &(String, String, u64)| {
            let kept = self.facts.groups.get(group).and_then(|positions| positions.get(partition));
            kept.copied().unwrap_or(0) == *at
        };
        if !note.only_at.iter().all(is_current) {
            return false;
        }
        self.changes.positions.extend(note.positions.iter().cloned());
        self.changes.views.extend(note.views.iter().cloned());
        self.changes.starts.extend(note.starts.iter().cloned());
        true
    }

    pub(crate) fn decide(&mut self, pending: &PendingRequest) -> Result<Outcome, WriteError> {
        let request = &pending.request;
        if let Some(known) = self.known(request)? {
            self.settle_parking(request);
            return Ok(known);
        }
        let conflict =
            request.expected.iter().find_map(|(stream, expected)| self.conflict(stream, *expected));
        if let Some(verdict) = conflict {
            return self.conclude(request, verdict, Write::default());
        }
        let seen = self.seen(pending)?;
        let decided =
            catch_unwind(AssertUnwindSafe(|| decider::decide(request.decision.as_ref(), &seen, self.now)));
        drop(seen);
        match decided {
            Ok(Ok(changes)) => {
                let (write, mut versions, appended) = self.record(request, &changes)?;
                for read in &pending.reads.streams {
                    if !versions.iter().any(|(stream, _)| *stream == read.stream) {
                        versions.push((read.stream.clone(), self.version(&read.stream)));
                    }
                }
                self.conclude(request, Verdict::Done { versions, appended, answer: changes.answer }, write)
            }
            Ok(Err(DecisionError::Refused(refusal))) => self.refused(request, refusal),
            Ok(Err(DecisionError::Fault(fault))) => Err(WriteError::Failed(fault.to_string())),
            Err(_) => Err(WriteError::Failed("the decision panicked".to_owned())),
        }
    }

    /// A refused reaction stays unhandled, so that the reactor can try it again or park it. A refusal that may pass by itself
    /// is not kept, so that the same command can succeed.
    fn refused(&mut self, request: &Request, refusal: Refusal) -> Result<Outcome, WriteError> {
        match request.origin {
            Origin::Command { .. } if !refusal.retryable => {
                self.conclude(request, Verdict::Refused { refusal }, Write::default())
            }
            _ => Ok(Outcome { verdict: Verdict::Refused { refusal }, replayed: false }),
        }
    }

    /// The first answer, if the request was answered before.
    fn known(&self, request: &Request) -> Result<Option<Outcome>, WriteError> {
        match &request.origin {
            Origin::Command { fingerprint } => {
                let Some(entry) = self.facts.ledger.get(&request.command) else { return Ok(None) };
                if entry.fingerprint != *fingerprint {
                    return Err(WriteError::KeyReused);
                }
                let verdict = serde_json::from_str(&entry.answer).map_err(|error| {
                    WriteError::Failed(format!("could not read the ledger's answer: {error}"))
                })?;
                Ok(Some(Outcome { verdict, replayed: true }))
            }
            Origin::Reaction { reactor, source, event } => {
                let handled = self.facts.inbox.get(&(reactor.clone(), source.clone()));
                let again = handled.is_some_and(|handled| handled.version >= event.version);
                let verdict = Verdict::Done { versions: Vec::new(), appended: 0, answer: None };
                Ok(again.then_some(Outcome { verdict, replayed: true }))
            }
            Origin::Inner => Ok(None),
        }
    }

    /// A handled record can be parked nevertheless: it was redelivered while its stream was parked. When it
    /// is tried again and turns out to be handled, it must be unparked.
    fn settle_parking(&mut self, request: &Request) {
        if matches!(request.origin, Origin::Reaction { .. }) && !request.parking.is_empty() {
            self.changes.writes.push(Write { parking: request.parking.clone(), ..Write::default() });
        }
    }

    fn conflict(&self, stream: &StreamId, expected: Expected) -> Option<Verdict> {
        let version = self.version(stream);
        let matches = match expected {
            Expected::Any => true,
            Expected::NoStream => version == 0,
            Expected::Exact(exactly) => version == exactly,
        };
        (!matches).then(|| Verdict::Conflict { stream: stream.clone(), version })
    }

    fn version(&self, stream: &StreamId) -> u64 {
        self.current(stream).map_or(0, |known| known.version)
    }

    fn current(&self, stream: &StreamId) -> Option<&StreamState> {
        self.states.get(stream).or_else(|| self.loaded.get(stream).and_then(|loaded| loaded.as_ref().ok()))
    }

    fn seen(&self, pending: &PendingRequest) -> Result<Seen, WriteError> {
        let mut seen = Seen::at(self.position + 1);
        for read in &pending.reads.streams {
            if let Some(Err(problem)) = self.loaded.get(&read.stream) {
                return Err(WriteError::Failed(problem.clone()));
            }
            if let Some(known) = self.current(&read.stream) {
                seen.add_stream(read.stream.clone(), known.version, Arc::clone(&known.state));
            }
        }
        for key in &pending.reads.views {
            seen.add_view(key.clone(), self.facts.views.get(key).cloned());
        }
        for claim in &pending.reads.claims {
            seen.add_claim(claim.clone(), self.facts.claims.get(claim).cloned());
        }
        Ok(seen)
    }

    /// Turns decided changes into stored events, and applies them to the batch's view of the log. A failure
    /// changes nothing.
    fn record(&mut self, request: &Request, changes: &Changes) -> Result<Recorded, WriteError> {
        let payloads: Vec<String> = changes
            .events
            .iter()
            .map(|(_, event)| event.encode(&request.actor))
            .collect::<Result<_, _>>()
            .map_err(|error| WriteError::Failed(error.to_string()))?;
        if let Some((stream, _)) = changes.events.iter().find(|(stream, _)| self.current(stream).is_none()) {
            return Err(WriteError::Failed(format!("{stream} is written but was not read")));
        }
        // Each written stream, and whether it had a deadline.
        let mut written: Vec<(StreamId, bool)> = Vec::new();
        let mut write = Write { parking: request.parking.clone(), ..Write::default() };
        for (i, ((stream, event), payload)) in changes.events.iter().zip(payloads).enumerate() {
            if !written.iter().any(|(known, _)| known == stream) {
                let had_one = self.current(stream).is_some_and(|known| known.state.deadline().is_some());
                written.push((stream.clone(), had_one));
            }
            write.events.extend(self.store(request, i, stream, event.as_ref(), payload));
        }
        let mut versions = Vec::new();
        for (stream, had_one) in written {
            let Some(known) = self.states.get(&stream) else { continue };
            let deadline = known.state.deadline().map(|deadline| (deadline.kind.to_owned(), deadline.at));
            if had_one || deadline.is_some() {
                write.deadlines.push((stream.clone(), known.version, deadline));
            }
            versions.push((stream, known.version));
        }
        for (claim, stream) in &changes.claimed {
            self.facts.claims.insert(claim.clone(), stream.clone());
            write.claimed.push((claim.clone(), stream.clone()));
        }
        for claim in &changes.released {
            self.facts.claims.remove(claim);
            write.released.push(claim.clone());
        }
        let appended = u32::try_from(write.events.len()).unwrap_or(u32::MAX);
        Ok((write, versions, appended))
    }

    fn store(
        &mut self,
        request: &Request,
        index: usize,
        stream: &StreamId,
        event: &dyn AnyEvent,
        payload: String,
    ) -> Option<StoredEvent> {
        let mut known = self.states.remove(stream).or_else(|| self.current(stream).cloned())?;
        self.latest = self.now.max(self.latest);
        match Arc::get_mut(&mut known.state) {
            Some(state) => state.evolve_new(event, self.latest),
            None => {
                let mut state = known.state.boxed();
                state.evolve_new(event, self.latest);
                known.state = Arc::from(state);
            }
        }
        known.version += 1;
        self.position += 1;
        let mut envelope = Envelope {
            id: EventId::derived(&[&request.command.to_string(), &index.to_string()]),
            stream: stream.clone(),
            version: known.version,
            context: self.context,
            position: self.position,
            epoch: self.base.epoch,
            name: event.name().to_owned(),
            type_version: event.version(),
            time: self.latest,
            correlation: request.correlation,
            causation: request.causation,
            traceparent: request.traceparent.clone(),
            hash: String::new(),
        };
        self.states.insert(stream.clone(), known);
        self.hash = chain::link(&self.hash, &envelope, &payload);
        envelope.hash = chain::to_hex(&self.hash);
        Some(StoredEvent { envelope: Arc::new(envelope), payload: payload.into() })
    }

    /// Adds the ledger or inbox entry by which a repetition is recognised, and queues the write.
    fn conclude(
        &mut self,
        request: &Request,
        verdict: Verdict,
        mut write: Write,
    ) -> Result<Outcome, WriteError> {
        match &request.origin {
            Origin::Command { fingerprint } => {
                let answer =
                    serde_json::to_string(&verdict).map_err(|error| WriteError::Failed(error.to_string()))?;
                let entry =
                    LedgerEntry { command: request.command, fingerprint: *fingerprint, answer, at: self.now };
                self.facts.ledger.insert(request.command, entry.clone());
                write.ledger = Some(entry);
            }
            Origin::Reaction { reactor, source, event } => {
                let handled = Handled { version: event.version, event: event.event };
                self.facts.inbox.insert((reactor.clone(), source.clone()), handled);
                write.inbox = Some((reactor.clone(), source.clone(), handled));
            }
            Origin::Inner if write.events.is_empty() && write.parking.is_empty() => {
                return Ok(Outcome { verdict, replayed: false });
            }
            Origin::Inner => {}
        }
        self.changes.writes.push(write);
        Ok(Outcome { verdict, replayed: false })
    }
}
