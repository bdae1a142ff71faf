//! Where positions lie among the offsets, as far as it was seen.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use schemas::Topic;

use super::codec;
use super::reader::{Bounds, Part, Reader};
use crate::bus::BusError;

/// Hints kept for each partition; the oldest are dropped.
const KEPT: usize = 64;

/// Pairs of a position and an offset before which no record has a higher one.
#[derive(Default)]
pub(super) struct Hints(Mutex<HashMap<(Topic, u32), BTreeMap<u64, u64>>>);

impl Hints {
    /// Every record before `offset` has a position up to `position`.
    pub(super) fn learn(&self, topic: Topic, number: u32, position: u64, offset: u64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry((topic, number)).or_default();
        let hint = known.entry(position).or_default();
        *hint = offset.max(*hint);
        if known.len() > KEPT {
            known.pop_first();
        }
    }

    /// The best hint for going on after `position`.
    fn best(&self, topic: Topic, number: u32, position: u64) -> Option<(u64, u64)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(&(topic, number))?;
        known.range(..=position).next_back().map(|(position, offset)| (*position, *offset))
    }

    /// An offset before which every record has a position up to `after`, and not far before the first that has not.
    pub(super) fn offset(
        &self,
        reader: &Reader,
        topic: Topic,
        name: &str,
        (number, bounds): Part,
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
