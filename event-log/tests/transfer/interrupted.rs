use event_log::connect_read_only;
use event_log::contract::Draft;
use event_log::port::Read;
use event_log::transfer::TransferError;

use crate::harness::{CONTEXT, Contents, Harness};

async fn is_empty(harness: &Harness) -> bool {
    let log = connect_read_only(harness.database.url(), CONTEXT).await.unwrap();
    let head = log.head().await.unwrap();
    let nothing = log.read(Read::After(0), 1).await.unwrap().is_empty()
        && log.counts().await.unwrap().is_empty()
        && log.properties().await.unwrap().is_empty();
    nothing && head.position == 0 && head.revision == 0
}

#[tokio::test]
async fn an_abandoned_move_leaves_nothing_and_the_next_attempt_works() {
    let harness = Harness::new().await;
    let mut transfer = harness.lock().await;
    let rows = transfer.rows().await.unwrap();
    let (reported, mut half_way) = tokio::sync::watch::channel(0);
    let mut progress = |so_far| reported.send_modify(|rows| *rows = so_far);
    tokio::select! {
        biased;
        reached = half_way.wait_for(|so_far| (1..rows).contains(so_far)) => drop(reached.unwrap()),
        done = transfer.copy(harness.database.url(), &mut progress) => panic!("it was faster: {done:?}"),
    }
    drop(transfer);
    // Waits until the server has rolled back.
    harness.raw("LOCK TABLE head IN ACCESS EXCLUSIVE MODE").await;
    assert!(is_empty(&harness).await);
    harness.transfer().await.unwrap();
    assert_eq!(
        Contents::of(harness.new_log().await.as_ref()).await.head,
        harness.old().await.head().await.unwrap()
    );
}

#[tokio::test]
async fn a_move_cut_off_by_the_server_leaves_nothing_or_everything() {
    let harness = Harness::new().await;
    let rows = harness.lock().await.rows().await.unwrap();
    let mut cuts = 0;
    for at in [1, rows / 3, rows * 2 / 3, rows] {
        let mut transfer = harness.lock().await;
        let mut cut = false;
        let mut progress = |so_far| {
            if so_far >= at && !cut {
                cut = true;
                block_on_another_thread(harness.cut());
            }
        };
        let copied = transfer.copy(harness.database.url(), &mut progress).await;
        assert!(matches!(copied, Err(TransferError::Target(..))), "at {at} of {rows}: {copied:?}");
        assert!(is_empty(&harness).await, "at {at} of {rows}");
        cuts += 1;
    }
    harness.transfer().await.unwrap();
    println!("cut off {cuts} times, and then moved");
}

/// Runs `work` to its end on another thread while this one waits.
fn block_on_another_thread(work: impl Future<Output = ()> + Send) {
    std::thread::scope(|scope| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        scope.spawn(move || runtime.block_on(work)).join().unwrap();
    });
}

#[tokio::test]
async fn a_copy_that_was_never_opened_is_replaced_with_later_changes() {
    let harness = Harness::new().await;
    let first = harness.copy().await.unwrap();
    let old = harness.old().await;
    Draft::now(&*old).await.unwrap().event("order-since", 1).commit(&*old).await.unwrap();
    let second = harness.transfer().await.unwrap();
    assert_eq!((second.head, second.head.position), (old.head().await.unwrap(), first.head.position + 1));
    // Only the move itself can delete events.
    let mut connection =
        <sqlx::PgConnection as sqlx::Connection>::connect(harness.database.url()).await.unwrap();
    let refused = sqlx::raw_sql("DELETE FROM ordering.events").execute(&mut connection).await.unwrap_err();
    assert!(refused.to_string().contains("never changed"), "{refused}");
}
