//! How far a consumer is behind its topics, without counting whole topics.

use std::collections::BTreeMap;

use schemas::{Timestamp, Topic};

use super::{Browse, Bus, BusError, Partition, Positions};

/// The end positions of topics, by partition: see [`Bus::ends`].
pub type Ends = BTreeMap<Topic, BTreeMap<u32, u64>>;

/// Up to this many records per topic a lag is counted. Beyond, it is an upper bound that follows from positions.
pub const COUNTED: usize = 1_000;

/// How far a consumer is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Records that it has not handled; exact up to [`COUNTED`] per topic.
    pub records: u64,
    /// When the oldest of them was recorded; `None` if there is none.
    pub oldest: Option<Timestamp>,
}

impl Lag {
    /// The lag of a consumer of `topics` at `positions`. Reads nothing of a topic whose end in `ends` was reached, and at most
    /// [`COUNTED`] records of any other.
    pub async fn of(
        bus: &dyn Bus,
        topics: &[Topic],
        ends: &Ends,
        positions: &Positions,
    ) -> Result<Self, BusError> {
        let mut lag = Self::default();
        for topic in topics {
            let Some(ends) = ends.get(topic) else { continue };
            let reached = |number: u32| positions.get(&Partition { topic: *topic, number }).copied();
            let behind = |number: u32, end: u64| end > reached(number).unwrap_or(0);
            if !ends.iter().any(|(number, end)| behind(*number, *end)) {
                continue;
            }
            let after = ends.keys().filter_map(|number| Some((*number, reached(*number)?))).collect();
            let waiting = bus.browse(*topic, &Browse { after, limit: COUNTED, ..Browse::default() }).await?;
            let counted = waiting.len() as u64;
            let first = waiting.iter().map(|record| record.envelope.time).min();
            lag.oldest = lag.oldest.into_iter().chain(first).min();
            lag.records += if waiting.len() < COUNTED {
                counted
            } else {
                let open = ends.iter().filter(|(number, end)| behind(**number, **end));
                let (from, to) = open.fold((u64::MAX, 0), |(from, to), (number, end)| {
                    (from.min(reached(*number).unwrap_or(0)), to.max(*end))
                });
                // A topic has at most one record per position of its log.
                to.saturating_sub(from).max(counted)
            };
        }
        Ok(lag)
    }

    /// The age of the oldest record at `now`, in seconds; 0 if there is none.
    pub fn seconds(&self, now: Timestamp) -> f64 {
        self.oldest.map_or(0.0, |oldest| now.since(oldest).as_secs_f64())
    }
}
