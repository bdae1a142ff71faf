use async_trait::async_trait;
use platform::bus::memory::MemoryBus;
use platform::clock::DrivenClock;
use read_models::{StoreError, connect, documents};
use tokio::sync::Notify;

use super::*;
use crate::projections::orders::ORDERS;

/// How a write of the record goes wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It has no answer, and is done right before the next one.
    Late,
}

struct Faulty {
    rebuilds: parking_lot::Mutex<Arc<dyn Rebuilds>>,
    /// Of the next write.
    fault: parking_lot::Mutex<Fault>,
    late: parking_lot::Mutex<Option<(Rebuild, u64)>>,
    begun: Notify,
}

impl Faulty {
    fn next(&self, fault: Fault) {
        *self.fault.lock() = fault;
    }

    fn store(&self) -> Arc<dyn Rebuilds> {
        self.rebuilds.lock().clone()
    }

    async fn record(&self) -> Rebuild {
        self.store().rebuild(ORDERS.name()).await.unwrap().unwrap().0
    }
}

#[async_trait]
impl Rebuilds for Faulty {
    async fn rebuild(&self, collection: &str) -> Result<Option<(Rebuild, u64)>, StoreError> {
        self.store().rebuild(collection).await
    }

    async fn put_rebuild(&self, rebuild: &Rebuild, expected: u64) -> Result<bool, StoreError> {
        let store = self.store();
        let late = self.late.lock().take();
        if let Some((late, expected)) = late {
            assert!(store.put_rebuild(&late, expected).await?, "the late write is the first one");
        }
        let fault = std::mem::replace(&mut *self.fault.lock(), Fault::None);
        if fault == Fault::Late {
            *self.late.lock() = Some((rebuild.clone(), expected));
            self.begun.notify_one();
            return std::future::pending().await;
        }
        let put = store.put_rebuild(rebuild, expected).await?;
        match fault {
            Fault::AnswerLost => Err(StoreError::Unavailable("the connection was lost".to_owned(), None)),
            _ => Ok(put),
        }
    }
}

struct Shop {
    backends: Backends,
    rebuilds: Arc<Faulty>,
    clock: DrivenClock,
    folder: tempfile::TempDir,
}

impl Shop {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Self::store(&folder, "documents").await;
        let rebuilds = Arc::new(Faulty {
            rebuilds: parking_lot::Mutex::new(store.rebuilds.clone()),
            fault: parking_lot::Mutex::new(Fault::None),
            late: parking_lot::Mutex::default(),
            begun: Notify::new(),
        });
        store.rebuilds = rebuilds.clone();
        let clock = DrivenClock::new(Timestamp::from_millis(1_800_000_000_000));
        let backends = Backends::new(store, Arc::new(MemoryBus::default()), clock.clock()).patient();
        Self { backends, rebuilds, clock, folder }
    }

    async fn store(folder: &tempfile::TempDir, name: &str) -> read_models::Store {
        let url = format!("sqlite://{}", folder.path().join(format!("{name}.sqlite")).display());
        connect(&url, &documents::ALL).await.unwrap()
    }

    async fn take(&self) -> Result<Lease, RebuildError> {
        Lease::take(&ORDERS, &self.backends).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_of_the_lease_that_landed_without_an_answer_is_its_own() {
    let shop = Shop::open().await;
    shop.rebuilds.next(Fault::AnswerLost);
    let lease = shop.take().await.unwrap();
    shop.rebuilds.next(Fault::AnswerLost);
    lease.builds(7).await.unwrap();
    assert_eq!(shop.rebuilds.record().await.generation, 7);
    shop.rebuilds.next(Fault::AnswerLost);
    lease.release(RebuildState::Switched, &[]).await.unwrap();
    assert_eq!(shop.rebuilds.record().await.state, RebuildState::Switched);
    let next = shop.take().await.unwrap();
    next.confirm().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_that_lands_after_it_was_stopped_does_not_keep_the_lease() {
    let shop = Shop::open().await;
    let lease = shop.take().await.unwrap();
    shop.rebuilds.next(Fault::Late);
    // The heartbeat may start to wait after any of these.
    let mut begun = std::pin::pin!(shop.rebuilds.begun.notified());
    while futures_util::poll!(begun.as_mut()).is_pending() {
        shop.clock.advance_by(HEARTBEAT);
        tokio::task::yield_now().await;
    }
    lease.release(RebuildState::Failed, &["order-1".to_owned()]).await.unwrap();
    let ended = shop.rebuilds.record().await;
    assert_eq!((ended.state, ended.differences.len()), (RebuildState::Failed, 1));
    shop.take().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_another_owner_overtakes_a_lease() {
    let shop = Shop::open().await;
    let lease = shop.take().await.unwrap();
    // A database that was restored to a moment before the rebuild.
    *shop.rebuilds.rebuilds.lock() = Shop::store(&shop.folder, "restored").await.rebuilds;
    lease.confirm().await.unwrap();
    let (record, revision) = shop.rebuilds.rebuild(ORDERS.name()).await.unwrap().unwrap();
    let other = Rebuild { owner: "other".to_owned(), ..record };
    assert!(shop.rebuilds.put_rebuild(&other, revision).await.unwrap());
    assert!(matches!(lease.confirm().await, Err(RebuildError::Overtaken("orders"))));
    lease.release(RebuildState::Switched, &[]).await.unwrap();
    assert_eq!(shop.rebuilds.record().await, other);
    assert!(matches!(shop.take().await, Err(RebuildError::Running { .. })));
}
