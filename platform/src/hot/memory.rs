//! A hot store in memory, for tests. Clones are the same store.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use schemas::Timestamp;

use super::{
    Held, HotError, HotKey, HotStore, Kind, Life, MOST_IDLE, Only, Put, Rate, Taken, next_version,
    require_life, require_small,
};
use crate::clock::Clock;

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "faults are for the tests of the suite"))]
pub(super) enum Fault {
    None,
    IgnoresVersions,
    IgnoresAbsence,
    ChangesWhatItRefuses,
    CountsVersionsPerKey,
    ServesWhatHasEnded,
    ServesAtTheEnd,
    NeverSlides,
    SlidesPastTheEnd,
    ShortensLives,
    WakesTheDead,
    TouchMakesAVersion,
    RemovesAnyVersion,
    RefillsOnRead,
    RefusalsCost,
    ForgetsBuckets,
    StartsEmpty,
    NeverFull,
    StaysInDebt,
    OneSpace,
    TouchIsNoUse,
    IdleAnswersAll,
    IdleAnswersTheDead,
    IdleAnswersOtherKinds,
    IdleIsUnsorted,
    IdleHasNoLimit,
    TakesAnySize,
    OwnCopy,
    NotAtomic,
}

/// A hot store in memory.
#[derive(Clone)]
pub struct MemoryHotStore {
    clock: Clock,
    fault: Fault,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Clone, Default)]
struct Shared {
    items: HashMap<HotKey, Item>,
    /// When each bucket is full again.
    buckets: HashMap<HotKey, i64>,
    version: u64,
}

#[derive(Clone)]
struct Item {
    held: Held,
    touched: Timestamp,
}

impl MemoryHotStore {
    pub fn new(clock: Clock) -> Self {
        Self::with(clock, Fault::None)
    }

    pub(super) fn with(clock: Clock, fault: Fault) -> Self {
        Self { clock, fault, shared: Arc::default() }
    }

    /// The store as another process opens it.
    #[cfg(test)]
    pub(super) fn reopened(&self) -> Self {
        if self.is(Fault::OwnCopy) {
            return Self { shared: Arc::new(Mutex::new(self.shared.lock().clone())), ..self.clone() };
        }
        self.clone()
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn lives(&self, item: &Item, now: Timestamp) -> bool {
        item.held.expires > now || (self.is(Fault::ServesAtTheEnd) && item.held.expires == now)
    }

    fn live<'a>(&self, shared: &'a Shared, key: &HotKey) -> Option<&'a Item> {
        let now = self.clock.now();
        shared.items.get(key).filter(|item| self.is(Fault::ServesWhatHasEnded) || self.lives(item, now))
    }

    fn holds(&self, only: Only, held: Option<&Held>) -> bool {
        match only {
            Only::Any => true,
            Only::Absent => held.is_none() || self.is(Fault::IgnoresAbsence),
            Only::Version(version) => {
                held.is_some_and(|held| held.version == version || self.is(Fault::IgnoresVersions))
            }
        }
    }

    fn version(&self, shared: &Shared, key: &HotKey) -> u64 {
        if self.is(Fault::CountsVersionsPerKey) {
            return shared.items.get(key).map_or(1, |item| item.held.version + 1);
        }
        next_version(shared.version, self.clock.now())
    }

    /// With the fault: what a call sees before it decides, while others go on.
    async fn seen_early<T>(&self, look: impl FnOnce(&Shared) -> T) -> Option<T> {
        if !self.is(Fault::NotAtomic) {
            return None;
        }
        let seen = look(&self.shared.lock());
        tokio::task::yield_now().await;
        Some(seen)
    }

    fn slid(&self, held: &Held, ttl: Duration, now: Timestamp) -> Timestamp {
        match self.fault {
            Fault::NeverSlides => held.expires,
            Fault::SlidesPastTheEnd => now.plus(ttl),
            Fault::ShortensLives => Life { ttl, until: held.until }.expires(now),
            _ => Life { ttl, until: held.until }.expires(now).max(held.expires),
        }
    }
}

#[async_trait]
impl HotStore for MemoryHotStore {
    async fn get(&self, key: &HotKey) -> Result<Option<Held>, HotError> {
        let shared = self.shared.lock();
        Ok(self.live(&shared, key).map(|item| item.held.clone()))
    }

