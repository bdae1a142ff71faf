//! Whether a new generation says what the live one says, while both move.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use read_models::{Generation, Place, Query, Store, StoreError, Stored};
use sha2::{Digest, Sha256};

use super::{Builder, Progress, RebuildError};
use crate::error::ProjectorError;
use crate::feed::Held;
use crate::positions::{covers, ends};
use crate::projection::Kind;

/// Documents per question.
const PAGE: usize = 500;
/// Ids that are reported.
const REPORTED: usize = 100;
/// How often what moved is compared again, and how long the live one is waited for each time.
const ROUNDS: u32 = 20;
const ROUND: Duration = Duration::from_millis(250);

#[derive(Default)]
pub(super) struct Comparison {
    pub(super) equal: u64,
    pub(super) different: u64,
    pub(super) uncompared: u64,
    pub(super) ids: Vec<String>,
    pub(super) digest: String,
}

enum Verdict {
    Equal,
    Different,
    /// The live one stands behind: not yet.
    Later,
    /// The live one lacks what it could not digest.
    Unfit,
}

/// Compares all documents. Those that are not equal at first sight are looked at again until both stand at the same version.
pub(super) async fn compare<P: FnMut(Progress) + Send>(
    builder: &mut Builder<'_, P>,
    live: &Generation,
) -> Result<Comparison, RebuildError> {
    let store = builder.backends.store.clone();
    let mut comparison = Comparison::default();
    let mut open = scan(&store, live, &builder.feed.generation, &mut comparison).await?;
    let held = Held::open(&store, builder.feed.projection, live).await?.ever().await?;
    // An entity that lacks something says so itself.
    let mended = held && !matches!(builder.feed.projection.kind, Kind::Entity(_));
    let mut since = 0;
    for round in 0..ROUNDS {
        if open.is_empty() {
            break;
        }
        if round > 0 {
            since = store.documents().changed(&live.collection, since, ROUND).await;
        }
        open = look_again(builder, live, open, mended, &mut comparison).await?;
    }
    comparison.uncompared += open.len() as u64;
    Ok(comparison)
}

/// One pass over both; answers the ids of what is not equal.
async fn scan(
    store: &Store,
    live: &Generation,
    new: &Generation,
    comparison: &mut Comparison,
) -> Result<BTreeSet<String>, ProjectorError> {
    let mut digest = Sha256::new();
    let mut open = BTreeSet::new();
    let (mut left, mut right) = (Pages::new(live), Pages::new(new));
    loop {
        let (a, b) = (left.peek(store).await?, right.peek(store).await?);
        let order = match (&a, &b) {
            (None, None) => break,
            (Some(a), Some(b)) => a.id.cmp(&b.id),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
        };
        let (a, b) = match order {
            std::cmp::Ordering::Less => (left.take(), None),
            std::cmp::Ordering::Greater => (None, right.take()),
            std::cmp::Ordering::Equal => (left.take(), right.take()),
        };
        match (a, b) {
            (Some(a), Some(b)) if a == b && !a.stale => {
                hash(&mut digest, &a);
                comparison.equal += 1;
            }
            (a, b) => open.extend(a.or(b).map(|one| one.id)),
        }
    }
    comparison.digest = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(open)
}

/// Length-prefixed, so that no two documents run together.
fn hash(digest: &mut Sha256, one: &Stored) {
    let body = one.body.as_deref().unwrap_or_default();
    digest.update((one.id.len() as u64).to_be_bytes());
    digest.update(one.id.as_bytes());
    digest.update(one.version.to_be_bytes());
    digest.update((body.len() as u64).to_be_bytes());
    digest.update(body.as_bytes());
}

async fn look_again<P: FnMut(Progress) + Send>(
    builder: &mut Builder<'_, P>,
    live: &Generation,
    open: BTreeSet<String>,
    mended: bool,
    comparison: &mut Comparison,
) -> Result<BTreeSet<String>, RebuildError> {
    let documents = builder.backends.store.documents().clone();
    let projection = builder.feed.projection;
    let ids: Vec<String> = open.into_iter().collect();
    let before = documents.positions(live).await?;
    let old = load(&builder.backends.store, live, &ids).await?;
    let after = documents.positions(live).await?;
    builder.feed_until(&after).await?;
    let new = load(&builder.backends.store, &builder.feed.generation, &ids).await?;
    // The live one stood at the end before it was read, so the new one cannot stand further.
    let end = ends(&builder.backends.bus.topics(projection.topics()).await?);
    let level = covers(&before, &end);
    let mut later = BTreeSet::new();
    for id in ids {
        match verdict(old.get(&id), new.get(&id), level, mended) {
            Verdict::Equal => comparison.equal += 1,
            Verdict::Unfit => comparison.uncompared += 1,
            Verdict::Later => drop(later.insert(id)),
            Verdict::Different => {
                comparison.different += 1;
                if comparison.ids.len() < REPORTED {
                    comparison.ids.push(id);
                }
            }
        }
    }
    Ok(later)
}

/// The new one stands where the live one stands, or further: `level` says that it is not further.
fn verdict(live: Option<&Stored>, new: Option<&Stored>, level: bool, mended: bool) -> Verdict {
    let version = |one: Option<&Stored>| one.map_or(0, |one| one.version);
    let body = |one: Option<&Stored>| one.and_then(|one| one.body.clone());
    if live.is_some_and(|live| live.stale) {
        return Verdict::Unfit;
    }
    let stale = new.is_some_and(|new| new.stale);
    match version(new).cmp(&version(live)) {
        std::cmp::Ordering::Equal if body(live) == body(new) && !stale => Verdict::Equal,
        _ if mended => Verdict::Unfit,
        std::cmp::Ordering::Greater if !level => Verdict::Later,
        _ => Verdict::Different,
    }
}

async fn load(
    store: &Store,
    generation: &Generation,
    ids: &[String],
) -> Result<BTreeMap<String, Stored>, StoreError> {
    let mut found = BTreeMap::new();
    for ids in ids.chunks(PAGE) {
        let stored = store.documents().load(generation, ids).await?;
        found.extend(stored.into_iter().flatten().map(|one| (one.id.clone(), one)));
    }
    Ok(found)
}

/// The documents of a generation in the order of their ids.
struct Pages<'a> {
    generation: &'a Generation,
    page: VecDeque<Stored>,
    after: Option<Place>,
    ended: bool,
}

impl<'a> Pages<'a> {
    fn new(generation: &'a Generation) -> Self {
        Self { generation, page: VecDeque::new(), after: None, ended: false }
    }

    async fn peek(&mut self, store: &Store) -> Result<Option<&Stored>, StoreError> {
        if self.page.is_empty() && !self.ended {
            let query = Query { after: self.after.take(), limit: PAGE, ..Query::default() };
            let found = store.documents().find(self.generation, &query).await?;
            self.ended = found.len() < PAGE;
            self.after = found.last().map(|last| last.place.clone());
            self.page = found.into_iter().map(|found| found.document).collect();
        }
        Ok(self.page.front())
    }

    fn take(&mut self) -> Option<Stored> {
        self.page.pop_front()
    }
}
