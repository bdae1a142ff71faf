//! What a decision reads.

use crate::aggregate::initial;
use crate::{Aggregate, AnyState, Claim, ClaimKind, StreamId, ViewKey};

/// A stream to read, and the state that its events are folded into.
#[derive(Clone)]
pub struct StreamRead {
    /// The stream.
    pub stream: StreamId,
    /// Its state before the first event.
    pub initial: fn() -> Box<dyn AnyState>,
}

/// Everything that a decision reads.
#[derive(Clone, Default)]
pub struct Reads {
    /// Streams of the context, each once.
    pub streams: Vec<StreamRead>,
    /// Entries of the context's local views, each once.
    pub views: Vec<ViewKey>,
    /// Claims whose holders it needs to know.
    pub claims: Vec<Claim>,
}

impl Reads {
    /// Reads one stream.
    pub fn stream<A: Aggregate>(stream: StreamId) -> Self {
        Self::default().and::<A>(stream)
    }

    /// Reads another stream; naming a stream twice reads it once.
    #[must_use]
    pub fn and<A: Aggregate>(mut self, stream: StreamId) -> Self {
        if !self.streams.iter().any(|read| read.stream == stream) {
            self.streams.push(StreamRead { stream, initial: initial::<A> });
        }
        self
    }

    /// Reads an entry of a local view.
    #[must_use]
    pub fn and_view(mut self, key: ViewKey) -> Self {
        if !self.views.contains(&key) {
            self.views.push(key);
        }
        self
    }

    /// Reads the holder of a claim.
    #[must_use]
    pub fn and_claim(mut self, kind: ClaimKind, value: impl Into<String>) -> Self {
        self.claims.push(Claim { kind, value: value.into() });
        self
    }
}
