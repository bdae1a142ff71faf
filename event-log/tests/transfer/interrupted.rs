use event_log::connect_read_only;
use event_log::contract::Draft;
use event_log::port::Read;
use event_log::transfer::TransferError;

use crate::bench::{Bench, CONTEXT, Seen};

async fn is_empty(bench: &Bench) -> bool {
    let log = connect_read_only(bench.there.url(), CONTEXT).await.unwrap();
    let head = log.head().await.unwrap();
    let nothing = log.read(Read::After(0), 1).await.unwrap().is_empty()
        && log.counts().await.unwrap().is_empty()
        && log.about().await.unwrap().is_empty();
    nothing && head.position == 0 && head.revision == 0
}

#[tokio::test]
async fn given_up_half_way_it_leaves_nothing_and_the_next_try_works() {
    let bench = Bench::new().await;
    let mut transfer = bench.lock().await;
    let rows = transfer.rows().await.unwrap();
    let (told, mut half_way) = tokio::sync::watch::channel(0);
    let mut progress = |so_far| told.send_modify(|told| *told = so_far);
    tokio::select! {
        biased;
        reached = half_way.wait_for(|so_far| (1..rows).contains(so_far)) => drop(reached.unwrap()),
        done = transfer.copy(bench.there.url(), &mut progress) => panic!("it was faster: {done:?}"),
    }
    drop(transfer);
    // Waits until the server has undone what it had.
    bench.raw("LOCK TABLE head IN ACCESS EXCLUSIVE MODE").await;
    assert!(is_empty(&bench).await);
    bench.go().await.unwrap();
    assert_eq!(Seen::of(bench.new_log().await.as_ref()).await.head, bench.old().await.head().await.unwrap());
}

#[tokio::test]
async fn cut_off_by_the_server_at_any_moment_it_leaves_nothing_or_everything() {
    let bench = Bench::new().await;
    let rows = bench.lock().await.rows().await.unwrap();
    let mut cuts = 0;
    for at in [1, rows / 3, rows * 2 / 3, rows] {
        let mut transfer = bench.lock().await;
        let mut cut = false;
        let mut progress = |so_far| {
            if so_far >= at && !cut {
                cut = true;
                on_the_side(bench.cut());
            }
        };
        let copied = transfer.copy(bench.there.url(), &mut progress).await;
        assert!(matches!(copied, Err(TransferError::Target(..))), "at {at} of {rows}: {copied:?}");
        assert!(is_empty(&bench).await, "at {at} of {rows}");
        cuts += 1;
    }
    bench.go().await.unwrap();
    println!("cut off {cuts} times, and then moved");
}

/// Runs something to its end while this thread waits, so that what is going on here goes on only after it.
fn on_the_side(work: impl Future<Output = ()> + Send) {
    std::thread::scope(|scope| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        scope.spawn(move || runtime.block_on(work)).join().unwrap();
    });
}

#[tokio::test]
async fn a_copy_that_was_never_opened_is_made_anew_with_what_has_happened_since() {
    let bench = Bench::new().await;
    let first = bench.copy().await.unwrap();
    let old = bench.old().await;
    Draft::now(&*old).await.unwrap().event("order-since", 1).commit(&*old).await.unwrap();
    let second = bench.go().await.unwrap();
    assert_eq!((second.head, second.head.position), (old.head().await.unwrap(), first.head.position + 1));
    // Cleared by the move itself, and by nobody else.
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(bench.there.url()).await.unwrap();
    let refused = sqlx::raw_sql("DELETE FROM ordering.events").execute(&mut connection).await.unwrap_err();
    assert!(refused.to_string().contains("never changed"), "{refused}");
}
