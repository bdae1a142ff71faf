//! Waiting for writes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::books::{live, lost, put, versioned};
use super::{BOOKS, Place, Verdict, ensure};
use crate::store::Store;

/// Far longer than any write takes.
const LONG: Duration = Duration::from_secs(300);
/// What another process's write may take to be noticed, on the busiest machine too.
const SOON: Duration = Duration::from_secs(60);

/// The counter once nothing moves it any more: writes of others may be noticed a little later.
async fn settled(store: &Store) -> u64 {
    let mut since = 0;
    loop {
        let now = store.documents().changed(BOOKS.name, since, Duration::from_millis(400)).await;
        if now == since {
            return now;
        }
        since = now;
    }
}

/// `writer` writes while `waiter` waits.
async fn ends_with_a_write(writer: Store, waiter: Store) -> Verdict {
    let generation = live(&writer).await?;
    for version in 1..=2 {
        let since = settled(&waiter).await;
        let waiting = tokio::spawn({
            let waiter = waiter.clone();
            async move {
                let began = Instant::now();
                (waiter.documents().changed(BOOKS.name, since, LONG).await, began.elapsed())
            }
        });
        put(&writer, &generation, &[versioned("a", version)]).await?;
        let (now, waited) = waiting.await.map_err(lost)?;
        ensure!(now != since, "a write did not move the counter");
        ensure!(waited < SOON, "a write was noticed after {waited:?}");
    }
    Ok(())
}

pub(super) async fn waiting_ends_with_a_write(place: Arc<dyn Place>) -> Verdict {
    let store = place.open().await?;
    ends_with_a_write(store.clone(), store).await
}

pub(super) async fn waiting_ends_with_another_process_s_write(place: Arc<dyn Place>) -> Verdict {
    let (writer, waiter) = (place.open().await?, place.open().await?);
    ends_with_a_write(writer, waiter).await
}

pub(super) async fn waiting_ends_with_patience(place: Arc<dyn Place>) -> Verdict {
    let store = place.open().await?;
    let began = Instant::now();
    let first = store.documents().changed(BOOKS.name, 0, LONG).await;
    ensure!(began.elapsed() < SOON, "waiting since 0 is not answered at once");
    ensure!(first > 0, "a counter begins at 0");
    let since = settled(&store).await;
    let patience = Duration::from_millis(50);
    let began = Instant::now();
    let now = store.documents().changed(BOOKS.name, since, patience).await;
    let waited = began.elapsed();
    ensure!(now == since, "without a write the counter went from {since} to {now}");
    ensure!(waited >= patience && waited < SOON, "with a patience of {patience:?} it waited {waited:?}");
    Ok(())
}

pub(super) async fn a_write_before_the_waiting_is_not_missed(place: Arc<dyn Place>) -> Verdict {
    let (store, other) = (place.open().await?, place.open().await?);
    let generation = live(&store).await?;
    for (writer, version) in [(&store, 1), (&other, 2), (&store, 3), (&other, 4)] {
        let since = settled(&store).await;
        put(writer, &generation, &[versioned("a", version)]).await?;
        let began = Instant::now();
        let now = store.documents().changed(BOOKS.name, since, LONG).await;
        ensure!(now != since, "version {version} was written before the waiting and missed");
        ensure!(began.elapsed() < SOON, "version {version} was noticed after {:?}", began.elapsed());
    }
    Ok(())
}
