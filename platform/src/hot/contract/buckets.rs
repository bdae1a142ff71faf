//! Token buckets.

use futures_util::future::join_all;

use super::*;
use crate::hot::{Rate, Taken};

const MICRO: Duration = Duration::from_micros(1);

/// Three tokens, and one more every second.
fn rate() -> Result<Rate, Broken> {
    Ok(Rate::new(3, SECOND).ok_or("the rate is outside the limits")?)
}

async fn takes(store: &dyn HotStore, bucket: &HotKey, n: u32, expected: Taken) -> Checked {
    let taken = store.take(bucket, rate()?, n).await?;
    ensure(taken == expected, format!("taking {n} gave {taken:?}, not {expected:?}"))
}

pub(super) async fn a_bucket_gives_its_burst_and_then_its_rate(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, bucket) = (at.open().await?, cart("rate")?);
    for _ in 0..3 {
        takes(&*store, &bucket, 1, Taken::Yes).await?;
    }
    for _ in 0..3 {
        takes(&*store, &bucket, 1, Taken::After(SECOND)).await?;
        at.clock().advance_by(SECOND);
        takes(&*store, &bucket, 1, Taken::Yes).await?;
    }
    takes(&*store, &cart("another")?, 3, Taken::Yes).await?;
    // Another process draws from the same bucket.
    takes(&*at.open().await?, &bucket, 1, Taken::After(SECOND)).await
}

pub(super) async fn a_refusal_changes_nothing_and_tells_the_time(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, bucket) = (at.open().await?, cart("refusal")?);
    takes(&*store, &bucket, 3, Taken::Yes).await?;
    for _ in 0..5 {
        takes(&*store, &bucket, 2, Taken::After(2 * SECOND)).await?;
    }
    at.clock().advance_by(2 * SECOND - Duration::from_millis(1));
    takes(&*store, &bucket, 2, Taken::After(Duration::from_millis(1))).await?;
    at.clock().advance_by(Duration::from_millis(1));
    takes(&*store, &bucket, 2, Taken::Yes).await?;
    takes(&*store, &bucket, 1, Taken::After(SECOND)).await?;
    // Rates finer than the clock count in full.
    let fine = Rate::new(2, Duration::from_micros(1_500)).ok_or("the rate is outside the limits")?;
    let bucket = cart("fine")?;
    ensure(store.take(&bucket, fine, 2).await? == Taken::Yes, "a new bucket is not full")?;
    at.clock().advance_by(Duration::from_millis(1));
    let early = store.take(&bucket, fine, 1).await?;
    ensure(early == Taken::After(500 * MICRO), format!("after two thirds of its time it gave {early:?}"))
}

pub(super) async fn a_full_bucket_gains_nothing(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, bucket) = (at.open().await?, cart("full")?);
    takes(&*store, &bucket, 1, Taken::Yes).await?;
    at.clock().advance_by(60 * MINUTE);
    for _ in 0..3 {
        takes(&*store, &bucket, 1, Taken::Yes).await?;
    }
    takes(&*store, &bucket, 1, Taken::After(SECOND)).await
}

pub(super) async fn several_tokens_are_taken_all_or_none(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, bucket) = (at.open().await?, cart("several")?);
    takes(&*store, &bucket, 2, Taken::Yes).await?;
    takes(&*store, &bucket, 3, Taken::After(2 * SECOND)).await?;
    takes(&*store, &bucket, 1, Taken::Yes).await?;
    takes(&*store, &bucket, 0, Taken::Yes).await?;
    let never = store.take(&bucket, rate()?, 4).await;
    let refused = matches!(never, Err(HotError::NeverEnough { wanted: 4, burst: 3 }));
    ensure(refused, format!("more than the burst gave {never:?}"))
}

pub(super) async fn concurrent_takers_get_no_more_than_the_burst(at: &dyn HotStoreUnderTest) -> Checked {
    let (stores, bucket) = ([at.open().await?, at.open().await?], cart("concurrent")?);
    let burst = Rate::new(10, MINUTE).ok_or("the rate is outside the limits")?;
    let takers = (0..40).map(|number| stores[number % 2].take(&bucket, burst, 1));
    let taken: Vec<Taken> = join_all(takers).await.into_iter().collect::<Result<_, _>>()?;
    let yes = taken.iter().filter(|taken| **taken == Taken::Yes).count();
    ensure(yes == 10, format!("{yes} of 40 got one of 10 tokens"))
}

pub(super) async fn a_bucket_is_never_emptier_than_empty(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, bucket) = (at.open().await?, cart("faster")?);
    let slow = Rate::new(3, 60 * MINUTE).ok_or("the rate is outside the limits")?;
    ensure(store.take(&bucket, slow, 3).await? == Taken::Yes, "a new bucket is not full")?;
    // The shop's rate was raised: the bucket fills at the new one.
    takes(&*store, &bucket, 1, Taken::After(SECOND)).await
}

pub(super) async fn buckets_and_items_are_independent(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, key) = (at.open().await?, cart("both")?);
    put(&*store, &key, b"x", LIFE).await?;
    takes(&*store, &key, 3, Taken::Yes).await?;
    takes(&*store, &key, 1, Taken::After(SECOND)).await?;
    ensure(value(store.get(&key).await?.as_ref()) == Some(b"x"), "taking tokens changed the item")?;
    store.remove(&key, None).await?;
    takes(&*store, &key, 1, Taken::After(SECOND)).await?;
    let idle = store.idle(CART, at.clock().now().plus(SECOND), 10).await?;
    ensure(idle.is_empty(), "a bucket is an idle item")
}
