//! Given these events, when this is decided, then these events follow: tests of decisions.
//!
//! A decision sees only what its reads declare, as in a context's writer, so a forgotten read fails its test. So does every
//! other [`Fault`](crate::Fault).

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use serde::Serialize;

use crate::aggregate::initial;
use crate::{
    Aggregate, AnyState, Changes, Claim, ClaimKind, Decision, DecisionError, EventSet, Reads, Refusal, Seen,
    StreamId, Timestamp, ViewKey, decide,
};

/// The time where a test does not say another: 2026-03-01T12:00:00Z.
pub fn noon() -> Timestamp {
    Timestamp::from_millis(1_772_366_400_000)
}

/// A context in which `events` have happened, on one stream.
pub fn given<A: Aggregate>(stream: StreamId, events: impl IntoIterator<Item = A::Event>) -> Given {
    nothing_yet().and::<A>(stream, events)
}

/// A context in which nothing has happened.
pub fn nothing_yet() -> Given {
    Given {
        streams: BTreeMap::new(),
        views: BTreeMap::new(),
        claims: BTreeMap::new(),
        written: 0,
        now: noon(),
    }
}

/// What has happened in a context before a decision.
pub struct Given {
    streams: BTreeMap<StreamId, (u64, Box<dyn AnyState>)>,
    views: BTreeMap<ViewKey, Arc<serde_json::Value>>,
    claims: BTreeMap<Claim, StreamId>,
    written: u64,
    now: Timestamp,
}

impl Clone for Given {
    fn clone(&self) -> Self {
        let streams =
            self.streams.iter().map(|(stream, (version, state))| (stream.clone(), (*version, state.boxed())));
        Self {
            streams: streams.collect(),
            views: self.views.clone(),
            claims: self.claims.clone(),
            written: self.written,
            now: self.now,
        }
    }
}

impl Given {
    /// These events have happened, too; they were recorded at the time of the decision, or the one that [`at`](Self::at)
    /// has said before.
    #[must_use]
    pub fn and<A: Aggregate>(mut self, stream: StreamId, events: impl IntoIterator<Item = A::Event>) -> Self {
        let (version, state) = self.streams.entry(stream).or_insert_with(|| (0, initial::<A>()));
        for event in events {
            state.evolve_new(&event, self.now);
            *version += 1;
            self.written += 1;
        }
        self
    }

    /// This is an entry of a local view.
    #[must_use]
    pub fn and_view(mut self, key: ViewKey, entry: impl Serialize) -> Self {
        let entry = serde_json::to_value(entry).expect("a view's entry is JSON");
        self.views.insert(key, Arc::new(entry));
        self
    }

    /// A stream holds this claim.
    #[must_use]
    pub fn and_claimed(mut self, kind: ClaimKind, value: &str, holder: &StreamId) -> Self {
        self.claims.insert(Claim { kind, value: value.to_owned() }, holder.clone());
        self
    }

    /// The time of the decision; [`noon`] by default.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// Decides, and applies the changes. Panics on a [`Fault`](crate::Fault).
    pub fn run(&mut self, decision: &dyn Decision) -> Result<Changes, Refusal> {
        let reads = decision.reads();
        match decide(decision, &self.seen(&reads), self.now) {
            Ok(changes) => {
                self.happen(reads, &changes);
                Ok(changes)
            }
            Err(DecisionError::Refused(refusal)) => Err(refusal),
            Err(DecisionError::Fault(fault)) => panic!("{fault}"),
        }
    }

    /// The state of a stream; its initial state when nothing happened to it.
    pub fn state<A: Aggregate>(&self, stream: &StreamId) -> A {
        let state = self.streams.get(stream).and_then(|(_, state)| state.as_any().downcast_ref::<A>());
        state.cloned().unwrap_or_default()
    }

