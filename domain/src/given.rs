//! Given what happened, when something is asked, then this happens: how the rules are tested.
//!
//! ```text
//! given::<Stock>(sku.stock_stream(), [opened(), received(10)])
//!     .when(&ReceiveStock { .. })
//!     .then(&[StockEvent::from(..)])
//!     .again()
//!     .nothing();
//! ```
//! A decision sees only what its `reads` ask for, as in the context's writer, so that a forgotten read fails its test.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use schemas::{EventSet, StreamId, Timestamp};
use serde::Serialize;

use crate::{Aggregate, AnyState, Changes, Claim, ClaimKind, Decision, Refusal, Seen, ViewKey};

/// The time in tests that do not care: 2026-03-01T12:00:00Z.
pub fn noon() -> Timestamp {
    Timestamp::from_millis(1_772_366_400_000)
}

/// A context in which `events` have happened to one stream.
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

/// What has happened in a context before somebody asks for something.
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
    /// And these have happened to another stream.
    #[must_use]
    pub fn and<A: Aggregate>(mut self, stream: StreamId, events: impl IntoIterator<Item = A::Event>) -> Self {
        let initial = || crate::Reads::stream::<A>(stream.clone()).streams.remove(0);
        let (version, state) =
            self.streams.entry(stream.clone()).or_insert_with(|| (0, (initial().initial)()));
        for event in events {
            state.evolve_new(&event);
            *version += 1;
            self.written += 1;
        }
        self
    }

    /// And this stands in a local view.
    #[must_use]
    pub fn and_view(mut self, key: ViewKey, entry: impl Serialize) -> Self {
        let entry = serde_json::to_value(entry).expect("a view's entry is JSON");
        self.views.insert(key, Arc::new(entry));
        self
    }

    /// And a stream holds this claim.
    #[must_use]
    pub fn and_claimed(mut self, kind: ClaimKind, value: &str, holder: &StreamId) -> Self {
        self.claims.insert(Claim { kind, value: value.to_owned() }, holder.clone());
        self
    }

    /// And it is now this late. [`noon`] where it is not said.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// Decides, and lets happen what was decided.
    pub fn run(&mut self, decision: &dyn Decision) -> Result<Changes, Refusal> {
        let changes = decision.decide(&self.seen(decision), self.now)?;
        self.happen(decision, &changes);
        Ok(changes)
    }

    /// The state of a stream; its initial state when nothing happened to it.
    pub fn state<A: Aggregate>(&self, stream: &StreamId) -> A {
        let state = self.streams.get(stream).and_then(|(_, state)| state.as_any().downcast_ref::<A>());
        state.cloned().unwrap_or_default()
    }

    /// Asks for something. A refusal is looked at with [`Then::refused`].
    pub fn when<'d>(&self, decision: &'d dyn Decision) -> Then<'d> {
        let mut given = self.clone();
        let outcome = given.run(decision);
        Then { decision, given, outcome }
    }

    fn seen(&self, decision: &dyn Decision) -> Seen {
        let reads = decision.reads();
        let mut seen = Seen { next_position: self.written + 1, ..Seen::default() };
        for read in reads.streams {
            let (version, state) = match self.streams.get(&read.stream) {
                Some((version, state)) => (*version, state.boxed()),
                None => (0, (read.initial)()),
            };
            seen.streams.insert(read.stream, (version, Arc::from(state)));
        }
        for key in reads.views {
            if let Some(entry) = self.views.get(&key) {
                seen.views.insert(key, entry.clone());
            }
        }
        for claim in reads.claims {
            if let Some(holder) = self.claims.get(&claim) {
                seen.claims.insert(claim, holder.clone());
            }
        }
        seen
    }

    fn happen(&mut self, decision: &dyn Decision, changes: &Changes) {
        let mut initials: BTreeMap<_, _> =
            decision.reads().streams.into_iter().map(|read| (read.stream, read.initial)).collect();
        for (stream, event) in &changes.events {
            let initial = initials.remove(stream);
            if !self.streams.contains_key(stream) {
                let initial = initial.unwrap_or_else(|| panic!("{stream} was written and not read"));
                self.streams.insert(stream.clone(), (0, initial()));
            }
            if let Some((version, state)) = self.streams.get_mut(stream) {
                state.evolve_new(event.as_ref());
                *version += 1;
                self.written += 1;
            }
        }
        for claim in &changes.released {
            self.claims.remove(claim);
        }
        for (claim, holder) in &changes.claimed {
            let before = self.claims.insert(claim.clone(), holder.clone());
            assert!(before.is_none_or(|before| before == *holder), "{claim:?} was held by somebody else");
        }
    }
}

/// What came of it.
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
        assert_eq!(changes.events.len(), expected.len(), "there are others beside them: {:?}", told(changes));
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
        assert_eq!(changes.events.len(), count, "{:?}", told(changes));
        self
    }

    /// It is accepted and there is nothing to do.
    pub fn nothing(self) -> Self {
        let changes = self.accepted();
        assert!(changes.events.is_empty(), "something happened: {:?}", told(changes));
        assert!(
            changes.claimed.is_empty() && changes.released.is_empty(),
            "a claim moved although nothing happened"
        );
        self
    }

    /// It is refused with this code; nothing happens.
    pub fn refused(self, code: &str) -> Refusal {
        match self.outcome {
            Err(refusal) => {
                assert_eq!(refusal.code, code, "{refusal:?}");
                refusal
            }
            Ok(changes) => panic!("it was not refused: {:?}", told(&changes)),
        }
    }

    /// Asks for the same once more, after what came of it has happened.
    pub fn again(self) -> Self {
        self.accepted();
        self.given.when(self.decision)
    }

    /// Everything that was decided.
    pub fn changes(self) -> Changes {
        self.accepted();
        self.outcome.unwrap_or_default()
    }

    /// The context after it.
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
fn told(changes: &Changes) -> Vec<String> {
    changes
        .events
        .iter()
        .map(|(stream, event)| format!("{stream}: {} ({})", event.name(), event.summary()))
        .collect()
}
