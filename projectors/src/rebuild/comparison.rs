//! Comparing a new generation with the live one while both change.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use platform::bus::{Positions, covers};
use platform::error::Chain;
use read_models::{Generation, KeyedStore, StoreError, Stored};
use sha2::{Digest, Sha256};

use super::fields::Fields;
use super::progress::{Meter, Phase};
use super::{Builder, Progress, RebuildError};
use crate::Backends;
use crate::error::ProjectorError;
use crate::feed::Quarantine;
use crate::projection::{Kind, Projection};

/// Documents per call.
const PAGE: usize = 500;
/// Most ids that are reported.
pub(super) const REPORTED: usize = 100;
/// How often documents that changed are compared again after a wait for the live ones, and how long each wait is.
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

/// The outcome of a comparison.
#[derive(Default)]
pub(super) struct Comparison {
    pub(super) equal: u64,
    pub(super) uncompared: u64,
    /// How many documents differ.
    pub(super) counts: BTreeMap<Difference, u64>,
    /// Those that differ: the first, if `keep` limits them.
    pub(super) different: BTreeMap<String, Difference>,
    /// The most ids of `different`; `None`: all of them, which takes memory for each.
    keep: Option<usize>,
    /// The fields of those that are altered.
    pub(super) fields: Fields,
    pub(super) digest: String,
    /// Waits in a row after which no further document could be compared.
    rounds: u32,
}

impl Comparison {
    pub(super) fn keeping(keep: Option<usize>) -> Self {
        Self { keep, ..Self::default() }
    }

    fn found(&mut self, id: String, what: Difference, live: Option<&Stored>, new: Option<&Stored>) {
        *self.counts.entry(what).or_default() += 1;
        if let (Difference::Altered, Some(live), Some(new)) = (what, live, new) {
            self.fields.compare(live, new);
        }
        self.different.insert(id, what);
        if self.keep.is_some_and(|keep| self.different.len() > keep) {
            self.different.pop_last();
        }
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

/// Compares all documents, page by page in the order of their ids. Those that differ are compared again until both have the
/// same version. Of those that still differ, at most `keep` ids are kept.
pub(super) async fn compare<P: FnMut(Progress) + Send>(
    builder: &mut Builder<'_, P>,
    live: &Generation,
    quarantined: Quarantined,
    keep: Option<usize>,
) -> Result<Comparison, RebuildError> {
    let store = builder.backends.store.of_collection(builder.feed.projection.collection());
    let mut comparison = Comparison::keeping(keep);
    let documents = count(builder.backends, builder.feed.projection, &builder.feed.generation).await;
    let mut meter = Meter::new(documents, documents);
    let mut pass = Pass::over(&store, live, &builder.feed.generation).await?;
    loop {
        let Page { ids, seen } = pass.page(&mut comparison).await?;
        let ended = seen == 0;
        again(builder, live, ids, quarantined, &mut comparison).await?;
        meter.add(seen);
        if ended {
            meter.total(meter.done());
        }
        builder.lease.done(&builder.meter)?;
        (builder.progress)(meter.progress(Phase::Comparing));
        if ended {
            comparison.digest = pass.digest();
            return Ok(comparison);
        }
    }
}

/// How many documents the generation has, for people who wait; 0 if that is not known.
async fn count(backends: &Backends, projection: &Projection, generation: &Generation) -> u64 {
    let store = &backends.store;
    if store.hot.is_some() && projection.collection().hot {
        return 0;
    }
    store.queries.count(generation, &[], u64::MAX).await.unwrap_or_else(|error| {
        let projection = projection.name();
        tracing::info!(projection, problem = %Chain(&error), "could not count the documents to compare");
        0
    })
}

/// Compares these documents until both have the same version.
pub(super) async fn again<P: FnMut(Progress) + Send>(
    builder: &mut Builder<'_, P>,
    live: &Generation,
    ids: BTreeSet<String>,
    quarantined: Quarantined,
    comparison: &mut Comparison,
) -> Result<(), RebuildError> {
    if ids.is_empty() {
        return Ok(());
    }
    let store = builder.backends.store.of_collection(builder.feed.projection.collection());
    let ever = Quarantine::of(&builder.backends.store, live).ever().await?;
    // An entity that lacks events is marked stale. Documents of the other kinds may have caught up under other ids.
    let lenient = ever && !matches!(builder.feed.projection.kind, Kind::Entity(_));
    let rules = Rules { lenient, quarantined };
    let ids = ids.into_iter().map(|id| (id, 0)).collect();
    let mut open = Open { ids, reached: Positions::new() };
    open = look_again(builder, live, open, rules, comparison).await?;
    let mut since = None;
    // Vain waits of earlier pages count, too: a live generation that nothing feeds is not waited for on every page.
    while !open.ids.is_empty() && comparison.rounds < ROUNDS {
        let changed = store.keyed.changed(&live.collection, since.as_ref(), ROUND).await;
        since = Some(changed.map_err(ProjectorError::from)?);
        let before = open.ids.len();
        open = look_again(builder, live, open, rules, comparison).await?;
        comparison.rounds = if open.ids.len() < before { 0 } else { comparison.rounds + 1 };
    }
    comparison.uncompared += open.ids.len() as u64;
    Ok(())
}

/// One pass over the documents of both, in the order of their ids. Holds one document of each at a time.
struct Pass {
    live: BoxStream<'static, Result<Stored, StoreError>>,
    new: BoxStream<'static, Result<Stored, StoreError>>,
    next: (Option<Stored>, Option<Stored>),
    digest: Sha256,
}

/// A part of a pass.
struct Page {
    /// The ids of documents that are not equal; at most [`PAGE`].
    ids: BTreeSet<String>,
    /// How many ids were read; 0 at the end.
    seen: u64,
}

impl Pass {
    async fn over(store: &KeyedStore, live: &Generation, new: &Generation) -> Result<Self, StoreError> {
        let (mut live, mut new) = (store.scan.scan(live), store.scan.scan(new));
        let next = (live.try_next().await?, new.try_next().await?);
        Ok(Self { live, new, next, digest: Sha256::new() })
    }

    /// Reads on until [`PAGE`] ids were read, and counts the documents that are equal.
    async fn page(&mut self, comparison: &mut Comparison) -> Result<Page, StoreError> {
        let mut page = Page { ids: BTreeSet::new(), seen: 0 };
        while page.seen < PAGE as u64 {
            let (live, new) = &self.next;
            let order = match (live, new) {
                (None, None) => break,
                (Some(live), Some(new)) => live.id.cmp(&new.id),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
            };
            match (live, new) {
                (Some(live), Some(new)) if live == new && !live.stale => {
                    hash(&mut self.digest, live);
                    comparison.equal += 1;
                }
                (live, new) => {
                    let first = if order == Ordering::Greater { new } else { live };
                    page.ids.extend(first.iter().map(|one| one.id.clone()));
                }
            }
            page.seen += 1;
            if order != Ordering::Greater {
                self.next.0 = self.live.try_next().await?;
            }
            if order != Ordering::Less {
                self.next.1 = self.new.try_next().await?;
            }
        }
        Ok(page)
    }

    /// Over the documents that were equal.
    fn digest(self) -> String {
        hex::encode(self.digest.finalize())
    }
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
            Verdict::Different(what) => comparison.found(id, what, old, new),
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