    /// Decides. [`Then::refused`] expects a refusal.
    pub fn when<'d>(&self, decision: &'d dyn Decision) -> Then<'d> {
        let mut given = self.clone();
        let outcome = given.run(decision);
        Then { decision, given, outcome }
    }

    fn seen(&self, reads: &Reads) -> Seen {
        let mut seen = Seen::at(self.written + 1);
        for read in &reads.streams {
            let known = self.streams.get(&read.stream).map(|(version, state)| (*version, state.boxed()));
            let (version, state) = known.unwrap_or_else(|| (0, (read.initial)()));
            seen.add_stream(read.stream.clone(), version, Arc::from(state));
        }
        for key in &reads.views {
            seen.add_view(key.clone(), self.views.get(key).cloned());
        }
        for claim in &reads.claims {
            seen.add_claim(claim.clone(), self.claims.get(claim).cloned());
        }
        seen
    }

    fn happen(&mut self, reads: Reads, changes: &Changes) {
        let mut initials: BTreeMap<_, _> =
            reads.streams.into_iter().map(|read| (read.stream, read.initial)).collect();
        for (stream, event) in &changes.events {
            let initial = initials.remove(stream);
            if !self.streams.contains_key(stream) {
                let initial = initial.unwrap_or_else(|| panic!("{stream} was written and not read"));
                self.streams.insert(stream.clone(), (0, initial()));
            }
            if let Some((version, state)) = self.streams.get_mut(stream) {
                state.evolve_new(event.as_ref(), self.now);
                *version += 1;
                self.written += 1;
            }
        }
        for claim in &changes.released {
            self.claims.remove(claim);
        }
        for (claim, holder) in &changes.claimed {
            let before = self.claims.insert(claim.clone(), holder.clone());
            assert!(before.is_none_or(|before| before == *holder), "{claim:?} was held by another stream");
        }
    }
}

/// The outcome of a decision.
pub struct Then<'d> {
    decision: &'d dyn Decision,
    given: Given,
    outcome: Result<Changes, Refusal>,
}

impl<'d> Then<'d> {
    /// Exactly these events happen, in this order, and no others.
    pub fn then<E: EventSet + PartialEq + Debug>(self, expected: &[E]) -> Self {
        let changes = self.accepted();
        assert_eq!(changes.events_of::<E>(), expected);
        assert_eq!(
            changes.events.len(),
            expected.len(),
            "there are others beside them: {:?}",
            described(changes)
        );
        self
    }

    /// Exactly these events happen to this stream, in this order; other streams are not looked at.
    pub fn on<E: EventSet + PartialEq + Debug>(self, stream: &StreamId, expected: &[E]) -> Self {
        let on_stream = self.accepted().events.iter().filter(|(on, _)| on == stream);
        let found: Vec<_> =
            on_stream.filter_map(|(_, event)| event.as_any().downcast_ref::<E>().cloned()).collect();
        assert_eq!(found, expected);
        self
    }

    /// So many events happen, on all streams.
    pub fn events(self, count: usize) -> Self {
        let changes = self.accepted();
        assert_eq!(changes.events.len(), count, "{:?}", described(changes));
        self
    }

    /// It is accepted, and nothing happens.
    pub fn nothing(self) -> Self {
        let changes = self.accepted();
        assert!(changes.events.is_empty(), "something happened: {:?}", described(changes));
        assert!(
            changes.claimed.is_empty() && changes.released.is_empty(),
            "a claim moved although nothing happened"
        );
        self
    }

    /// It is refused with this code, for good; nothing happens.
    pub fn refused(self, code: &str) -> Refusal {
        self.refused_as(code, false)
    }

    /// It is refused with this code, and the refusal is retryable; nothing happens.
    pub fn refused_for_now(self, code: &str) -> Refusal {
        self.refused_as(code, true)
    }

    fn refused_as(self, code: &str, retryable: bool) -> Refusal {
        match self.outcome {
            Err(refusal) => {
                assert_eq!((refusal.code.as_str(), refusal.retryable), (code, retryable), "{refusal:?}");
                refusal
            }
            Ok(changes) => panic!("it was not refused: {:?}", described(&changes)),
        }
    }

    /// Decides once more, after the changes of the first time.
    pub fn again(self) -> Self {
        self.accepted();
        self.given.when(self.decision)
    }

    /// Everything that was decided.
    pub fn changes(self) -> Changes {
        self.accepted();
        self.outcome.unwrap_or_default()
    }

    /// The context after the decision.
    pub fn after(self) -> Given {
        self.accepted();
        self.given
    }

    fn accepted(&self) -> &Changes {
        match &self.outcome {
            Ok(changes) => changes,
            Err(refusal) => panic!("it was refused: {refusal:?}"),
        }
    }
}

/// One line per event, for a test's failure.
fn described(changes: &Changes) -> Vec<String> {
    changes
        .events
        .iter()
        .map(|(stream, event)| format!("{stream}: {} ({})", event.name(), event.summary()))
        .collect()
}
