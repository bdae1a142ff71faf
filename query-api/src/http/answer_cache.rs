//! Answers about the catalog, kept for the next clients who ask for the same.
//!
//! An answer is given again as long as nothing was written to the collections that it was read from, and for a short time ([`Moment::answers`]). Writes of
//! this process are known at once, those of others as soon as they were noticed; a rebuilt collection, and what hot views in a
//! store of their own contain, only after that time. While an answer is read, others who ask for the same wait for it.

use std::sync::Arc;

use axum::body::Bytes;
use platform::telemetry::metrics::metrics;
use quick_cache::sync::{Cache, DefaultLifecycle, PlaceholderGuard};
use quick_cache::{DefaultHashBuilder, Weighter};

use crate::reader::{Moment, Reads};
use crate::services::Services;

/// How often a request waits for an answer that is outdated when it comes.
const ATTEMPTS: usize = 3;
/// What an answer needs beside its body, in bytes.
const OVERHEAD: usize = 512;
/// An answer's size for the estimate of how many there are, in bytes.
const USUAL: usize = 8 * 1024;

/// What was asked: the number of the document, and what else the answer depends on.
pub(super) type Key = (u64, Vec<u8>);

/// The cache of an endpoint.
pub(super) struct AnswerCache {
    kept: Option<Cache<Key, Arc<Kept>, Size>>,
}

/// An answer, or that there is none that others may get.
pub(super) struct Kept {
    body: Option<Body>,
    /// The moment before it was read.
    since: Arc<Moment>,
    reads: Reads,
}

/// An answer without errors.
#[derive(Clone)]
pub(super) struct Body {
    pub(super) bytes: Bytes,
    /// See [`Answer::is_common`](super::answer::Answer::is_common).
    pub(super) is_common: bool,
}

/// How a request is answered.
pub(super) enum Lookup<'c> {
    /// Like the one before.
    Kept(Body),
    /// By reading, for others as well.
    Missing(Missing<'c>),
    /// By reading, for this request alone.
    Alone,
}

/// Others wait for this answer until it is dropped.
pub(super) struct Missing<'c> {
    place: PlaceholderGuard<'c, Key, Arc<Kept>, Size, DefaultHashBuilder, DefaultLifecycle<Key, Arc<Kept>>>,
    since: Arc<Moment>,
}

/// Bytes of memory.
#[derive(Clone)]
struct Size;

impl Weighter<Key, Arc<Kept>> for Size {
    fn weight(&self, (_, key): &Key, kept: &Arc<Kept>) -> u64 {
        let body = kept.body.as_ref().map_or(0, |body| body.bytes.len());
        (OVERHEAD + key.len() + body) as u64
    }
}

impl AnswerCache {
    /// A cache of about so many bytes; without any, nothing is kept.
    pub(super) fn of(bytes: usize) -> Self {
        let cache = || Cache::with_weighter(bytes / USUAL, bytes as u64, Size);
        Self { kept: (bytes > 0).then(cache) }
    }

    /// How to answer what is asked now.
    pub(super) async fn look_up(&self, key: Key, services: &Services) -> Lookup<'_> {
        let Some(cache) = &self.kept else { return Lookup::Alone };
        let Some(asked) = Moment::now(services).await else { return Lookup::Alone };
        for _ in 0..ATTEMPTS {
            let found = cache.get_value_or_guard_async(&key).await;
            let Some(now) = Moment::now(services).await else { break };
            match found {
                // While this request waited, something may have been written that its answer need not contain.
                Ok(kept)
                    if [&asked, &now].into_iter().any(|moment| kept.since.answers(moment, kept.reads)) =>
                {
                    let Some(body) = kept.body.clone() else { break };
                    outcome("hit");
                    return Lookup::Kept(body);
                }
                // Another request may have replaced it already.
                Ok(old) => drop(cache.remove_if(&key, |now| Arc::ptr_eq(now, &old))),
                Err(place) => {
                    outcome("miss");
                    return Lookup::Missing(Missing { place, since: now });
                }
            }
        }
        outcome("alone");
        Lookup::Alone
    }
}

impl Missing<'_> {
    /// Keeps an answer that was read from these collections since this place was found; `None`: an answer that must not be kept.
    pub(super) fn fill(self, body: Option<Body>, reads: Option<Reads>) {
        let Self { place, since } = self;
        // Without it, those who wait now would wait for each other.
        let body = body.filter(|_| reads.is_some());
        let kept = Kept { body, since, reads: reads.unwrap_or_default() };
        // It fails if the place was given up because of its size.
        drop(place.insert(Arc::new(kept)));
    }
}

fn outcome(outcome: &'static str) {
    metrics().graphql_cached_answers.with([outcome]).inc();
}
