//! Decisions: from what is seen to what changes.

use crate::{Aggregate, Changes, Draft, Fault, Reads, Refusal, Seen, StreamId, Timestamp};

/// The rule of a command or of a reaction. A context's writer loads what it reads, runs it with [`decide`] and appends.
///
/// A decision on one stream implements [`StreamDecision`] instead.
pub trait Decision: Send + Sync {
    /// Everything that it reads. Always the same for the same decision.
    fn reads(&self) -> Reads;

    /// What is to be appended; no events where there is nothing to do. Pure: the same `seen` and `now` give the same changes.
    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal>;
}

/// A decision that reads and writes one stream.
pub trait StreamDecision: Send + Sync {
    /// What the stream is.
    type Aggregate: Aggregate;

    /// The stream. Always the same for the same decision.
    fn stream(&self) -> StreamId;

    /// Appends to the draft; appends nothing where there is nothing to do. A refusal discards the draft.
    fn decide(&self, draft: &mut Draft<'_, Self::Aggregate>) -> Result<(), Refusal>;
}

impl<T: StreamDecision> Decision for T {
    fn reads(&self) -> Reads {
        Reads::stream::<T::Aggregate>(self.stream())
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        let mut draft = Draft::of(seen, self.stream(), now);
        StreamDecision::decide(self, &mut draft)?;
        Ok(draft.changes())
    }
}

/// Decides that there is nothing to do; for requests that only carry something else.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

impl Decision for Nothing {
    fn reads(&self) -> Reads {
        Reads::default()
    }

    fn decide(&self, _seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        Ok(Changes::none())
    }
}

/// Why a decision yields no changes.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DecisionError {
    /// The rules refuse it: an answer to the caller.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The program is wrong, so nothing follows from the decision.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Runs a decision. A fault takes precedence over whatever the decision returned, because it decided on a default.
pub fn decide(decision: &dyn Decision, seen: &Seen, now: Timestamp) -> Result<Changes, DecisionError> {
    let decided = decision.decide(seen, now);
    match seen.first_fault() {
        Some(fault) => Err(fault.clone().into()),
        None => Ok(decided?),
    }
}
