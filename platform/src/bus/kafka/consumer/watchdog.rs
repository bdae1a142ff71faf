//! Finds partitions from which nothing comes although they hold more.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use super::lanes::Place;
use super::member::Fetched;
use crate::bus::Partition;

/// How often the client reports.
pub(super) const INTERVAL: Duration = Duration::from_secs(2);
/// Nothing for so long is a stall.
const STALL: Duration = Duration::from_secs(10);

/// Remembers since when fetching stands still.
#[derive(Default)]
pub(super) struct Watchdog(HashMap<Partition, Still>);

#[derive(Clone, Copy)]
struct Still {
    at: u64,
    since: Instant,
}

impl Watchdog {
    /// Partitions that stall, and the offset to fetch from anew. `ends` is asked only about those in question: it says
    /// where committed records end.
    pub(super) fn look(
        &mut self,
        fetched: &HashMap<Partition, Fetched>,
        places: &BTreeMap<Partition, Place>,
        ends: impl FnOnce(&[Partition]) -> Vec<(Partition, u64)>,
    ) -> Vec<(Partition, u64)> {
        self.look_at(Instant::now(), fetched, places, ends)
    }

    fn look_at(
        &mut self,
        now: Instant,
        fetched: &HashMap<Partition, Fetched>,
        places: &BTreeMap<Partition, Place>,
        ends: impl FnOnce(&[Partition]) -> Vec<(Partition, u64)>,
    ) -> Vec<(Partition, u64)> {
        // What waits for the owner is no stall.
        let idle = |partition: &Partition| fetched.get(partition).filter(|fetched| fetched.waiting == 0);
        self.0.retain(|partition, still| {
            places.contains_key(partition) && idle(partition).is_some_and(|f| f.next == still.at)
        });
        let mut suspects = Vec::new();
        for (partition, place) in places {
            let Some(fetched) = idle(partition) else { continue };
            let still = self.0.entry(*partition).or_insert(Still { at: fetched.next, since: now });
            let since = still.since.max(place.taken_at);
            if now.saturating_duration_since(since) >= STALL {
                suspects.push(*partition);
            }
        }
        if suspects.is_empty() {
            return Vec::new();
        }
        let mut stalled = Vec::new();
        for (partition, end) in ends(&suspects) {
            let (Some(place), Some(still)) = (places.get(&partition), self.0.get_mut(&partition)) else {
                continue;
            };
            // Asked again after the same time, whatever comes of it now.
            still.since = now;
            if still.at < end {
                stalled.push((partition, place.next));
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
            let place = Place { next: fetched.next, taken_at: begin + Duration::from_secs(taken) };
            let (fetched, places) =
                (HashMap::from([(PARTITION, fetched)]), BTreeMap::from([(PARTITION, place)]));
            let stalled = watchdog.look_at(now, &fetched, &places, |_| vec![(PARTITION, end)]);
            if !stalled.is_empty() {
                assert_eq!(stalled, [(PARTITION, place.next)]);
                seen.push(second);
            }
        }
        seen
    }

    #[test]
    fn a_partition_that_stands_still_before_its_end_is_found_after_ten_seconds_and_again() {
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
