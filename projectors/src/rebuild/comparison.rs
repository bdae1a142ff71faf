//! Comparing a new generation with the live one while both change.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::TryStreamExt;
use platform::bus::{Positions, covers};
use read_models::{Generation, KeyedStore, StoreError, Stored};
use sha2::{Digest, Sha256};

use super::{Builder, Progress, RebuildError};
use crate::error::ProjectorError;
use crate::feed::Quarantine;
use crate::projection::Kind;

/// Documents per call.
const PAGE: usize = 500;
/// Most ids that are reported.
pub(super) const REPORTED: usize = 100;
/// How often documents that changed are compared again, and how long to wait for the live ones each time.
pub(super) const ROUNDS: u32 = 20;
pub(super) const ROUND: Duration = Duration::from_millis(250);

/// What is wrong with a live document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// It has another content or version.
    Altered,
    /// It is not there.
    Missing,
    /// No event leads to it.
    Surplus,
    /// It waits for quarantined events that could be applied.
    Stale,
}

#[derive(Default)]
pub(super) struct Comparison {
    pub(super) equal: u64,
    pub(super) different: BTreeMap<String, Difference>,
    pub(super) uncompared: u64,
    pub(super) digest: String,
}

impl Comparison {
    /// The first ids of documents that differ.
    pub(super) fn first(&self) -> Vec<String> {
        self.different.keys().take(REPORTED).cloned().collect()
    }
}

enum Verdict {
    Equal,
    Different(Difference),
    /// The live document is behind: compare again later.
    Later,
    /// The live document lacks quarantined events.
    Unfit,
}

/// Live documents that lack quarantined events.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quarantined {
    /// They cannot be compared.
    Unfit,
    /// They differ, if the new document does not lack any.
    Different,
}

/// Documents to compare again.
struct Open {
    /// Their ids, and the versions that the new documents had.
    ids: BTreeMap<String, u64>,
    /// The positions of the new generation at that time. A live generation that has reached them has these versions, too.
    reached: Positions,
}

/// Compares all documents. Those that differ in the first pass are compared again until both have the same version.
pub(super) async fn compare<P: FnMut(Progress) + Send>(
    builder: &mut Builder<'_, P>,
    live: &Generation,
    quarantined: Quarantined,
) -> Result<Comparison, RebuildError> {
    let store = builder.backends.store.of_collection(builder.feed.projection.collection());
    let mut comparison = Comparison::default();
    let ids = scan(&store, live, &builder.feed.generation, &mut comparison).await?;
    again(builder, live, ids, quarantined, &mut comparison).await?;
    Ok(comparison)
}

/// Compares these documents until both have the same version.
pub(super) async fn again<P: FnMut(Progress) + Send>(
    builder: &mut Builder<'_, P>,
    live: &Generation,
    ids: BTreeSet<String>,
    quarantined: Quarantined,
    comparison: &mut Comparison,
) -> Result<(), RebuildError> {
    let store = builder.backends.store.of_collection(builder.feed.projection.collection());
    let ever = Quarantine::of(&builder.backends.store, live).ever().await?;
    // An entity that lacks events is marked stale. Documents of the other kinds may have caught up under other ids.
    let lenient = ever && !matches!(builder.feed.projection.kind, Kind::Entity(_));
    let rules = Rules { lenient, quarantined };
    let ids = ids.into_iter().map(|id| (id, 0)).collect();
    let mut open = Open { ids, reached: Positions::new() };
    let mut since = None;
    for round in 0..ROUNDS {
        if open.ids.is_empty() {
            break;
        }
        if round > 0 {
            since = Some(
                store
                    .keyed
                    .changed(&live.collection, since.as_ref(), ROUND)
                    .await
                    .map_err(ProjectorError::from)?,
            );
        }
        open = look_again(builder, live, open, rules, comparison).await?;
    }
    comparison.uncompared += open.ids.len() as u64;
    Ok(())
}

