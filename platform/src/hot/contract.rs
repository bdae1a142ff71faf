//! The contract of the hot store port. `hot_store_suite` makes a test of each promise.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Held, HotError, HotKey, HotStore, Kind, Life, Only, Put};
use crate::clock::DrivenClock;
use crate::contract::{Broken, Checked, ensure};
use crate::contract_suite;

mod buckets;
mod idling;
mod lives;
mod versions;

/// A hot store under test: empty at first.
#[async_trait]
pub trait HotStoreUnderTest: Send + Sync {
    /// The clock of all its handles.
    fn clock(&self) -> &DrivenClock;

    /// Opens the store, as another process would. Every call opens the same store.
    async fn open(&self) -> Result<Arc<dyn HotStore>, HotError>;
}

contract_suite! { ($crate::hot::contract)
    /// The promises of a hot store.
    HOT_STORE hot_store_suite HotStoreUnderTest;
    versions: a_put_whose_condition_does_not_hold_changes_nothing,
        of_many_puts_of_one_version_one_is_kept,
        of_many_first_puts_one_is_kept,
        a_version_is_never_used_twice,
        removing_an_item_respects_its_version,
        another_process_sees_the_same_items,
        keys_that_differ_are_different_items,
        any_bytes_are_kept_up_to_the_limit;
    lives: an_item_is_served_until_its_end_and_not_at_it,
        an_item_that_has_ended_is_absent,
        a_touch_slides_the_end_and_changes_nothing_else,
        a_touch_does_not_pass_the_last_end,
        a_touch_does_not_shorten_a_life,
        a_put_begins_a_new_life,
        life_times_outside_the_limits_are_refused;
    buckets: a_bucket_gives_its_burst_and_then_its_rate,
        a_refusal_changes_nothing_and_tells_the_time,
        a_full_bucket_gains_nothing,
        several_tokens_are_taken_all_or_none,
        concurrent_takers_get_no_more_than_the_burst,
        a_bucket_is_never_emptier_than_empty,
        buckets_and_items_are_independent;
    idling: idle_items_come_in_the_order_of_their_last_use,
        idle_items_live_and_are_of_the_kind,
        idle_items_are_limited;
}
#[cfg(test)]
pub(crate) use hot_store_suite;

const CART: Kind = Kind::new("cart");
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const LIFE: Life = Life { ttl: MINUTE, until: None };

fn cart(id: &str) -> Result<HotKey, Broken> {
    Ok(HotKey::new(CART, id)?)
}

/// Puts an item without a condition. Returns its version.
async fn put(store: &dyn HotStore, key: &HotKey, value: &[u8], life: Life) -> Result<u64, Broken> {
    match store.put(key, value, Only::Any, life).await? {
        Put::Kept(version) => Ok(version),
        Put::Other(held) => Err(format!("a put without a condition found {held:?}").into()),
    }
}

fn value(held: Option<&Held>) -> Option<&[u8]> {
    held.map(|held| &held.value[..])
}
