//! Changes of documents by id.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::Stream;
use parking_lot::Mutex;
use read_models::{ChangeToken, Collection, Document, Store, StoreError};
use serde::de::DeserializeOwned;
use tokio::sync::{OnceCell, watch};
use tokio::time::{Instant, sleep};

use super::{AFTER_FAILURE, PATIENCE, pause};
use crate::fault::Fault;
use crate::reader::{Doc, shared};

/// The newest document that was found; `None` before the first.
type Latest<T> = Option<Arc<Change<T>>>;

/// A version of a document, and what its subscribers share.
#[derive(Debug)]
pub(crate) struct Change<T> {
    pub(crate) document: Arc<Doc<T>>,
    /// Whether shoppers may see it; read when the first of them is sent it.
    pub(crate) shown: OnceCell<Result<bool, Arc<Fault>>>,
}

impl<T> Change<T> {
    pub(crate) fn of(document: Arc<Doc<T>>) -> Arc<Self> {
        Arc::new(Self { document, shown: OnceCell::new() })
    }
}

/// Documents that are read with one call of the store.
const AT_ONCE: usize = 500;

/// The changes of one collection, for subscribers to some of its documents.
pub(crate) struct DocumentFeed<T> {
    store: Store,
    collection: &'static Collection,
    watched: Mutex<Watched<T>>,
}

struct Watched<T> {
    documents: HashMap<String, watch::Sender<Latest<T>>>,
    /// Whether the task runs.
    following: bool,
}

impl<T: DeserializeOwned + Send + Sync + 'static> DocumentFeed<T> {
    pub(crate) fn new(store: Store, collection: &'static Collection) -> Self {
        let watched = Mutex::new(Watched { documents: HashMap::new(), following: false });
        Self { store, collection, watched }
    }

    /// Receives the newest version of a document whenever it was found to have changed. What was committed before this call
    /// need not be received: read the document afterwards.
    pub(crate) fn watch(self: &Arc<Self>, id: &str) -> watch::Receiver<Latest<T>> {
        let mut watched = self.watched.lock();
        let sender = watched.documents.entry(id.to_owned()).or_insert_with(|| watch::Sender::new(None));
        let receiver = sender.subscribe();
        if !std::mem::replace(&mut watched.following, true) {
            tokio::spawn(Arc::clone(self).follow());
        }
        receiver
    }

    async fn follow(self: Arc<Self>) {
        let mut since = None;
        loop {
            match self.round(&mut since).await {
                Ok(Some(busy)) => sleep(pause(busy)).await,
                Ok(None) => return,
                Err(error) => {
                    unread(&error, self.collection.name);
                    since = None;
                    sleep(AFTER_FAILURE).await;
                }
            }
        }
    }

    /// Waits for a change and passes on what has changed. Answers how long reading took; `None` if no subscriber is left.
    async fn round(
        &self,
        since: &mut Option<ChangeToken>,
    ) -> Result<Option<std::time::Duration>, StoreError> {
        let now = self.store.keyed.changed(self.collection.name, since.as_ref(), PATIENCE).await?;
        let Some(ids) = self.watched_ids() else { return Ok(None) };
        let began = Instant::now();
        if since.as_ref() != Some(&now) {
            self.pass_on(&ids).await?;
            *since = Some(now);
        }
        Ok(Some(began.elapsed()))
    }

    /// The ids that have subscribers. Without any, the task ends.
    fn watched_ids(&self) -> Option<Vec<String>> {
        let mut watched = self.watched.lock();
        watched.documents.retain(|_, sender| sender.receiver_count() > 0);
        watched.following = !watched.documents.is_empty();
        watched.following.then(|| watched.documents.keys().cloned().collect())
    }

    async fn pass_on(&self, ids: &[String]) -> Result<(), StoreError> {
        let generation = self.store.generations.live(self.collection).await?;
        for ids in ids.chunks(AT_ONCE) {
            let found = self.store.keyed.load(&generation, ids).await?;
            let watched = self.watched.lock();
            for stored in found.into_iter().flatten() {
                let Some(sender) = watched.documents.get(&stored.id) else { continue };
                let known = sender.borrow().as_ref().map_or(0, |change| change.document.version);
                if stored.version <= known {
                    continue;
                }
                match Document::read(self.collection.name, stored) {
                    Ok(document) => {
                        if let Some(document) = shared(document) {
                            sender.send_replace(Some(Change::of(document)));
                        }
                    }
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::error!(error, "a changed document cannot be passed to its subscribers");
                    }
                }
            }
        }
        Ok(())
    }
}

pub(super) fn unread(error: &StoreError, collection: &str) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(collection, error, "could not read changes for subscribers; will retry");
}

/// The versions of a document after version `after`, beginning with `current`: each at most once, in order. Versions that a
/// subscriber is too slow for are left out.
pub(crate) fn versions<T: Send + Sync + 'static>(
    receiver: watch::Receiver<Latest<T>>,
    current: Latest<T>,
    after: u64,
) -> impl Stream<Item = Arc<Change<T>>> + Send + 'static {
    futures_util::stream::unfold((receiver, current, after), |(mut receiver, mut current, last)| async move {
        loop {
            let next = current.take().or_else(|| receiver.borrow_and_update().clone());
            if let Some(change) = next.filter(|change| change.document.version > last) {
                let version = change.document.version;
                return Some((change, (receiver, None, version)));
            }
            receiver.changed().await.ok()?;
        }
    })
}
