use std::time::Duration;

use decider::ClaimKind;
use event_log::connect_read_only;
use event_log::contract::Draft;
use event_log::port::{Committed, LogError, Read, Wanted};
use event_log::verify::verify;
use schemas::Timestamp;

use crate::harness::{CONTEXT, Contents, Harness, STREAMS, claim, command, stream};

#[tokio::test]
async fn a_moved_log_is_the_same_log_with_all_its_content() {
    let harness = Harness::new().await;
    let mut before = Contents::of(harness.old().await.as_ref()).await;
    let mut transfer = harness.lock().await;
    let rows = transfer.rows().await.unwrap();
    let mut reported = 0;
    transfer.copy(harness.database.url(), &mut |rows| reported = rows).await.unwrap();
    let moved = transfer.check(harness.database.url(), &mut |_| {}).await.unwrap();
    event_log::transfer::release(&[(CONTEXT, harness.database.url().to_owned())]).await.unwrap();
    assert_eq!((reported, moved.rows(), moved.head), (rows, rows, before.head));
    assert!(moved.tables.iter().all(|(_, rows)| *rows > 0), "a table is empty: {moved:?}");

    let after = Contents::of(harness.new_log().await.as_ref()).await;
    // PostgreSQL texts cannot hold zero bytes.
    for record in &mut before.parked {
        record.error = record.error.replace('\0', "\u{fffd}");
    }
    assert!(before == after, "the copy differs: {:?} {:?}", before.head, after.head);
    drop(transfer);
    let left = Contents::of(harness.old().await.as_ref()).await;
    assert!(left.head == after.head && left.events == after.events, "the file was changed");
}

#[tokio::test]
async fn a_moved_log_continues_where_it_was() {
    let harness = Harness::new().await;
    let before = harness.transfer().await.unwrap().head;
    let log = harness.new_log().await;
    assert_eq!(before.position, 2 * STREAMS);

    // Versions of streams, holders of claims, answers, and deadlines.
    let draft = Draft::now(&*log).await.unwrap();
    let skipping = draft.clone().event(stream(1).as_str(), 4).commit(&*log).await;
    assert!(matches!(skipping, Err(LogError::Broken { .. })), "{skipping:?}");
    let taken = draft.clone().with(|write| write.claimed.push((claim(ClaimKind("slug"), 1), stream(2))));
    assert!(matches!(taken.commit(&*log).await, Err(LogError::Broken { .. })));
    let again = draft.clone().answer(command(1), "another", Timestamp::EPOCH).commit(&*log).await;
    assert!(matches!(again, Err(LogError::Broken { .. })), "{again:?}");
    let wanted = Wanted { commands: vec![command(1)], ..Wanted::default() };
    assert_ne!(log.facts(&wanted).await.unwrap().1.ledger[&command(1)].answer, "another");
    let due = log.due(log.next_due().await.unwrap().unwrap(), 10).await.unwrap();
    assert_eq!(due.iter().map(|due| due.stream.clone()).collect::<Vec<_>>(), [stream(0)]);

    let rung = draft.event(stream(0).as_str(), 3).with(|write| write.deadlines.push((stream(0), 3, None)));
    let Committed::Done(head) = rung.commit(&*log).await.unwrap() else { panic!("the head has not moved") };
    assert_eq!(
        (head.position, head.revision, head.epoch),
        (before.position + 1, before.revision + 1, before.epoch)
    );
    assert_eq!(log.due(due[0].at, 10).await.unwrap(), []);
    assert_eq!(verify(&*log, None, |_| {}).await.unwrap().events, head.position);
    let known = Some((before.position, before.hash));
    assert_eq!(verify(&*log, known, |_| {}).await.unwrap().events, 1);
}

#[tokio::test]
async fn a_copy_is_read_only_until_the_whole_shop_has_moved() {
    let harness = Harness::new().await;
    harness.copy().await.unwrap();
    let closed = event_log::connect(harness.database.url(), CONTEXT).await.map(drop).unwrap_err();
    assert!(closed.to_string().contains("from an unfinished move: repeat `chorale move`"), "{closed}");
    let read_only = connect_read_only(harness.database.url(), CONTEXT).await.unwrap();
    assert_eq!(read_only.read(Read::After(0), 1).await.unwrap().len(), 1);
    harness.transfer().await.unwrap();
    assert!(!harness.new_log().await.properties().await.unwrap().contains_key("moving"));
}

#[tokio::test]
async fn the_file_cannot_be_written_during_a_move() {
    let harness = Harness::new().await;
    let old = harness.old().await;
    let transfer = harness.lock().await;
    let draft = Draft::now(&*old).await.unwrap().event("order-late", 1);
    let mut late = std::pin::pin!(draft.commit(&*old));
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut late).await.is_err());
    drop(transfer);
    assert!(matches!(late.await.unwrap(), Committed::Done(_)));
}

#[tokio::test]
async fn an_empty_log_moves_and_keeps_its_epoch() {
    let harness = Harness::new().await;
    let empty = format!("{}-empty", harness.file());
    let epoch = event_log::connect(&empty, CONTEXT).await.unwrap().head().await.unwrap().epoch;
    let mut transfer = event_log::transfer::Transfer::lock(&empty, CONTEXT).await.unwrap();
    transfer.copy(harness.database.url(), &mut |_| {}).await.unwrap();
    assert_eq!(transfer.check(harness.database.url(), &mut |_| {}).await.unwrap().rows(), 0);
    event_log::transfer::release(&[(CONTEXT, harness.database.url().to_owned())]).await.unwrap();
    assert_eq!(harness.new_log().await.head().await.unwrap().epoch, epoch);
}
