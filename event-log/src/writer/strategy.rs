//! How a batch is committed: optimistically against the last known head, or under a lock on the head. A single writer
//! need not read the head. If another process writes as much, a writer that loses a race needs an extra read and
//! would lose again. So after a loss it locks the head for some batches, which makes access fair. Nor does a writer
//! look up whether a command is new, because the log refuses a second answer to a command. It looks up commands only
//! after such a refusal, and then for a while, because retries come in bursts.

use super::round::LedgerLookup;

/// Batches that lock the head after the first lost race.
const FEW: u32 = 4;
/// The most batches that lock the head after one lost race.
const MANY: u32 = 64;

/// Chooses how the next batch is committed.
#[derive(Debug)]
pub(super) struct CommitStrategy {
    /// Batches that are still to lock the head.
    locked: u32,
    /// Batches that will lock the head after the next lost race.
    next: u32,
    /// Batches since the last lost race, up to [`MANY`].
    undisturbed: u32,
    /// Batches that are still to look their commands up.
    lookups: u32,
}

impl CommitStrategy {
    pub(super) fn new() -> Self {
        Self { locked: 0, next: FEW, undisturbed: 0, lookups: 0 }
    }

    /// Whether the next batch locks the head.
    pub(super) fn locks_head(&self) -> bool {
        self.locked > 0
    }

    /// How the commands of the next batch are looked up.
    pub(super) fn ledger_lookup(&self) -> LedgerLookup {
        if self.lookups > 0 { LedgerLookup::Always } else { LedgerLookup::Opportunistic }
    }

    /// A repeated command had an answer.
    pub(super) fn repeated(&mut self) {
        self.lookups = MANY;
    }

    /// Another process moved the head first.
    pub(super) fn overtaken(&mut self) {
        if self.locked == 0 {
            self.locked = self.next;
            self.next = (2 * self.next).min(MANY);
        }
        self.undisturbed = 0;
    }

    /// A batch was committed.
    pub(super) fn committed(&mut self) {
        self.lookups = self.lookups.saturating_sub(1);
        if self.locked > 0 {
            self.locked -= 1;
            return;
        }
        self.undisturbed = (self.undisturbed + 1).min(MANY);
        if self.undisturbed == MANY {
            self.next = FEW;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked_batches(strategy: &mut CommitStrategy) -> u32 {
        let mut batches = 0;
        while strategy.locks_head() {
            strategy.committed();
            batches += 1;
        }
        batches
    }

    #[test]
    fn repeated_losses_lock_the_head_for_more_and_more_batches() {
        let mut strategy = CommitStrategy::new();
        assert!(!strategy.locks_head());
        let mut locked = Vec::new();
        for _ in 0..6 {
            strategy.overtaken();
            locked.push(locked_batches(&mut strategy));
            strategy.committed();
        }
        assert_eq!(locked, [4, 8, 16, 32, 64, 64]);
    }

    #[test]
    fn a_long_time_without_a_loss_resets_the_number_of_locked_batches() {
        let mut strategy = CommitStrategy::new();
        strategy.overtaken();
        locked_batches(&mut strategy);
        (0..MANY).for_each(|_| strategy.committed());
        strategy.overtaken();
        assert_eq!(locked_batches(&mut strategy), FEW);
    }
}
