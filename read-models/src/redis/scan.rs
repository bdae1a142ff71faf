//! All documents of a generation.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use futures_util::TryStreamExt;
use futures_util::stream::{self, BoxStream, StreamExt};

use super::documents::CHUNK;
use super::error::failed_at;
use super::{Redis, value};
use crate::port::{Generation, Keyed, Scan, StoreError, Stored};

/// A handle on the store, for [`Scan`].
pub(crate) struct Scanned(pub(crate) Arc<Redis>);

impl Scan for Scanned {
    /// A hash has no order, so the ids of all documents are read first and sorted here.
    fn scan(&self, generation: &Generation) -> BoxStream<'static, Result<Stored, StoreError>> {
        let (store, generation) = (Arc::clone(&self.0), generation.clone());
        let pages = stream::try_unfold(None::<VecDeque<String>>, move |ids| {
            let (store, generation) = (Arc::clone(&store), generation.clone());
            async move {
                let mut ids = match ids {
                    Some(ids) => ids,
                    None if store.is_uncreated(&generation) => return Ok(None),
                    None => {
                        store.positions(&generation).await?;
                        store.ids(&generation).await?.into_iter().collect()
                    }
                };
                if ids.is_empty() {
                    return Ok(None);
                }
                let page: Vec<String> = ids.drain(..ids.len().min(CHUNK)).collect();
                let loaded = store.load(&generation, &page).await?;
                let found = loaded.into_iter().flatten().filter(|one| one.body.is_some());
                let found: Vec<Result<Stored, StoreError>> = found.map(Ok).collect();
                Ok::<_, StoreError>(Some((stream::iter(found), Some(ids))))
            }
        });
        pages.try_flatten().boxed()
    }
}

impl Redis {
    /// The ids of the documents that are not deleted, each once, in order.
    async fn ids(&self, generation: &Generation) -> Result<BTreeSet<String>, StoreError> {
        let (mut ids, mut cursor) = (BTreeSet::new(), 0_u64);
        loop {
            let mut scan = redis::cmd("HSCAN");
            scan.arg(self.keys.documents(generation)).arg(cursor).arg("COUNT").arg(CHUNK);
            let (next, page): (u64, Vec<(String, String)>) =
                self.connection.query(&scan).await.map_err(failed_at("listing documents"))?;
            // A document may be answered more than once.
            ids.extend(page.into_iter().filter(|(_, value)| !value::is_deleted(value)).map(|(id, _)| id));
            cursor = next;
            if cursor == 0 {
                return Ok(ids);
            }
        }
    }
}
