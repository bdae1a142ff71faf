//! Comparing a new generation with the live one while both change.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use read_models::{Cursor, Generation, Query, Store, StoreError, Stored};
use sha2::{Digest, Sha256};

use super::{Builder, Progress, RebuildError};
use crate::error::ProjectorError;
use crate::feed::Quarantine;
use crate::positions::{covers, ends};
use crate::projection::Kind;

const PAGE: usize = 500;
/// Most ids that are reported.
const REPORTED: usize = 100;
/// How often documents that changed are compared again, and how long to wait for the live ones each time.
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
    /// The live document is behind: compare again later.
    Later,
    /// The live document lacks quarantined events.
    Unfit,
}

/// Compares all documents. Those that differ in the first pass are compared again until both have the same version.
pub(super) async fn compare<P: FnMut(Progress) + Send>(
    builder: &mut Builder<'_, P>,
    live: &Generation,
) -> Result<Comparison, RebuildError> {
    let store = builder.backends.store.clone();
    let mut comparison = Comparison::default();
    let mut open = scan(&store, live, &builder.feed.generation, &mut comparison).await?;
    let quarantined = Quarantine::of(&store, live).ever().await?;
    // An entity that lacks events is marked stale. Documents of the other kinds may have caught up under other ids.
    let lenient = quarantined && !matches!(builder.feed.projection.kind, Kind::Entity(_));
    let mut since = None;
    for round in 0..ROUNDS {
        if open.is_empty() {
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
        open = look_again(builder, live, open, lenient, &mut comparison).await?;
    }
    comparison.uncompared += open.len() as u64;
    Ok(comparison)
}

/// One pass over both; answers the ids of documents that are not equal.
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

async fn look_again<P: FnMut(Progress) + Send>(
    builder: &mut Builder<'_, P>,
    live: &Generation,
    open: BTreeSet<String>,
    lenient: bool,
    comparison: &mut Comparison,
) -> Result<BTreeSet<String>, RebuildError> {
    let keyed = builder.backends.store.keyed.clone();
    let projection = builder.feed.projection;
    let ids: Vec<String> = open.into_iter().collect();
    let before = keyed.positions(live).await?;
    let old = load(&builder.backends.store, live, &ids).await?;
    let after = keyed.positions(live).await?;
    builder.feed_until(&after).await?;
    let new = load(&builder.backends.store, &builder.feed.generation, &ids).await?;
    // If the live one was at the end before it was read, the new one cannot be ahead of it.
    let end = ends(&builder.backends.bus.topics(projection.topics()).await?);
    let level = covers(&before, &end);
    let mut later = BTreeSet::new();
    for id in ids {
        match verdict(old.get(&id), new.get(&id), level, lenient) {
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

/// The new document is at the position of the live one or ahead; with `level` it is not ahead.
fn verdict(live: Option<&Stored>, new: Option<&Stored>, level: bool, lenient: bool) -> Verdict {
    let version = |one: Option<&Stored>| one.map_or(0, |one| one.version);
    let body = |one: Option<&Stored>| one.and_then(|one| one.body.clone());
    if live.is_some_and(|live| live.stale) {
        return Verdict::Unfit;
    }
    let stale = new.is_some_and(|new| new.stale);
    match version(new).cmp(&version(live)) {
        std::cmp::Ordering::Equal if body(live) == body(new) && !stale => Verdict::Equal,
        _ if lenient => Verdict::Unfit,
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
        let stored = store.keyed.load(generation, ids).await?;
        found.extend(stored.into_iter().flatten().map(|one| (one.id.clone(), one)));
    }
    Ok(found)
}

/// The documents of a generation in the order of their ids.
struct Pages<'a> {
    generation: &'a Generation,
    page: VecDeque<Stored>,
    after: Option<Cursor>,
    ended: bool,
}

impl<'a> Pages<'a> {
    fn new(generation: &'a Generation) -> Self {
        Self { generation, page: VecDeque::new(), after: None, ended: false }
    }

    async fn peek(&mut self, store: &Store) -> Result<Option<&Stored>, StoreError> {
        if self.page.is_empty() && !self.ended {
            let query = Query { after: self.after.take(), limit: PAGE, ..Query::default() };
            let found = store.queries.find(self.generation, &query).await?;
            self.ended = found.len() < PAGE;
            self.after = found.last().map(|last| last.cursor.clone());
            self.page = found.into_iter().map(|found| found.document).collect();
        }
        Ok(self.page.front())
    }

    fn take(&mut self) -> Option<Stored> {
        self.page.pop_front()
    }
}
