use event_log::contract::Draft;
use event_log::migrate;
use event_log::transfer::{Transfer, TransferError};
use event_log::verify::{Finding, Problem};
use platform::error::Chain;

use crate::harness::{CONTEXT, Harness};

#[tokio::test]
async fn a_log_is_not_overwritten_by_another_one() {
    let harness = Harness::new().await;
    migrate(harness.database.url(), CONTEXT).await.unwrap();
    let other = harness.new_log().await;
    // Any content is enough.
    assert!(other.set_property("time", "REAL").await.unwrap());
    assert!(matches!(harness.copy().await, Err(TransferError::NotEmpty { .. })));
    Draft::now(&*other).await.unwrap().event("order-1", 1).commit(&*other).await.unwrap();
    let refused = harness.copy().await.unwrap_err();
    assert!(refused.to_string().contains("already holds a log"), "{refused}");
    assert_eq!(other.head().await.unwrap().position, 1);
}

#[tokio::test]
async fn the_rest_of_another_move_is_not_touched() {
    let harness = Harness::new().await;
    harness.copy().await.unwrap();
    let other = format!("{}-other", harness.file());
    drop(event_log::connect(&other, CONTEXT).await.unwrap());
    let mut transfer = Transfer::lock(&other, CONTEXT).await.unwrap();
    let refused = transfer.copy(harness.database.url(), &mut |_| {}).await.unwrap_err();
    assert!(matches!(refused, TransferError::AnotherMove { .. }), "{refused}");
    drop(transfer);
    harness.transfer().await.unwrap();
}

#[tokio::test]
async fn a_log_that_was_moved_before_is_compared_and_left_unchanged() {
    let harness = Harness::new().await;
    let moved = harness.transfer().await.unwrap();
    assert_eq!(harness.transfer().await.unwrap(), moved);
    let log = harness.new_log().await;
    Draft::now(&*log).await.unwrap().event("order-since", 1).commit(&*log).await.unwrap();
    let parted = harness.transfer().await.unwrap_err();
    let (here, there) = (moved.head.position, moved.head.position + 1);
    assert!(
        matches!(parted, TransferError::Parted { here: h, there: t, .. } if (h, t) == (here, there)),
        "{parted}"
    );
    assert_eq!(log.head().await.unwrap().position, there);
}

#[tokio::test]
async fn a_change_of_the_copy_is_found_in_every_table() {
    let harness = Harness::new().await;
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
        let mut transfer = harness.lock().await;
        transfer.copy(harness.database.url(), &mut |_| {}).await.unwrap();
        harness.raw(change).await;
        let found = transfer.check(harness.database.url(), &mut |_| {}).await.unwrap_err();
        assert!(
            matches!(&found, TransferError::Differs { table, .. } if *table == wanted),
            "{wanted}: {found}"
        );
    }
}

#[tokio::test]
async fn a_log_that_is_not_intact_is_reported() {
    let harness = Harness::new().await;
    harness.raw_file("DROP TRIGGER events_are_not_updated; UPDATE events SET payload = payload || ' ' WHERE position = 77")
        .await;
    let error = harness.copy().await.unwrap_err();
    let TransferError::Unsound(_, Finding::Wrong { position: 77, problem: Problem::Hash }) = &error else {
        panic!("{error:?}")
    };
}

#[tokio::test]
async fn an_error_about_an_address_names_the_server_but_not_the_password() {
    let harness = Harness::new().await;
    let mut transfer = harness.lock().await;
    let address = "postgres://me:hunter2@127.0.0.1:1/shop?readers=3";
    for refused in [
        transfer.copy(address, &mut |_| {}).await.unwrap_err(),
        transfer.check(address, &mut |_| {}).await.unwrap_err(),
    ] {
        let text = format!("{refused:?}: {}", Chain(&refused));
        assert!(text.contains("127.0.0.1:1 does not answer") && !text.contains("hunter2"), "{text}");
    }
    assert!(matches!(Transfer::lock(address, CONTEXT).await, Err(TransferError::NoFile)));
}
