use sqlx::ConnectOptions;
use tempfile::TempDir;

use super::contract::{HOT_STORE, HotStoreUnderTest, hot_store_suite};
use super::memory::{Fault, MemoryHotStore};
use super::*;
use crate::clock::DrivenClock;
use crate::contract::breach;
use crate::redis::scratch::Scratch;

const BEGIN: i64 = 1_800_000_000_000;
const MINUTE: Duration = Duration::from_secs(60);
const LIFE: Life = Life { ttl: MINUTE, until: None };
const CART: Kind = Kind::new("cart");

fn clock() -> DrivenClock {
    DrivenClock::new(Timestamp::from_millis(BEGIN))
}

struct Memory {
    clock: DrivenClock,
    store: MemoryHotStore,
}

impl Memory {
    fn new(fault: Fault) -> Self {
        let clock = clock();
        Self { store: MemoryHotStore::with(clock.clock(), fault), clock }
    }
}

#[async_trait]
impl HotStoreUnderTest for Memory {
    fn clock(&self) -> &DrivenClock {
        &self.clock
    }

    async fn open(&self) -> Result<Arc<dyn HotStore>, HotError> {
        Ok(Arc::new(self.store.reopened()))
    }
}

/// A store at an address.
struct At<T> {
    clock: DrivenClock,
    place: T,
    address: String,
}

fn in_a_file() -> At<TempDir> {
    let place = tempfile::tempdir().unwrap();
    let address = format!("sqlite://{}", place.path().join("deep/hot.sqlite").display());
    At { clock: clock(), place, address }
}

fn in_redis() -> At<Scratch> {
    let place = Scratch::new();
    At { clock: clock(), address: place.url().to_owned(), place }
}

#[async_trait]
impl<T: Send + Sync> HotStoreUnderTest for At<T> {
    fn clock(&self) -> &DrivenClock {
        &self.clock
    }

    async fn open(&self) -> Result<Arc<dyn HotStore>, HotError> {
        connect(&self.address, self.clock.clock()).await
    }
}

mod memory_keeps_the_promise {
    super::hot_store_suite!(super::Memory::new(super::Fault::None));
}

mod sqlite_keeps_the_promise {
    super::hot_store_suite!(super::in_a_file());
}

mod redis_keeps_the_promise {
    super::hot_store_suite!(super::in_redis());
}

async fn finds(fault: Fault, promises: &[&str]) {
    for promise in promises {
        let broken = breach(HOT_STORE, promise, &Memory::new(fault)).await;
        assert!(broken.is_some(), "{promise} does not find {fault:?}");
    }
}

#[tokio::test]
async fn a_store_that_ignores_the_version_is_found() {
    let checks =
        ["a_put_whose_condition_does_not_hold_changes_nothing", "of_many_puts_of_one_version_one_is_kept"];
    finds(Fault::IgnoresVersions, &checks).await;
    finds(Fault::RemovesAnyVersion, &["removing_an_item_respects_its_version"]).await;
}

#[tokio::test]
async fn a_store_whose_first_puts_replace_each_other_is_found() {
    let checks = ["a_put_whose_condition_does_not_hold_changes_nothing", "of_many_first_puts_one_is_kept"];
    finds(Fault::IgnoresAbsence, &checks).await;
}

#[tokio::test]
async fn a_store_that_writes_what_it_refuses_is_found() {
    finds(Fault::ChangesWhatItRefuses, &["a_put_whose_condition_does_not_hold_changes_nothing"]).await;
}

#[tokio::test]
async fn a_store_that_decides_and_writes_in_two_steps_is_found() {
    let checks = [
        "of_many_puts_of_one_version_one_is_kept",
        "of_many_first_puts_one_is_kept",
        "concurrent_takers_get_no_more_than_the_burst",
    ];
    finds(Fault::NotAtomic, &checks).await;
}

#[tokio::test]
async fn a_store_that_uses_versions_again_is_found() {
    finds(Fault::CountsVersionsPerKey, &["a_version_is_never_used_twice"]).await;
}