    async fn put(&self, key: &HotKey, value: &[u8], only: Only, life: Life) -> Result<Put, HotError> {
        if !self.is(Fault::TakesAnySize) {
            require_small(value, life.ttl)?;
        }
        let holds = |shared: &Shared| self.holds(only, self.live(shared, key).map(|item| &item.held));
        let seen = self.seen_early(holds).await;
        let mut shared = self.shared.lock();
        let now = self.clock.now();
        let held = self.live(&shared, key).map(|item| item.held.clone());
        let holds = seen.unwrap_or_else(|| self.holds(only, held.as_ref()));
        if !holds && !self.is(Fault::ChangesWhatItRefuses) {
            return Ok(Put::Other(held));
        }
        let version = self.version(&shared, key);
        shared.version = version;
        let kept = Held { value: value.to_vec(), version, expires: life.expires(now), until: life.until };
        shared.items.insert(key.clone(), Item { held: kept, touched: now });
        Ok(if holds { Put::Kept(version) } else { Put::Other(held) })
    }

    async fn touch(&self, key: &HotKey, ttl: Duration) -> Result<bool, HotError> {
        if !self.is(Fault::TakesAnySize) {
            require_life(ttl)?;
        }
        let mut shared = self.shared.lock();
        let now = self.clock.now();
        let version = shared.version + 1;
        let Some(item) = shared.items.get_mut(key) else { return Ok(false) };
        if !self.lives(item, now) && !self.is(Fault::WakesTheDead) {
            return Ok(false);
        }
        item.held.expires = self.slid(&item.held, ttl, now);
        if !self.is(Fault::TouchIsNoUse) {
            item.touched = item.touched.max(now);
        }
        if self.is(Fault::TouchMakesAVersion) {
            item.held.version = version;
        }
        Ok(true)
    }

    async fn remove(&self, key: &HotKey, version: Option<u64>) -> Result<bool, HotError> {
        let mut shared = self.shared.lock();
        let any = self.is(Fault::RemovesAnyVersion);
        let wanted = |held: &Held| any || version.is_none_or(|version| held.version == version);
        let found = self.live(&shared, key).is_some_and(|item| wanted(&item.held));
        if found {
            shared.items.remove(key);
        }
        Ok(found)
    }

    async fn take(&self, bucket: &HotKey, rate: Rate, n: u32) -> Result<Taken, HotError> {
        rate.require(n)?;
        let seen = self.seen_early(|shared| shared.buckets.get(bucket).copied()).await;
        let mut shared = self.shared.lock();
        if self.is(Fault::OneSpace) && shared.items.contains_key(bucket) {
            return Ok(Taken::Yes);
        }
        let now = self.clock.now();
        let filling = i64::from(rate.burst()) * i64::from(rate.per_micros());
        let unused = if self.is(Fault::StartsEmpty) { super::bucket::micros(now) + filling } else { 0 };
        let full = seen.unwrap_or_else(|| shared.buckets.get(bucket).copied()).unwrap_or(unused);
        let (taken, after) = rate.take(full, now, n);
        let after = match (self.fault, taken) {
            (Fault::RefillsOnRead, Taken::After(_)) | (Fault::ForgetsBuckets, _) => 0,
            (Fault::RefusalsCost, Taken::After(_)) => full + i64::from(n) * i64::from(rate.per_micros()),
            // It keeps what it gained while it was full.
            (Fault::NeverFull, Taken::Yes) if full > 0 => full + i64::from(n) * i64::from(rate.per_micros()),
            _ => after,
        };
        if self.is(Fault::StaysInDebt) && full > super::bucket::micros(now) + filling {
            return Ok(Taken::After(Duration::from_micros(
                (full - super::bucket::micros(now)).cast_unsigned(),
            )));
        }
        shared.buckets.insert(bucket.clone(), after);
        Ok(taken)
    }

    async fn idle(&self, kind: Kind, before: Timestamp, limit: usize) -> Result<Vec<HotKey>, HotError> {
        let shared = self.shared.lock();
        let now = self.clock.now();
        let idle = |(key, item): &(&HotKey, &Item)| {
            (key.kind() == kind || self.is(Fault::IdleAnswersOtherKinds))
                && (item.touched < before || self.is(Fault::IdleAnswersAll))
                && (self.lives(item, now) || self.is(Fault::IdleAnswersTheDead))
        };
        let mut found: Vec<_> = shared.items.iter().filter(idle).collect();
        found.sort_by_key(|(key, item)| (item.touched, key.id().to_owned()));
        if self.is(Fault::IdleIsUnsorted) {
            found.reverse();
        }
        let limit = if self.is(Fault::IdleHasNoLimit) { limit } else { limit.min(MOST_IDLE) };
        Ok(found.into_iter().take(limit).map(|(key, _)| key.clone()).collect())
    }
}
