//! The search index of this process: fed from the documents of products, categories and stock, and rebuilt
//! from them at every start.

mod entry;
mod feed;
mod followed;
mod stock;

use std::sync::Arc;
use std::time::Duration;

use platform::backoff::Backoff;
use platform::shutdown::Shutdown;
use read_models::documents::categories::CATEGORIES;
use read_models::documents::products::PRODUCTS;
use read_models::documents::stock::STOCK;
use read_models::{ChangeToken, Store, StoreError};
use search::{Search, SearchError};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep, timeout_at};

use self::feed::Feed;

/// Time between two checks for another live generation, of which nothing is notified.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// The shortest time between two looks at stock, which changes more often than products.
const STOCK_PAUSE: Duration = Duration::from_millis(100);
/// Pauses after a failure.
const PAUSES: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// Makes an empty index.
pub type EmptyIndex = Box<dyn Fn() -> Arc<dyn Search> + Send + Sync>;

/// The search index over products. Cheap to clone; clones are the same index.
#[derive(Clone)]
pub struct ProductIndex(Arc<Inner>);

struct Inner {
    store: Store,
    empty: EmptyIndex,
    /// One update at a time.
    updating: Mutex<()>,
    /// The current index with its feed. Not locked while another one is built.
    feed: Mutex<Option<Feed>>,
    /// The index that queries use; `None` until it was built.
    built: watch::Sender<Option<Arc<dyn Search>>>,
}

