//! Finds partitions whose fetch has stalled with records remaining.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use platform::bus::Partition;

use super::assignment::Cursor;
use super::member::Fetched;

/// Interval of the client's statistics.
pub(super) const INTERVAL: Duration = Duration::from_secs(2);
/// A fetch without progress for this long has stalled.
const STALL: Duration = Duration::from_secs(10);

/// Remembers since when each fetch has made no progress.
#[derive(Default)]
pub(super) struct Watchdog(HashMap<Partition, Idle>);

#[derive(Clone, Copy)]
struct Idle {
    at: u64,
    since: Instant,
}

impl Watchdog {
    /// Stalled partitions, each with the offset to restart from. `ends` returns where committed records end; it is called only
    /// for partitions that may have stalled.
    pub(super) fn check(
        &mut self,
        fetched: &HashMap<Partition, Fetched>,
        cursors: &BTreeMap<Partition, Cursor>,
        ends: impl FnOnce(&[Partition]) -> Vec<(Partition, u64)>,
    ) -> Vec<(Partition, u64)> {
        self.check_at(Instant::now(), fetched, cursors, ends)
    }

    fn check_at(
        &mut self,
        now: Instant,
        fetched: &HashMap<Partition, Fetched>,
        cursors: &BTreeMap<Partition, Cursor>,
        ends: impl FnOnce(&[Partition]) -> Vec<(Partition, u64)>,
    ) -> Vec<(Partition, u64)> {
        // A partition whose records wait for the owner has not stalled.
        let idle = |partition: &Partition| fetched.get(partition).filter(|fetched| fetched.waiting == 0);
        self.0.retain(|partition, known| {
            cursors.contains_key(partition) && idle(partition).is_some_and(|f| f.next == known.at)
        });
        let mut suspects = Vec::new();
        for (partition, cursor) in cursors {
            let Some(fetched) = idle(partition) else { continue };
            let known = self.0.entry(*partition).or_insert(Idle { at: fetched.next, since: now });
            let since = known.since.max(cursor.taken_at);
            if now.saturating_duration_since(since) >= STALL {
                suspects.push(*partition);
            }
        }
        if suspects.is_empty() {
            return Vec::new();
        }
        let mut stalled = Vec::new();
        for (partition, end) in ends(&suspects) {
            let (Some(cursor), Some(known)) = (cursors.get(&partition), self.0.get_mut(&partition)) else {
                continue;
            };
            // Checked again after the same time, whatever the result.
            known.since = now;
            if known.at < end {
                stalled.push((partition, cursor.next));
            }
        }
        stalled
    }
}

#[cfg(test)]
mod tests {
    use schemas::Topic;

    use super::*;

    const PARTITION: Partition = Partition { topic: Topic::ORDER, number: 3 };
    const NONE: [u64; 0] = [];

    /// Looks every two seconds for half a minute; answers at which seconds a stall was seen.
    fn stalls(state: impl Fn(u64) -> (Fetched, u64), end: u64) -> Vec<u64> {
        let (begin, mut watchdog) = (Instant::now(), Watchdog::default());
        let mut seen = Vec::new();
        for second in (0..30).step_by(2) {
            let now = begin + Duration::from_secs(second);
            let (fetched, taken) = state(second);
            let cursor = Cursor { next: fetched.next, taken_at: begin + Duration::from_secs(taken) };
            let (fetched, cursors) =
                (HashMap::from([(PARTITION, fetched)]), BTreeMap::from([(PARTITION, cursor)]));
            let stalled = watchdog.check_at(now, &fetched, &cursors, |_| vec![(PARTITION, end)]);
            if !stalled.is_empty() {
                assert_eq!(stalled, [(PARTITION, cursor.next)]);
                seen.push(second);
            }
        }
        seen
    }

    #[test]
    fn a_partition_without_progress_before_its_end_is_reported_every_ten_seconds() {
        assert_eq!(stalls(|_| (Fetched { next: 7, waiting: 0 }, 0), 9), [10, 20]);
    }

    #[test]
    fn what_is_at_its_end_or_moves_or_waits_for_the_owner_is_no_stall() {
        assert_eq!(stalls(|_| (Fetched { next: 9, waiting: 0 }, 0), 9), NONE, "at its end");
        assert_eq!(stalls(|second| (Fetched { next: second, waiting: 0 }, 0), 99), NONE, "it moves");
        assert_eq!(stalls(|_| (Fetched { next: 7, waiting: 2 }, 0), 9), NONE, "the owner takes its time");
        assert_eq!(stalls(|second| (Fetched { next: 7, waiting: 0 }, second), 9), NONE, "taken just now");
    }
}
