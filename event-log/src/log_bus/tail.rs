//! Caches the last pages of a log, so that many readers near its end cost one read.

use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use tokio::sync::Mutex;

use crate::port::{Log, LogError, Read, StoredEvent};

const PAGE: u64 = 256;
/// Cached pages: some ten thousand events.
const PAGES: usize = 64;

/// A log that is read in pages at fixed positions. Events never change, so a page only grows.
pub(super) struct Tail {
    log: Arc<dyn Log>,
    pages: Mutex<LruCache<u64, Vec<StoredEvent>>>,
}

impl Tail {
    pub(crate) fn new(log: Arc<dyn Log>) -> Self {
        Self { log, pages: Mutex::new(LruCache::new(NonZeroUsize::new(PAGES).unwrap_or(NonZeroUsize::MIN))) }
    }

    pub(crate) fn log(&self) -> &Arc<dyn Log> {
        &self.log
    }

    /// At most `max` events after `position`, in order; none at the log's end.
    pub(crate) async fn after(&self, position: u64, max: usize) -> Result<Vec<StoredEvent>, LogError> {
        let mut pages = self.pages.lock().await;
        let mut events: Vec<StoredEvent> = Vec::new();
        while events.len() < max {
            let after = position + events.len() as u64;
            let number = after / PAGE;
            let page = pages.get_or_insert_mut(number, Vec::new);
            let skip = usize::try_from(after % PAGE).unwrap_or(usize::MAX);
            if page.len() <= skip {
                let have = page.len() as u64;
                let limit = usize::try_from(PAGE - have).unwrap_or(usize::MAX);
                page.extend(self.log.read(Read::After(number * PAGE + have), limit).await?);
            }
            let before = events.len();
            events.extend(page.iter().skip(skip).take(max - before).cloned());
            let page_is_full = page.len() as u64 == PAGE;
            if events.len() == before || !page_is_full {
                break;
            }
        }
        Ok(events)
    }
}
