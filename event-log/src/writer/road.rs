//! How a batch comes to its commit: decided on the head that is known, in the hope that nobody moves it, or on one that is
//! held meanwhile.
//!
//! Alone, a writer need not ask where the log ends. Where another process writes as much, whoever has lost once begins with
//! a read more than the winner and would lose again: then the head is held, and everybody has his turn.
//!
//! Nor does it have to ask whether a command is new: the log refuses an answer to one that has an answer. Only then it asks, and
//! goes on asking for a while, because who repeats one repeats several.

/// Batches that are decided on a held head after the first time that another process was faster.
const FEW: u32 = 4;
/// … and at most.
const MANY: u32 = 64;

/// Which way the next batch goes.
#[derive(Debug)]
pub(super) struct Road {
    held: u32,
    /// How many will be held the next time.
    next: u32,
    /// Batches since then in which nobody was faster.
    undisturbed: u32,
    /// Batches before which it is still asked whether their commands were answered.
    asking: u32,
}

impl Road {
    pub(super) fn new() -> Self {
        Self { held: 0, next: FEW, undisturbed: 0, asking: 0 }
    }

    /// Whether the log is to be held.
    pub(super) fn is_held(&self) -> bool {
        self.held > 0
    }

    /// Whether commands that had been answered came again lately.
    pub(super) fn meets_repetitions(&self) -> bool {
        self.asking > 0
    }

    /// A command came again that had been answered.
    pub(super) fn repeated(&mut self) {
        self.asking = MANY;
    }

    /// Another process was faster.
    pub(super) fn overtaken(&mut self) {
        if self.held == 0 {
            self.held = self.next;
            self.next = (2 * self.next).min(MANY);
        }
        self.undisturbed = 0;
    }

    /// A batch is recorded.
    pub(super) fn recorded(&mut self) {
        self.asking = self.asking.saturating_sub(1);
        if self.held > 0 {
            self.held -= 1;
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

    fn held_for(road: &mut Road) -> u32 {
        let mut batches = 0;
        while road.is_held() {
            road.recorded();
            batches += 1;
        }
        batches
    }

    #[test]
    fn who_is_overtaken_again_and_again_holds_for_longer_and_longer() {
        let mut road = Road::new();
        assert!(!road.is_held());
        let mut held = Vec::new();
        for _ in 0..6 {
            road.overtaken();
            held.push(held_for(&mut road));
            road.recorded();
        }
        assert_eq!(held, [4, 8, 16, 32, 64, 64]);
    }

    #[test]
    fn who_was_alone_for_long_begins_anew() {
        let mut road = Road::new();
        road.overtaken();
        held_for(&mut road);
        (0..MANY).for_each(|_| road.recorded());
        road.overtaken();
        assert_eq!(held_for(&mut road), FEW);
    }
}