/// One pass over both; answers the ids of documents that are not equal.
async fn scan(
    store: &KeyedStore,
    live: &Generation,
    new: &Generation,
    comparison: &mut Comparison,
) -> Result<BTreeSet<String>, ProjectorError> {
    let mut digest = Sha256::new();
    let mut open = BTreeSet::new();
    let (mut left, mut right) = (store.scan.scan(live), store.scan.scan(new));
    let (mut a, mut b) = (left.try_next().await?, right.try_next().await?);
    loop {
        let order = match (&a, &b) {
            (None, None) => break,
            (Some(a), Some(b)) => a.id.cmp(&b.id),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
        };
        match (&a, &b) {
            (Some(a), Some(b)) if a == b && !a.stale => {
                hash(&mut digest, a);
                comparison.equal += 1;
            }
            (a, b) => {
                let first = if order == Ordering::Greater { b } else { a };
                open.extend(first.iter().map(|one| one.id.clone()));
            }
        }
        if order != Ordering::Greater {
            a = left.try_next().await?;
        }
        if order != Ordering::Less {
            b = right.try_next().await?;
        }
    }
    comparison.digest = hex::encode(digest.finalize());
    Ok(open)
}

/// Length-prefixed, so that the fields of a document cannot be confused.
fn hash(digest: &mut Sha256, one: &Stored) {
    let body = one.body.as_deref().unwrap_or_default();
    digest.update((one.id.len() as u64).to_be_bytes());
    digest.update(one.id.as_bytes());
    digest.update(one.version.to_be_bytes());
    digest.update((body.len() as u64).to_be_bytes());
    digest.update(body.as_bytes());
}

#[derive(Clone, Copy)]
struct Rules {
    /// Whether documents cannot be compared by their versions.
    lenient: bool,
    quarantined: Quarantined,
}

async fn look_again<P: FnMut(Progress) + Send>(
    builder: &mut Builder<'_, P>,
    live: &Generation,
    open: Open,
    rules: Rules,
    comparison: &mut Comparison,
) -> Result<Open, RebuildError> {
    let store = builder.backends.store.of_collection(builder.feed.projection.collection());
    let ids: Vec<String> = open.ids.keys().cloned().collect();
    let level = covers(&store.keyed.positions(live).await?, &open.reached);
    let old = load(&store, live, &ids).await?;
    let after = store.keyed.positions(live).await?;
    builder.feed_until(&after).await?;
    let new = load(&store, &builder.feed.generation, &ids).await?;
    let mut later = Open { ids: BTreeMap::new(), reached: builder.reached.clone() };
    for (id, expected) in open.ids {
        let (old, new) = (old.get(&id), new.get(&id));
        let lacks = level && version(old) < expected;
        match rules.verdict(old, new, lacks) {
            Verdict::Equal => comparison.equal += 1,
            Verdict::Unfit => comparison.uncompared += 1,
            Verdict::Later => drop(later.ids.insert(id, version(new))),
            Verdict::Different(what) => drop(comparison.different.insert(id, what)),
        }
    }
    Ok(later)
}

fn version(one: Option<&Stored>) -> u64 {
    one.map_or(0, |one| one.version)
}

impl Rules {
    /// The new document has all events that the live one can have. `lacks`: the live one lacks events that its generation
    /// has reached.
    fn verdict(self, live: Option<&Stored>, new: Option<&Stored>, lacks: bool) -> Verdict {
        let body = |one: Option<&Stored>| one.and_then(|one| one.body.clone());
        let stale = new.is_some_and(|new| new.stale);
        if live.is_some_and(|live| live.stale) {
            return match self.quarantined {
                Quarantined::Different if !stale => Verdict::Different(Difference::Stale),
                _ => Verdict::Unfit,
            };
        }
        match version(new).cmp(&version(live)) {
            Ordering::Equal if body(live) == body(new) && !stale => Verdict::Equal,
            _ if self.lenient => Verdict::Unfit,
            Ordering::Greater if !lacks => Verdict::Later,
            _ if live.is_none() => Verdict::Different(Difference::Missing),
            _ if new.is_none() => Verdict::Different(Difference::Surplus),
            _ => Verdict::Different(Difference::Altered),
        }
    }
}

pub(super) async fn load(
    store: &KeyedStore,
    generation: &Generation,
    ids: &[String],
) -> Result<BTreeMap<String, Stored>, StoreError> {
    let mut found = BTreeMap::new();
    for ids in ids.chunks(PAGE) {
        let stored = store.keyed.load(generation, ids).await?;
        found.extend(stored.into_iter().flatten().map(|one| (one.id.clone(), one)));
    }
    Ok(found)
}
