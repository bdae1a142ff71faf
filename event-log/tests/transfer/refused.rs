use event_log::contract::Draft;
use event_log::migrate;
use event_log::transfer::{Transfer, TransferError};
use event_log::verify::{Finding, Problem};

use crate::bench::{Bench, CONTEXT};

#[tokio::test]
async fn a_log_is_not_overwritten_by_another_one() {
    let bench = Bench::new().await;
    migrate(bench.there.url(), CONTEXT).await.unwrap();
    let other = bench.new_log().await;
    // The slightest sign that somebody is there is enough.
    assert!(other.set_about("time", "REAL").await.unwrap());
    assert!(matches!(bench.copy().await, Err(TransferError::NotEmpty { .. })));
    Draft::now(&*other).await.unwrap().event("order-1", 1).commit(&*other).await.unwrap();
    let refused = bench.copy().await.unwrap_err();
    assert!(refused.to_string().contains("holds a log already"), "{refused}");
    assert_eq!(other.head().await.unwrap().position, 1);
}

#[tokio::test]
async fn what_another_move_has_left_is_not_touched() {
    let bench = Bench::new().await;
    bench.copy().await.unwrap();
    let other = format!("{}-other", bench.file());
    drop(event_log::connect(&other, CONTEXT).await.unwrap());
    let mut transfer = Transfer::lock(&other, CONTEXT).await.unwrap();
    let refused = transfer.copy(bench.there.url(), &mut |_| {}).await.unwrap_err();
    assert!(matches!(refused, TransferError::AnotherMove { .. }), "{refused}");
    drop(transfer);
    bench.go().await.unwrap();
}

#[tokio::test]
async fn a_log_that_is_there_already_is_compared_and_left_alone() {
    let bench = Bench::new().await;
    let moved = bench.go().await.unwrap();
    assert_eq!(bench.go().await.unwrap(), moved);
    let log = bench.new_log().await;
    Draft::now(&*log).await.unwrap().event("order-since", 1).commit(&*log).await.unwrap();
    let parted = bench.go().await.unwrap_err();
    let (here, there) = (moved.head.position, moved.head.position + 1);
    assert!(
        matches!(parted, TransferError::Parted { here: h, there: t, .. } if (h, t) == (here, there)),
        "{parted}"
    );
    assert_eq!(log.head().await.unwrap().position, there);
}

#[tokio::test]
async fn what_is_changed_in_the_copy_is_found_in_every_table() {
    let bench = Bench::new().await;
    let changes = [
        (
            "events",
            "ALTER TABLE events DISABLE TRIGGER events_stay; UPDATE events SET payload = payload || ' ' WHERE position = 77",
        ),
        ("ledger", "UPDATE ledger SET fingerprint = sha256('') WHERE at = 5"),
        ("inbox", "DELETE FROM inbox WHERE version = 3"),
        ("claims", "UPDATE claims SET kind = 'other' WHERE value = 'größe-3' AND kind = 'sku'"),
        ("deadlines", "UPDATE deadlines SET at = at + 1 WHERE stream = 'order-00001'"),
        ("views", "UPDATE views SET value = value || ' ' WHERE key LIKE '%7%'"),
        ("positions", "UPDATE positions SET done = done - 1"),
        ("starts", "DELETE FROM starts"),
        ("parked", "UPDATE parked SET redrive = NOT redrive WHERE version = 2"),
        ("counts", "UPDATE counts SET events = events + 1"),
        ("about", "INSERT INTO about VALUES ('more', 'than before')"),
    ];
    for (wanted, change) in changes {
        let mut transfer = bench.lock().await;
        transfer.copy(bench.there.url(), &mut |_| {}).await.unwrap();
        bench.raw(change).await;
        let found = transfer.check(bench.there.url(), &mut |_| {}).await.unwrap_err();
        assert!(
            matches!(&found, TransferError::Differs { table, .. } if *table == wanted),
            "{wanted}: {found}"
        );
    }
}

#[tokio::test]
async fn a_log_that_is_not_sound_does_not_move_unnoticed() {
    let bench = Bench::new().await;
    bench.raw_file("DROP TRIGGER events_are_not_updated; UPDATE events SET payload = payload || ' ' WHERE position = 77")
        .await;
    let unsound = bench.copy().await.unwrap_err();
    let TransferError::Unsound(_, Finding::Wrong { position: 77, problem: Problem::Hash }) = &unsound else {
        panic!("{unsound:?}")
    };
}

#[tokio::test]
async fn an_address_without_a_server_names_it_and_not_its_password() {
    let bench = Bench::new().await;
    let mut transfer = bench.lock().await;
    let address = "postgres://me:hunter2@127.0.0.1:1/shop?readers=3";
    for refused in [
        transfer.copy(address, &mut |_| {}).await.unwrap_err(),
        transfer.check(address, &mut |_| {}).await.unwrap_err(),
    ] {
        let (mut told, mut next) = (format!("{refused:?}"), Some(&refused as &dyn std::error::Error));
        while let Some(error) = next {
            told.push_str(&format!(": {error}"));
            next = error.source();
        }
        assert!(told.contains("127.0.0.1:1 does not answer") && !told.contains("hunter2"), "{told}");
    }
    assert!(matches!(Transfer::lock(address, CONTEXT).await, Err(TransferError::NoFile)));
}
