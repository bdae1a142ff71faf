//! What waits is tried again in order when somebody asks, and then nothing waits any more.

use schemas::reaction::ReactionEvent;

use crate::bench::{Bench, Place};
use crate::script::Does;

#[tokio::test(flavor = "multi_thread")]
async fn once_the_cause_is_mended_a_redrive_handles_everything_that_waited_in_order() {
    for place in Place::ALL {
        let bench = Bench::new(place).await;
        bench.script.set("a", 2, Does::Break);
        bench.publish(&["a", "a", "a", "a", "b"]).await;
        let running = bench.start().await;
        bench.handled().await;
        bench.script.mend();
        bench.redrive("a").await;
        // These arrive while the others are tried again.
        bench.publish(&["a", "a"]).await;
        bench.until("all are written", async || bench.written("a").await.len() == 6).await;
        bench.handled().await;
        assert_eq!(bench.written("a").await, [1, 2, 3, 4, 5, 6], "{place:?}");
        bench.publish(&["a"]).await;
        bench.handled().await;
        assert_eq!(bench.written("a").await, [1, 2, 3, 4, 5, 6, 7], "{place:?}");
        assert_eq!(bench.parked_versions("a").await, [0; 0], "{place:?}");
        let reactions = bench.reactions("a").await;
        assert!(matches!(
            reactions[..],
            [ReactionEvent::ReactionParked(_), ReactionEvent::ReactionRedriven(_)]
        ));
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_again_is_parked_again_and_what_was_before_it_is_not_repeated() {
    for place in Place::ALL {
        let bench = Bench::new(place).await;
        bench.script.set("a", 1, Does::Break);
        bench.script.set("a", 3, Does::Panic);
        bench.publish(&["a", "a", "a", "a"]).await;
        let running = bench.start().await;
        bench.handled().await;
        bench.script.set("a", 1, Does::Write);
        bench.redrive("a").await;
        bench.until("it is parked again", async || bench.reactions("a").await.len() == 3).await;
        bench.handled().await;
        assert_eq!(bench.written("a").await, [1, 2], "{place:?}");
        bench.script.mend();
        bench.redrive("a").await;
        bench.until("all are written", async || bench.written("a").await.len() == 4).await;
        bench.handled().await;
        assert_eq!(bench.written("a").await, [1, 2, 3, 4], "{place:?}");
        assert_eq!(bench.parked_versions("a").await, [0; 0], "{place:?}");
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_that_was_asked_for_while_nobody_ran_happens_at_the_next_start() {
    for place in Place::ALL {
        let bench = Bench::new(place).await;
        bench.script.set("a", 2, Does::Break);
        bench.publish(&["a", "a", "a"]).await;
        let running = bench.start().await;
        bench.handled().await;
        running.stop().await;
        bench.script.mend();
        bench.redrive("a").await;
        bench.publish(&["a"]).await;
        let running = bench.start().await;
        bench.until("all are written", async || bench.written("a").await.len() == 4).await;
        bench.handled().await;
        assert_eq!(bench.written("a").await, [1, 2, 3, 4], "{place:?}");
        assert_eq!(bench.parked_versions("a").await, [0; 0], "{place:?}");
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_interrupted_by_a_crash_goes_on_at_the_next_start() {
    let bench = Bench::new(Place::Files).await;
    bench.script.set("a", 1, Does::Break);
    bench.publish(&["a", "a", "a"]).await;
    let running = bench.start().await;
    bench.handled().await;
    bench.script.set("a", 1, Does::Write);
    bench.script.set("a", 2, Does::Hang);
    bench.redrive("a").await;
    bench.until("it hangs", async || bench.script.tries("a", 2) > 0).await;
    running.kill().await;
    bench.script.mend();
    let running = bench.start().await;
    bench.until("all are written", async || bench.written("a").await.len() == 3).await;
    bench.handled().await;
    assert_eq!(bench.written("a").await, [1, 2, 3]);
    assert_eq!(bench.parked_versions("a").await, [0; 0]);
    running.stop().await;
}
