//! What a decision sees: exactly what its reads declare.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Aggregate, AnyState, Claim, ClaimKind, StreamId, ViewKey};

/// What a decision sees.
///
/// Its accessors answer with a default where the decision asks for something that its reads do not declare, or that cannot be
/// decoded, so that decisions stay readable. They also record the first such [`Fault`]. [`decide`](crate::decide) then returns
/// the fault and discards the decision, so a default never reaches an event.
#[derive(Clone, Default)]
pub struct Seen {
    streams: BTreeMap<StreamId, (u64, Arc<dyn AnyState>)>,
    views: BTreeMap<ViewKey, Option<Arc<Value>>>,
    claims: BTreeMap<Claim, Option<StreamId>>,
    next_position: u64,
    fault: OnceLock<Fault>,
}

/// An error of the program: a decision asks for what it did not declare, or a local view holds what cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The stream is not among the reads.
    #[error("the decision uses stream {0}, which its reads do not declare")]
    UndeclaredStream(StreamId),
    /// The reads declare the stream with another aggregate.
    #[error("the decision uses stream {0} as another aggregate than its reads declare")]
    OtherAggregate(StreamId),
    /// The entry is not among the reads.
    #[error("the decision uses entry {key} of view {view}, which its reads do not declare", view = .0.view, key = .0.key)]
    UndeclaredView(ViewKey),
    /// The claim is not among the reads.
    #[error("the decision uses claim {kind} {value}, which its reads do not declare", kind = .0.kind.name(), value = .0.value)]
    UndeclaredClaim(Claim),
    /// The entry does not have the type that the decision expects: the view has to be rebuilt.
    #[error("entry {key} of view {view} cannot be decoded: {problem}", view = .key.view, key = .key.key)]
    UnreadableView {
        /// The entry.
        key: ViewKey,
        /// What serde found.
        problem: String,
    },
}

impl Seen {
    /// Nothing yet. `next_position` is the position in the context's log that the decision's first event will have.
    pub fn at(next_position: u64) -> Self {
        Self { next_position, ..Self::default() }
    }

    /// Adds a stream's version (0: it has no events) and state.
    pub fn add_stream(&mut self, stream: StreamId, version: u64, state: Arc<dyn AnyState>) {
        self.streams.insert(stream, (version, state));
    }

    /// Adds an entry of a local view. `None`: there is none.
    pub fn add_view(&mut self, key: ViewKey, entry: Option<Arc<Value>>) {
        self.views.insert(key, entry);
    }

    /// Adds the holder of a claim. `None`: no stream holds it.
    pub fn add_claim(&mut self, claim: Claim, holder: Option<StreamId>) {
        self.claims.insert(claim, holder);
    }

    /// The position that the decision's first event will have: unique and rising in the context's log.
    pub fn next_position(&self) -> u64 {
        self.next_position
    }

    /// A copy of the state of a stream. Records a fault, and answers the initial state, unless the reads declare it as an `A`.
    pub fn state<A: Aggregate>(&self, stream: &StreamId) -> A {
        self.state_ref(stream).cloned().unwrap_or_default()
    }

    /// The state of a stream. Records a fault, and answers `None`, unless the reads declare it as an `A`.
    pub fn state_ref<A: Aggregate>(&self, stream: &StreamId) -> Option<&A> {
        let Some((_, state)) = self.streams.get(stream) else {
            return self.fault(Fault::UndeclaredStream(stream.clone()));
        };
        let state = state.as_any().downcast_ref::<A>();
        state.or_else(|| self.fault(Fault::OtherAggregate(stream.clone())))
    }

    /// The version of a stream: 0 while it has no events. Records a fault, and answers 0, unless the reads declare it.
    pub fn version(&self, stream: &StreamId) -> u64 {
        let version = self.streams.get(stream).map(|(version, _)| *version);
        version.or_else(|| self.fault(Fault::UndeclaredStream(stream.clone()))).unwrap_or(0)
    }

    /// An entry of a local view. `None`: there is none. Records a fault, and answers `None`, unless the reads declare it and it
    /// is a `T`.
    pub fn view<T: DeserializeOwned>(&self, key: &ViewKey) -> Option<T> {
        let Some(entry) = self.views.get(key) else {
            return self.fault(Fault::UndeclaredView(key.clone()));
        };
        T::deserialize(entry.as_deref()?)
            .map_err(|error| Fault::UnreadableView { key: key.clone(), problem: error.to_string() })
            .map_or_else(|fault| self.fault(fault), Some)
    }

    /// The stream that holds a claim. `None`: no stream holds it. Records a fault, and answers `None`, unless the reads
    /// declare it.
    pub fn holder(&self, kind: ClaimKind, value: &str) -> Option<&StreamId> {
        let claim = Claim { kind, value: value.to_owned() };
        match self.claims.get(&claim) {
            Some(holder) => holder.as_ref(),
            None => self.fault(Fault::UndeclaredClaim(claim)),
        }
    }

    /// The first fault that was recorded.
    pub(crate) fn first_fault(&self) -> Option<&Fault> {
        self.fault.get()
    }

    fn fault<T>(&self, fault: Fault) -> Option<T> {
        self.fault.get_or_init(|| fault);
        None
    }
}