#[tokio::test]
async fn a_store_that_serves_items_after_their_end_is_found() {
    let checks = ["an_item_is_served_until_its_end_and_not_at_it", "an_item_that_has_ended_is_absent"];
    finds(Fault::ServesWhatHasEnded, &checks).await;
    finds(Fault::ServesAtTheEnd, &checks[..1]).await;
    finds(Fault::WakesTheDead, &checks[1..]).await;
}

#[tokio::test]
async fn a_store_whose_touches_do_not_slide_the_end_is_found() {
    finds(Fault::NeverSlides, &["a_touch_slides_the_end_and_changes_nothing_else"]).await;
    finds(Fault::TouchMakesAVersion, &["a_touch_slides_the_end_and_changes_nothing_else"]).await;
    finds(Fault::SlidesPastTheEnd, &["a_touch_does_not_pass_the_last_end"]).await;
    finds(Fault::ShortensLives, &["a_touch_does_not_shorten_a_life"]).await;
}

#[tokio::test]
async fn a_store_whose_buckets_fill_wrongly_is_found() {
    let checks = ["a_refusal_changes_nothing_and_tells_the_time"];
    finds(Fault::RefillsOnRead, &checks).await;
    finds(Fault::RefusalsCost, &checks).await;
    finds(Fault::ForgetsBuckets, &["a_bucket_gives_its_burst_and_then_its_rate"]).await;
    finds(Fault::StartsEmpty, &["a_bucket_gives_its_burst_and_then_its_rate"]).await;
    finds(Fault::NeverFull, &["a_full_bucket_gains_nothing"]).await;
    finds(Fault::StaysInDebt, &["a_bucket_is_never_emptier_than_empty"]).await;
    finds(Fault::OneSpace, &["buckets_and_items_are_independent"]).await;
}

#[tokio::test]
async fn a_store_that_answers_what_is_not_idle_is_found() {
    let order = ["idle_items_come_in_the_order_of_their_last_use"];
    finds(Fault::IdleAnswersAll, &order).await;
    finds(Fault::IdleIsUnsorted, &order).await;
    finds(Fault::TouchIsNoUse, &order).await;
    finds(Fault::IdleAnswersTheDead, &["idle_items_live_and_are_of_the_kind"]).await;
    finds(Fault::IdleAnswersOtherKinds, &["idle_items_live_and_are_of_the_kind"]).await;
    finds(Fault::IdleHasNoLimit, &["idle_items_are_limited"]).await;
}

#[tokio::test]
async fn a_store_without_limits_is_found() {
    finds(Fault::TakesAnySize, &["any_bytes_are_kept_up_to_the_limit"]).await;
    finds(Fault::TakesAnySize, &["life_times_outside_the_limits_are_refused"]).await;
}

#[tokio::test]
async fn a_store_that_each_process_has_for_itself_is_found() {
    let checks = ["another_process_sees_the_same_items", "a_bucket_gives_its_burst_and_then_its_rate"];
    finds(Fault::OwnCopy, &checks).await;
}

#[test]
fn the_id_of_a_key_has_a_grammar_and_an_error_does_not_repeat_it() {
    for id in ["a", "0190-ab.c:d_E", &"x".repeat(128)] {
        assert_eq!(HotKey::new(CART, id).unwrap().to_string(), format!("cart/{id}"));
    }
    for id in ["", " ", "a b", "a/b", "me@example.com", "ä", "a\0", "*", &"x".repeat(129)] {
        assert_eq!(HotKey::new(CART, id), Err(InvalidKey), "{id}");
    }
    assert!(!InvalidKey.to_string().contains("me@"));
}

#[test]
fn a_rate_has_limits() {
    let second = Duration::from_secs(1);
    assert!(Rate::new(1, Duration::from_micros(1)).is_some() && Rate::new(9_600, 3_600 * second).is_some());
    for (burst, per) in [(0, second), (1, Duration::ZERO), (1, 3_601 * second), (9_601, 3_600 * second)] {
        assert_eq!(Rate::new(burst, per), None, "{burst} per {per:?}");
    }
}

