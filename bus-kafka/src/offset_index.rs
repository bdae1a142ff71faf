//! A sparse index from positions to offsets, filled by what was read.

use std::collections::{BTreeMap, HashMap};

use parking_lot::Mutex;
use platform::bus::BusError;
use schemas::Topic;

use crate::codec;
use crate::reader::{Bounds, Range, Reader};

/// Entries kept per partition. The lowest positions are dropped first.
const MAX_ENTRIES: usize = 64;

/// Pairs of a position and an offset before which no record has a higher position.
#[derive(Default)]
pub(crate) struct OffsetIndex(Mutex<HashMap<(Topic, u32), BTreeMap<u64, u64>>>);

impl OffsetIndex {
    /// Adds an entry: every record before `offset` has a position up to `position`.
    pub(crate) fn learn(&self, topic: Topic, number: u32, position: u64, offset: u64) {
        let mut all = self.0.lock();
        let known = all.entry((topic, number)).or_default();
        let entry = known.entry(position).or_default();
        *entry = offset.max(*entry);
        if known.len() > MAX_ENTRIES {
            known.pop_first();
        }
    }

    /// The entry with the highest position up to `position`.
    fn best(&self, topic: Topic, number: u32, position: u64) -> Option<(u64, u64)> {
        let all = self.0.lock();
        let known = all.get(&(topic, number))?;
        known.range(..=position).next_back().map(|(position, offset)| (*position, *offset))
    }

    /// An offset before which every record has a position up to `after`, close to the first record with a higher one.
    pub(crate) fn offset(
        &self,
        reader: &Reader,
        topic: Topic,
        name: &str,
        (number, bounds): Range,
        after: u64,
    ) -> Result<u64, BusError> {
        if after == 0 {
            return Ok(bounds.low);
        }
        let known = self.best(topic, number, after);
        if let Some((_, offset)) = known.filter(|(position, _)| *position == after) {
            return Ok(offset.clamp(bounds.low, bounds.high.max(bounds.low)));
        }
        let low =
            known.map_or(bounds.low, |(_, offset)| offset.clamp(bounds.low, bounds.high.max(bounds.low)));
        let part = (number, Bounds { low, high: bounds.high });
        let offset = reader.offset_after(name, part, after, |message| codec::position(topic, message))?;
        self.learn(topic, number, after, offset);
        Ok(offset)
    }
}
