//! Conditions, versions and values.

use std::collections::HashSet;

use futures_util::future::join_all;

use super::*;
use crate::hot::LONGEST_VALUE;

pub(super) async fn a_put_whose_condition_does_not_hold_changes_nothing(
    at: &dyn HotStoreUnderTest,
) -> Checked {
    let (store, key) = (at.open().await?, cart("1")?);
    let none = store.put(&key, b"x", Only::Version(1), LIFE).await?;
    ensure(none == Put::Other(None), format!("a version of no item was found: {none:?}"))?;
    ensure(store.get(&key).await?.is_none(), "a refused put made an item")?;

    let Put::Kept(version) = store.put(&key, b"first", Only::Absent, LIFE).await? else {
        return Err("the first put of a key is refused".into());
    };
    let held = store.get(&key).await?;
    ensure(held.as_ref().map(|held| held.version) == Some(version), "the version is not that of the put")?;
    at.clock().advance_by(SECOND);
    for only in [Only::Absent, Only::Version(version + 1), Only::Version(version - 1)] {
        let refused = store.put(&key, b"second", only, LIFE).await?;
        ensure(refused == Put::Other(held.clone()), format!("{only:?} gave {refused:?}"))?;
        ensure(store.get(&key).await? == held, format!("{only:?} changed the item"))?;
    }
    let kept = store.put(&key, b"second", Only::Version(version), LIFE).await?;
    ensure(matches!(kept, Put::Kept(next) if next > version), format!("the right version gave {kept:?}"))?;
    ensure(value(store.get(&key).await?.as_ref()) == Some(b"second"), "a kept put is not found")
}

async fn one_is_kept(at: &dyn HotStoreUnderTest, key: &HotKey, only: Only) -> Checked {
    let stores = [at.open().await?, at.open().await?];
    let values: Vec<String> = (0..16).map(|number| format!("writer {number}")).collect();
    let puts = values.iter().enumerate();
    let puts = puts.map(|(number, value)| stores[number % 2].put(key, value.as_bytes(), only, LIFE));
    let outcomes: Vec<Put> = join_all(puts).await.into_iter().collect::<Result<_, _>>()?;
    let kept: Vec<usize> = (0..16).filter(|number| matches!(outcomes[*number], Put::Kept(_))).collect();
    ensure(kept.len() == 1, format!("{} of 16 were kept", kept.len()))?;
    let found = stores[0].get(key).await?;
    ensure(value(found.as_ref()) == Some(values[kept[0]].as_bytes()), "the item is not that of the one")?;
    let told =
        outcomes.iter().filter(|outcome| matches!(outcome, Put::Other(held) if *held == found)).count();
    ensure(told == 15, "the others were not given the item of the one")
}

pub(super) async fn of_many_puts_of_one_version_one_is_kept(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, key) = (at.open().await?, cart("raced")?);
    let version = put(&*store, &key, b"before", LIFE).await?;
    one_is_kept(at, &key, Only::Version(version)).await
}

pub(super) async fn of_many_first_puts_one_is_kept(at: &dyn HotStoreUnderTest) -> Checked {
    one_is_kept(at, &cart("first")?, Only::Absent).await
}

pub(super) async fn a_version_is_never_used_twice(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, key, other) = (at.open().await?, cart("again")?, cart("other")?);
    let mut versions = vec![put(&*store, &key, b"1", LIFE).await?];
    store.remove(&key, None).await?;
    versions.push(put(&*store, &key, b"2", LIFE).await?);
    at.clock().advance_by(2 * MINUTE);
    versions.push(put(&*store, &other, b"3", LIFE).await?);
    versions.push(put(&*store, &key, b"4", LIFE).await?);
    versions.push(put(&*at.open().await?, &key, b"5", LIFE).await?);
    ensure(versions.is_sorted_by(|a, b| a < b), format!("the versions are {versions:?}"))?;
    let late = store.put(&key, b"late", Only::Version(versions[0]), LIFE).await?;
    ensure(matches!(late, Put::Other(Some(_))), "a version of a removed item is that of its successor")
}

pub(super) async fn removing_an_item_respects_its_version(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, key) = (at.open().await?, cart("gone")?);
    ensure(!store.remove(&key, None).await?, "an item that never was is removed")?;
    let old = put(&*store, &key, b"1", LIFE).await?;
    let new = put(&*store, &key, b"2", LIFE).await?;
    ensure(!store.remove(&key, Some(old)).await?, "an old version is removed")?;
    ensure(value(store.get(&key).await?.as_ref()) == Some(b"2"), "a refused removal changed the item")?;
    ensure(store.remove(&key, Some(new)).await?, "the version of the item is not removed")?;
    ensure(store.get(&key).await?.is_none(), "the item is still found")?;
    ensure(!store.remove(&key, None).await?, "the item is removed twice")?;
    put(&*store, &key, b"3", LIFE).await?;
    ensure(store.remove(&key, None).await? && store.get(&key).await?.is_none(), "it is not removed")
}

pub(super) async fn another_process_sees_the_same_items(at: &dyn HotStoreUnderTest) -> Checked {
    let key = cart("shared")?;
    let here = at.open().await?;
    put(&*here, &key, b"here", LIFE).await?;
    let there = at.open().await?;
    ensure(there.get(&key).await? == here.get(&key).await?, "another process does not find it")?;
    put(&*there, &key, b"there", LIFE).await?;
    ensure(value(here.get(&key).await?.as_ref()) == Some(b"there"), "a write of another process is missed")?;
    drop((here, there));
    ensure(at.open().await?.get(&key).await?.is_some(), "the item is gone after opening again")
}

pub(super) async fn keys_that_differ_are_different_items(at: &dyn HotStoreUnderTest) -> Checked {
    const OTHER: Kind = Kind::new("cart-x");
    let store = at.open().await?;
    let ids = ["a", "A", "a:b", "a.b", "a-b", "a_b", "-a", "ab", "1", "01"];
    let mut keys = Vec::new();
    for kind in [CART, OTHER] {
        for id in ids {
            keys.push(HotKey::new(kind, id)?);
        }
        keys.push(HotKey::new(kind, "x".repeat(128))?);
    }
    for key in &keys {
        put(&*store, key, key.to_string().as_bytes(), LIFE).await?;
    }
    for key in &keys {
        let found = store.get(key).await?;
        ensure(value(found.as_ref()) == Some(key.to_string().as_bytes()), format!("{key} has {found:?}"))?;
    }
    let distinct: HashSet<&HotKey> = keys.iter().collect();
    ensure(distinct.len() == keys.len(), "two keys are equal")
}

pub(super) async fn any_bytes_are_kept_up_to_the_limit(at: &dyn HotStoreUnderTest) -> Checked {
    let (store, key) = (at.open().await?, cart("large")?);
    let every_byte: Vec<u8> = (0..=255).collect();
    for bytes in [vec![], every_byte, vec![0; LONGEST_VALUE]] {
        put(&*store, &key, &bytes, LIFE).await?;
        let found = store.get(&key).await?;
        ensure(value(found.as_ref()) == Some(&bytes), format!("{} bytes are not kept", bytes.len()))?;
    }
    let larger = vec![1; LONGEST_VALUE + 1];
    let refused = store.put(&key, &larger, Only::Any, LIFE).await;
    ensure(matches!(refused, Err(HotError::TooLarge(bytes)) if bytes == larger.len()), "it is not refused")?;
    ensure(store.get(&key).await?.is_some_and(|held| held.value[0] == 0), "a refused value is kept")
}
