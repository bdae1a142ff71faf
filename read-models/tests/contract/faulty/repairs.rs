//! Faulty repairs.

use super::*;

#[async_trait]
impl Repairs for FaultyStore {
    async fn replace(&self, generation: &Generation, write: &Write, seen: u64) -> Result<bool, StoreError> {
        match self.fault {
            Fault::RepairsOnlyWhatIsOlder => self.right.keyed.put_if_newer(generation, write).await,
            Fault::RepairsWhatIsNewer => self.right.repairs.replace(generation, write, ANY).await,
            _ => self.right.repairs.replace(generation, write, seen).await,
        }
    }

    async fn remove(&self, generation: &Generation, id: &str, seen: u64) -> Result<bool, StoreError> {
        match self.fault {
            Fault::RemovesWithATombstone => {
                let tombstone = Write { id: id.to_owned(), version: seen, body: None, stale: false };
                self.right.repairs.replace(generation, &tombstone, seen).await
            }
            Fault::RepairsWhatIsNewer => self.right.repairs.remove(generation, id, ANY).await,
            _ => self.right.repairs.remove(generation, id, seen).await,
        }
    }
}

/// Newer than every document.
const ANY: u64 = i64::MAX as u64;
