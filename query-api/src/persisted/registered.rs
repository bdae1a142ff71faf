//! The documents that clients have registered.

use std::sync::Arc;

use lru::LruCache;

use super::{AutomaticLimits, Hash};

/// Documents by hash, within bounds. The one that was used least recently goes first.
pub(super) struct Registered {
    documents: LruCache<Hash, Arc<str>>,
    bytes: usize,
    limits: AutomaticLimits,
}

impl Registered {
    pub(super) fn new(limits: AutomaticLimits) -> Self {
        Self { documents: LruCache::unbounded(), bytes: 0, limits }
    }

    pub(super) fn get(&mut self, hash: &Hash) -> Option<Arc<str>> {
        self.documents.get(hash).cloned()
    }

    /// Stores a document. One that is longer than all may be is not stored.
    pub(super) fn insert(&mut self, hash: Hash, text: Arc<str>) {
        if text.len() > self.limits.max_bytes || self.limits.max_documents == 0 {
            return;
        }
        self.bytes += text.len();
        if let Some(before) = self.documents.put(hash, text) {
            self.bytes -= before.len();
        }
        while self.bytes > self.limits.max_bytes || self.documents.len() > self.limits.max_documents {
            let Some((_, gone)) = self.documents.pop_lru() else { break };
            self.bytes -= gone.len();
        }
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        (self.documents.len(), self.bytes)
    }
}