/// Why the index could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The documents could not be read.
    #[error("the documents of products or categories could not be read")]
    Store(#[from] StoreError),
    /// The index could not be written.
    #[error("the search index could not be written")]
    Search(#[from] SearchError),
}

impl ProductIndex {
    /// An index that is not built yet. `empty` makes the indexes that are filled.
    pub fn new(store: Store, empty: EmptyIndex) -> Self {
        let built = watch::Sender::new(None);
        Self(Arc::new(Inner { store, empty, updating: Mutex::new(()), feed: Mutex::new(None), built }))
    }

    /// Builds the index and keeps it up to date until the shutdown begins. Failures are logged and retried.
    pub async fn follow(self, shutdown: Shutdown) {
        tokio::join!(self.follow_products(&shutdown), self.follow_stock(&shutdown));
    }

    async fn follow_products(&self, shutdown: &Shutdown) {
        let mut pauses = PAUSES;
        loop {
            let step = async {
                let since = self.changes(None).await?;
                self.update_products().await?;
                self.changes(Some(&since)).await.map(drop)
            };
            if !taken(step, shutdown, &mut pauses).await {
                return;
            }
        }
    }

    async fn follow_stock(&self, shutdown: &Shutdown) {
        let (mut pauses, mut since) = (PAUSES, None);
        loop {
            let step = async {
                let keyed = &self.0.store.keyed;
                since = Some(keyed.changed(STOCK.name, since.as_ref(), CHECK_INTERVAL).await?);
                let began = Instant::now();
                self.update_stock().await?;
                // However much is sold, looking takes at most a quarter of the time.
                sleep(STOCK_PAUSE.max(began.elapsed().saturating_mul(3))).await;
                Ok(())
            };
            if !taken(step, shutdown, &mut pauses).await {
                return;
            }
        }
    }

    /// Brings the index up to the documents as they are now. Builds it if there is none, if another generation of the documents
    /// is live, or if the documents are older than before, because their store was restored.
    pub async fn update(&self) -> Result<(), IndexError> {
        self.update_products().await?;
        self.update_stock().await
    }

    async fn update_products(&self) -> Result<(), IndexError> {
        let _one_at_a_time = self.0.updating.lock().await;
        if let Some(feed) = self.0.feed.lock().await.as_mut()
            && feed.follow_products(&self.0.store).await?
        {
            return Ok(());
        }
        self.build().await
    }

    /// Does nothing if there is no index yet.
    async fn update_stock(&self) -> Result<(), IndexError> {
        let _one_at_a_time = self.0.updating.lock().await;
        let followed = match self.0.feed.lock().await.as_mut() {
            Some(feed) => feed.follow_stock(&self.0.store).await?,
            None => true,
        };
        if followed { Ok(()) } else { self.build().await }
    }

    async fn build(&self) -> Result<(), IndexError> {
        let began = Instant::now();
        let new = Feed::build(&self.0.store, (self.0.empty)()).await?;
        tracing::info!(milliseconds = began.elapsed().as_millis(), "built the search index");
        let mut feed = self.0.feed.lock().await;
        self.0.built.send_replace(Some(new.index()));
        *feed = Some(new);
        Ok(())
    }

    /// Waits until something was written to the documents, but not longer than until the next check is due.
    async fn changes(
        &self,
        since: Option<&(ChangeToken, ChangeToken)>,
    ) -> Result<(ChangeToken, ChangeToken), IndexError> {
        let keyed = &self.0.store.keyed;
        let Some((products, categories)) = since else {
            let products = keyed.changed(PRODUCTS.name, None, Duration::ZERO).await?;
            return Ok((products, keyed.changed(CATEGORIES.name, None, Duration::ZERO).await?));
        };
        let changed = tokio::select! {
            products = keyed.changed(PRODUCTS.name, Some(products), CHECK_INTERVAL) => {
                (products?, categories.clone())
            }
            categories = keyed.changed(CATEGORIES.name, Some(categories), CHECK_INTERVAL) => {
                (products.clone(), categories?)
            }
        };
        Ok(changed)
    }

    /// Whether queries can be answered.
    pub(crate) fn is_built(&self) -> bool {
        self.0.built.borrow().is_some()
    }

    /// Answers an index with at least these versions of products and of the category tree, and with these stock items as they are now,
    /// as far as the documents have them. `None` if `patience` ends before.
    pub(crate) async fn with(
        &self,
        products: &[(String, u64)],
        tree_version: Option<u64>,
        stock: &[String],
        patience: Duration,
    ) -> Result<Option<Arc<dyn Search>>, IndexError> {
        if products.is_empty() && tree_version.is_none() && stock.is_empty() {
            return Ok(self.built(patience).await);
        }
        let deadline = Instant::now() + patience;
        if self.built(patience).await.is_none() {
            return Ok(None);
        }
        let Ok(mut feed) = timeout_at(deadline, self.0.feed.lock()).await else { return Ok(None) };
        let Some(feed) = feed.as_mut() else { return Ok(None) };
        if tree_version.is_some_and(|wanted| feed.tree_version() < wanted) {
            feed.follow_categories(&self.0.store).await?;
        }
        let ids: Vec<String> = products.iter().map(|(id, _)| id.clone()).collect();
        let indexed = feed.index().versions(&ids).await?;
        let older = products.iter().zip(indexed).filter(|((_, wanted), has)| has.unwrap_or(0) < *wanted);
        let older: Vec<String> = older.map(|((id, _), _)| id.clone()).collect();
        feed.put_these(&self.0.store, &older).await?;
        feed.put_with_stock(&self.0.store, stock.iter().map(String::as_str)).await?;
        Ok(Some(feed.index()))
    }

    /// The index, once it was built; `None` if `patience` ends before.
    async fn built(&self, patience: Duration) -> Option<Arc<dyn Search>> {
        let mut built = self.0.built.subscribe();
        let found = tokio::time::timeout(patience, built.wait_for(Option::is_some)).await;
        found.ok()?.ok()?.clone()
    }
}

/// Takes a step. A failure is logged, and followed by a pause. `false`: the shutdown has begun.
async fn taken(
    step: impl Future<Output = Result<(), IndexError>>,
    shutdown: &Shutdown,
    pauses: &mut Backoff,
) -> bool {
    let failed = tokio::select! {
        () = shutdown.begun() => return false,
        done = step => done.err(),
    };
    let Some(error) = failed else {
        pauses.reset();
        return true;
    };
    tracing::error!(
        error = &error as &dyn std::error::Error,
        "could not update the search index; will retry"
    );
    pauses.pause(shutdown.token()).await
}
