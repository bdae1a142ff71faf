use std::time::Duration;

use domain::ClaimKind;
use event_log::connect_read_only;
use event_log::contract::Draft;
use event_log::port::{Committed, LogError, Read, Wanted};
use event_log::verify::verify;
use schemas::Timestamp;

use crate::bench::{Bench, CONTEXT, STREAMS, Seen, claim, command, stream};

#[tokio::test]
async fn a_moved_log_is_the_same_log_with_everything_in_it() {
    let bench = Bench::new().await;
    let mut before = Seen::of(bench.old().await.as_ref()).await;
    let mut transfer = bench.lock().await;
    let rows = transfer.rows().await.unwrap();
    let mut told = 0;
    transfer.copy(bench.there.url(), &mut |rows| told = rows).await.unwrap();
    let moved = transfer.check(bench.there.url(), &mut |_| {}).await.unwrap();
    event_log::transfer::release(&[(CONTEXT, bench.there.url().to_owned())]).await.unwrap();
    assert_eq!((told, moved.rows(), moved.head), (rows, rows, before.head));
    assert!(moved.tables.iter().all(|(_, rows)| *rows > 0), "nothing of something: {moved:?}");

    let after = Seen::of(bench.new_log().await.as_ref()).await;
    // PostgreSQL has no zero bytes in the texts that are for people.
    for record in &mut before.parked {
        record.error = record.error.replace('\0', "\u{fffd}");
    }
    assert!(before == after, "not what was moved: {:?} {:?}", before.head, after.head);
    drop(transfer);
    let left = Seen::of(bench.old().await.as_ref()).await;
    assert!(left.head == after.head && left.events == after.events, "the file was changed");
}

#[tokio::test]
async fn a_moved_log_goes_on_where_it_was() {
    let bench = Bench::new().await;
    let before = bench.go().await.unwrap().head;
    let log = bench.new_log().await;
    assert_eq!(before.position, 2 * STREAMS);

    // The streams' versions, who holds what, answers that were given, and deadlines.
    let draft = Draft::now(&*log).await.unwrap();
    let skipping = draft.clone().event(stream(1).as_str(), 4).commit(&*log).await;
    assert!(matches!(skipping, Err(LogError::Broken { .. })), "{skipping:?}");
    let taken = draft.clone().with(|write| write.claimed.push((claim(ClaimKind::Slug, 1), stream(2))));
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
async fn until_the_whole_shop_has_moved_the_copy_can_be_looked_at_and_not_written() {
    let bench = Bench::new().await;
    bench.copy().await.unwrap();
    let closed = event_log::connect(bench.there.url(), CONTEXT).await.map(drop).unwrap_err();
    assert!(closed.to_string().contains("from a move that did not end: repeat `chorale move`"), "{closed}");
    let looking = connect_read_only(bench.there.url(), CONTEXT).await.unwrap();
    assert_eq!(looking.read(Read::After(0), 1).await.unwrap().len(), 1);
    bench.go().await.unwrap();
    assert!(!bench.new_log().await.about().await.unwrap().contains_key("moving"));
}

#[tokio::test]
async fn while_it_moves_nobody_writes_the_file() {
    let bench = Bench::new().await;
    let old = bench.old().await;
    let transfer = bench.lock().await;
    let draft = Draft::now(&*old).await.unwrap().event("order-late", 1);
    let mut late = std::pin::pin!(draft.commit(&*old));
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut late).await.is_err());
    drop(transfer);
    assert!(matches!(late.await.unwrap(), Committed::Done(_)));
}

#[tokio::test]
async fn an_empty_log_moves_and_keeps_its_epoch() {
    let bench = Bench::new().await;
    let empty = format!("{}-empty", bench.file());
    let epoch = event_log::connect(&empty, CONTEXT).await.unwrap().head().await.unwrap().epoch;
    let mut transfer = event_log::transfer::Transfer::lock(&empty, CONTEXT).await.unwrap();
    transfer.copy(bench.there.url(), &mut |_| {}).await.unwrap();
    assert_eq!(transfer.check(bench.there.url(), &mut |_| {}).await.unwrap().rows(), 0);
    event_log::transfer::release(&[(CONTEXT, bench.there.url().to_owned())]).await.unwrap();
    assert_eq!(bench.new_log().await.head().await.unwrap().epoch, epoch);
}
