//! Life times.

use super::*;
use crate::hot::LONGEST_LIFE;

const MILLI: Duration = Duration::from_millis(1);

async fn is_served(store: &dyn HotStore, key: &HotKey) -> Result<bool, Broken> {
    Ok(store.get(key).await?.is_some())
}

pub(super) async fn an_item_is_served_until_its_end_and_not_at_it(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, key) = (at.open().await?, cart("short")?);
    let end = at.clock().now().plus(MINUTE);
    put(&*store, &key, b"x", LIFE).await?;
    let held = store.get(&key).await?.ok_or("it is not found at once")?;
    ensure((held.expires, held.until) == (end, None), format!("its end is {:?}, not {end}", held.expires))?;
    at.clock().advance_by(MINUTE - MILLI);
    ensure(is_served(&*store, &key).await?, "it is not served a millisecond before its end")?;
    at.clock().advance_by(MILLI);
    ensure(!is_served(&*store, &key).await?, "it is served at its end")?;
    at.clock().advance_by(LONGEST_LIFE);
    ensure(!is_served(&*store, &key).await?, "it is served long after its end")
}

pub(super) async fn an_item_that_has_ended_is_absent(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, key) = (at.open().await?, cart("ended")?);
    let version = put(&*store, &key, b"old", LIFE).await?;
    at.clock().advance_by(MINUTE);
    ensure(!store.touch(&key, MINUTE).await?, "a touch finds it")?;
    ensure(!is_served(&*store, &key).await?, "a touch revives it")?;
    ensure(!store.remove(&key, None).await?, "a removal finds it")?;
    let late = store.put(&key, b"late", Only::Version(version), LIFE).await?;
    ensure(late == Put::Other(None), format!("a put of its version gave {late:?}"))?;
    let new = store.put(&key, b"new", Only::Absent, LIFE).await?;
    ensure(matches!(new, Put::Kept(_)), format!("a first put gave {new:?}"))?;
    ensure(value(store.get(&key).await?.as_ref()) == Some(b"new"), "its successor is not found")
}

pub(super) async fn a_touch_slides_the_end_and_changes_nothing_else(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, key) = (at.open().await?, cart("touched")?);
    ensure(!store.touch(&key, MINUTE).await?, "an item that never was is touched")?;
    ensure(!is_served(&*store, &key).await?, "a touch makes an item")?;
    put(&*store, &key, b"x", LIFE).await?;
    let before = store.get(&key).await?.ok_or("it is not found")?;
    for _ in 0..3 {
        at.clock().advance_by(MINUTE - MILLI);
        ensure(store.touch(&key, MINUTE).await?, "a touch does not find it")?;
        let expected = Held { expires: at.clock().now().plus(MINUTE), ..before.clone() };
        let after = store.get(&key).await?;
        ensure(after.as_ref() == Some(&expected), format!("a touch made {before:?} {after:?}"))?;
    }
    at.clock().advance_by(MINUTE);
    ensure(!is_served(&*store, &key).await?, "it does not end after the last touch")
}

pub(super) async fn a_touch_does_not_pass_the_last_end(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, key) = (at.open().await?, cart("bounded")?);
    let end = at.clock().now().plus(MINUTE + SECOND);
    put(&*store, &key, b"x", LIFE.until(end)).await?;
    at.clock().advance_by(MINUTE - SECOND);
    ensure(store.touch(&key, MINUTE).await?, "a touch does not find it")?;
    let held = store.get(&key).await?.ok_or("it is not found")?;
    ensure(
        (held.expires, held.until) == (end, Some(end)),
        format!("its end is {}, not {end}", held.expires),
    )?;
    at.clock().advance_to(end);
    ensure(!is_served(&*store, &key).await?, "it is served at its last end")?;
    ensure(!store.touch(&key, MINUTE).await?, "a touch finds it at its last end")?;
    let past = LIFE.until(at.clock().now());
    put(&*store, &key, b"x", past).await?;
    ensure(!is_served(&*store, &key).await?, "an item that ends now is served")
}

pub(super) async fn a_touch_does_not_shorten_a_life(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, key) = (at.open().await?, cart("long")?);
    put(&*store, &key, b"x", LIFE).await?;
    ensure(store.touch(&key, SECOND).await?, "a touch does not find it")?;
    at.clock().advance_by(MINUTE - MILLI);
    ensure(is_served(&*store, &key).await?, "a short touch ends it early")
}

pub(super) async fn a_put_begins_a_new_life(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, key) = (at.open().await?, cart("renewed")?);
    put(&*store, &key, b"x", LIFE.until(at.clock().now().plus(2 * MINUTE))).await?;
    put(&*store, &key, b"x", Life::sliding(SECOND)).await?;
    let held = store.get(&key).await?.ok_or("it is not found")?;
    ensure(held.until.is_none(), "the last end of the item before remains")?;
    at.clock().advance_by(SECOND);
    ensure(!is_served(&*store, &key).await?, "the life of the item before goes on")
}

pub(super) async fn life_times_outside_the_limits_are_refused(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, key) = (at.open().await?, cart("limits")?);
    put(&*store, &key, b"x", Life::sliding(MILLI)).await?;
    put(&*store, &key, b"x", Life::sliding(LONGEST_LIFE)).await?;
    for ttl in [Duration::ZERO, Duration::from_nanos(1), LONGEST_LIFE + MILLI] {
        let refused = store.put(&key, b"y", Only::Any, Life::sliding(ttl)).await;
        ensure(matches!(refused, Err(HotError::Life)), format!("a put for {ttl:?} gave {refused:?}"))?;
        let refused = store.touch(&key, ttl).await;
        ensure(matches!(refused, Err(HotError::Life)), format!("a touch for {ttl:?} gave {refused:?}"))?;
    }
    ensure(value(store.get(&key).await?.as_ref()) == Some(b"x"), "a refused put changed the item")
}
