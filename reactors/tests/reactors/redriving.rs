//! A redrive handles the parked records of a stream in order.

use schemas::reaction::ReactionEvent;

use crate::harness::{Harness, Setup};
use crate::script::Does;

#[tokio::test(flavor = "multi_thread")]
async fn after_the_cause_is_fixed_a_redrive_handles_all_parked_records_in_order() {
    for setup in Setup::ALL {
        let harness = Harness::new(setup).await;
        harness.script.set("a", 2, Does::Break);
        harness.publish(&["a", "a", "a", "a", "b"]).await;
        let running = harness.start().await;
        harness.handled().await;
        harness.script.clear();
        harness.redrive("a").await;
        // These arrive during the redrive.
        harness.publish(&["a", "a"]).await;
        harness.until("all are written", async || harness.written("a").await.len() == 6).await;
        harness.handled().await;
        assert_eq!(harness.written("a").await, [1, 2, 3, 4, 5, 6], "{setup:?}");
        harness.publish(&["a"]).await;
        harness.handled().await;
        assert_eq!(harness.written("a").await, [1, 2, 3, 4, 5, 6, 7], "{setup:?}");
        assert_eq!(harness.parked_versions("a").await, [0; 0], "{setup:?}");
        let reactions = harness.reactions("a").await;
        assert!(matches!(
            reactions[..],
            [ReactionEvent::ReactionParked(_), ReactionEvent::ReactionRedriven(_)]
        ));
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_fails_again_is_parked_again_and_those_before_it_are_not_repeated() {
    for setup in Setup::ALL {
        let harness = Harness::new(setup).await;
        harness.script.set("a", 1, Does::Break);
        harness.script.set("a", 3, Does::Panic);
        harness.publish(&["a", "a", "a", "a"]).await;
        let running = harness.start().await;
        harness.handled().await;
        harness.script.set("a", 1, Does::Write);
        harness.redrive("a").await;
        harness.until("it is parked again", async || harness.reactions("a").await.len() == 3).await;
        harness.handled().await;
        assert_eq!(harness.written("a").await, [1, 2], "{setup:?}");
        harness.script.clear();
        harness.redrive("a").await;
        harness.until("all are written", async || harness.written("a").await.len() == 4).await;
        harness.handled().await;
        assert_eq!(harness.written("a").await, [1, 2, 3, 4], "{setup:?}");
        assert_eq!(harness.parked_versions("a").await, [0; 0], "{setup:?}");
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_that_was_requested_while_no_reactor_ran_happens_at_the_next_start() {
    for setup in Setup::ALL {
        let harness = Harness::new(setup).await;
        harness.script.set("a", 2, Does::Break);
        harness.publish(&["a", "a", "a"]).await;
        let running = harness.start().await;
        harness.handled().await;
        running.stop().await;
        harness.script.clear();
        harness.redrive("a").await;
        harness.publish(&["a"]).await;
        let running = harness.start().await;
        harness.until("all are written", async || harness.written("a").await.len() == 4).await;
        harness.handled().await;
        assert_eq!(harness.written("a").await, [1, 2, 3, 4], "{setup:?}");
        assert_eq!(harness.parked_versions("a").await, [0; 0], "{setup:?}");
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_interrupted_by_a_crash_resumes_at_the_next_start() {
    let harness = Harness::new(Setup::Files).await;
    harness.script.set("a", 1, Does::Break);
    harness.publish(&["a", "a", "a"]).await;
    let running = harness.start().await;
    harness.handled().await;
    harness.script.set("a", 1, Does::Write);
    harness.script.set("a", 2, Does::Hang);
    harness.redrive("a").await;
    harness.until("it hangs", async || harness.script.tries("a", 2) > 0).await;
    running.kill().await;
    harness.script.clear();
    let running = harness.start().await;
    harness.until("all are written", async || harness.written("a").await.len() == 3).await;
    harness.handled().await;
    assert_eq!(harness.written("a").await, [1, 2, 3]);
    assert_eq!(harness.parked_versions("a").await, [0; 0]);
    running.stop().await;
}