#[tokio::test]
async fn the_address_selects_the_backend_and_errors_do_not_repeat_credentials() {
    let refused = connect("ftp://me:hunter2@host", clock().clock()).await.err().unwrap();
    let expected = "ftp is not the address of a hot store; use sqlite://PATH or redis://HOST";
    assert_eq!(refused.to_string(), expected);
    let refused = connect("redis://me:hunter2@host/x", clock().clock()).await.err().unwrap();
    assert!(!format!("{refused:?}").contains("hunter2"));
}

#[tokio::test]
async fn versions_of_a_store_that_was_lost_are_not_used_again() {
    let lost = in_redis();
    let key = HotKey::new(CART, "1").unwrap();
    let store = lost.open().await.unwrap();
    let Put::Kept(before) = store.put(&key, b"x", Only::Any, LIFE).await.unwrap() else { panic!() };
    lost.place.clear().await.unwrap();
    lost.clock.advance_by(Duration::from_millis(1));
    assert_eq!(store.get(&key).await.unwrap(), None);
    let Put::Kept(after) = store.put(&key, b"y", Only::Any, LIFE).await.unwrap() else { panic!() };
    assert!(after > before, "{before} and {after}");
}

/// Puts and takes 40 times, lets everything end, and goes on until all of it can have been swept.
async fn use_and_outlive(at: &impl HotStoreUnderTest) {
    let store = at.open().await.unwrap();
    let rate = Rate::new(1, MINUTE).unwrap();
    for number in 0..40 {
        let key = HotKey::new(CART, format!("{number}")).unwrap();
        store.put(&key, b"x", Only::Any, LIFE).await.unwrap();
        store.take(&key, rate, 1).await.unwrap();
    }
    at.clock().advance_by(2 * MINUTE);
    let key = HotKey::new(CART, "last").unwrap();
    for _ in 0..6 {
        store.put(&key, b"x", Only::Any, LIFE).await.unwrap();
        store.take(&key, rate, 1).await.unwrap();
    }
}

#[tokio::test]
async fn items_and_buckets_that_have_ended_leave_the_file_with_later_writes() {
    let at = in_a_file();
    use_and_outlive(&at).await;
    let path = crate::sqlite::path(&at.address).unwrap();
    let mut file = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let counts: (i64, i64) =
        sqlx::query_as("SELECT (SELECT count(*) FROM items), (SELECT count(*) FROM buckets)")
            .fetch_one(&mut file)
            .await
            .unwrap();
    assert_eq!(counts, (1, 1));
    drop(at.place);
}

#[tokio::test]
async fn items_and_buckets_that_have_ended_leave_redis_with_later_writes() {
    let at = in_redis();
    use_and_outlive(&at).await;
    let prefix = crate::redis::Address::parse(&at.address).unwrap().prefix().to_owned();
    let mut keys = at.place.keys().await.unwrap();
    keys.sort();
    let expected = ["bucket:cart/last", "ends", "item:cart/last", "touched:cart", "versions"];
    assert_eq!(keys, expected.map(|key| format!("{prefix}:hot:{key}")));
    let connection = at.place.connect().await.unwrap();
    for (index, left) in [("ends", 2), ("touched:cart", 1)] {
        let key = format!("{prefix}:hot:{index}");
        let members: i64 = connection.query(::redis::cmd("ZCARD").arg(key)).await.unwrap();
        assert_eq!(members, left, "{index}");
    }
}

#[tokio::test]
async fn two_shops_with_different_prefixes_do_not_see_each_other() {
    let (one, other) = (in_redis(), in_redis());
    let key = HotKey::new(CART, "1").unwrap();
    one.open().await.unwrap().put(&key, b"x", Only::Any, LIFE).await.unwrap();
    assert_eq!(other.open().await.unwrap().get(&key).await.unwrap(), None);
}

#[tokio::test]
async fn the_file_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let at = in_a_file();
    at.open().await.unwrap();
    let path = crate::sqlite::path(&at.address).unwrap();
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}
