//! Waiting for writes.

use std::time::{Duration, Instant};

use super::books::{live, put, versioned};
use super::{BOOKS, Broken, Checked, KeyedLocation, KeyedStore, ensure};
use crate::port::ChangeToken;

/// Far longer than any write takes.
const LONG: Duration = Duration::from_secs(300);
/// How long a write of another process may go unnoticed, even on a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// The token once it no longer changes: writes of other processes may be noticed a little later.
async fn settled(store: &KeyedStore) -> Result<ChangeToken, Broken> {
    let mut since = None;
    loop {
        let now = store.keyed.changed(BOOKS.name, since.as_ref(), Duration::from_millis(400)).await?;
        if since.as_ref() == Some(&now) {
            return Ok(now);
        }
        since = Some(now);
    }
}

/// `writer` writes while `waiter` waits.
async fn ends_with_a_write(writer: KeyedStore, waiter: KeyedStore) -> Checked {
    let generation = live(&writer).await?;
    for version in 1..=2 {
        let since = settled(&waiter).await?;
        let waiting = tokio::spawn({
            let (waiter, since) = (waiter.clone(), since.clone());
            async move {
                let began = Instant::now();
                (waiter.keyed.changed(BOOKS.name, Some(&since), LONG).await, began.elapsed())
            }
        });
        put(&writer, &generation, &[versioned("a", version)]).await?;
        let (now, waited) = waiting.await?;
        ensure!(now? != since, "a write did not change the token");
        ensure!(waited < SOON, "a write was noticed after {waited:?}");
    }
    Ok(())
}

pub(super) async fn waiting_ends_with_a_write(location: &dyn KeyedLocation) -> Checked {
    let store = location.open_keyed().await?;
    ends_with_a_write(store.clone(), store).await
}

pub(super) async fn waiting_ends_with_a_write_of_another_process(location: &dyn KeyedLocation) -> Checked {
    let (writer, waiter) = (location.open_keyed().await?, location.open_keyed().await?);
    ends_with_a_write(writer, waiter).await
}

pub(super) async fn waiting_ends_with_the_timeout(location: &dyn KeyedLocation) -> Checked {
    let store = location.open_keyed().await?;
    let began = Instant::now();
    store.keyed.changed(BOOKS.name, None, LONG).await?;
    ensure!(began.elapsed() < SOON, "waiting without a token is not answered at once");
    let since = settled(&store).await?;
    let timeout = Duration::from_millis(50);
    let began = Instant::now();
    let now = store.keyed.changed(BOOKS.name, Some(&since), timeout).await?;
    let waited = began.elapsed();
    ensure!(now == since, "without a write the token went from {since:?} to {now:?}");
    ensure!(waited >= timeout && waited < SOON, "with a timeout of {timeout:?} it waited {waited:?}");
    Ok(())
}

pub(super) async fn a_write_before_the_waiting_is_not_missed(location: &dyn KeyedLocation) -> Checked {
    let (store, other) = (location.open_keyed().await?, location.open_keyed().await?);
    let generation = live(&store).await?;
    for (writer, version) in [(&store, 1), (&other, 2), (&store, 3), (&other, 4)] {
        let since = settled(&store).await?;
        put(writer, &generation, &[versioned("a", version)]).await?;
        let began = Instant::now();
        let now = store.keyed.changed(BOOKS.name, Some(&since), LONG).await?;
        ensure!(now != since, "version {version} was written before the waiting and missed");
        ensure!(began.elapsed() < SOON, "version {version} was noticed after {:?}", began.elapsed());
    }
    Ok(())
}
