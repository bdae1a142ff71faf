//! Starts are counted to find a record that ends the process, and only those that made no progress.

use std::time::{Duration, Instant};

use schemas::reaction::ReactionEvent;

use crate::harness::{Harness, Setup};
use crate::script::Does;

/// How long a process may take to stop.
const DRAINING: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_kills_the_process_repeatedly_is_parked_without_another_attempt() {
    let harness = Harness::new(Setup::Files).await;
    harness.script.set("b", 2, Does::Hang);
    for _ in 0..3 {
        harness.publish(&["a", "b", "c"]).await;
    }
    let mut starts = 0;
    while harness.reactions("b").await.is_empty() {
        starts += 1;
        assert!(starts < 20, "the record is never found");
        let tries = harness.script.tries("b", 2);
        let running = harness.start().await;
        let found = async || harness.script.tries("b", 2) > tries || !harness.reactions("b").await.is_empty();
        harness.until("it is tried or found", found).await;
        running.kill().await;
    }
    assert!(starts <= 12, "{starts} starts");
    let running = harness.start().await;
    harness.handled().await;
    running.stop().await;
    assert_eq!(harness.written("a").await, [1, 2, 3]);
    assert_eq!(harness.written("b").await, [1]);
    assert_eq!(harness.written("c").await, [1, 2, 3]);
    assert_eq!(harness.parked_versions("b").await, [2, 3]);
    assert!(matches!(harness.reactions("b").await[..], [ReactionEvent::ReactionParked(_)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_that_found_no_record_do_not_count_against_the_next_record() {
    let harness = Harness::new(Setup::Files).await;
    harness.publish(&["a"]).await;
    let running = harness.start().await;
    harness.handled().await;
    running.stop().await;
    for turn in 0..12 {
        let running = harness.start().await;
        harness.handled().await;
        if turn % 2 == 0 { running.stop().await } else { running.kill().await }
    }
    let running = harness.start().await;
    harness.publish(&["a", "b"]).await;
    harness.handled().await;
    assert_eq!(harness.parked_versions("a").await, [0; 0]);
    assert_eq!(harness.written("a").await, [1, 2]);
    assert_eq!(harness.written("b").await, [1]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_at_any_point_loses_and_repeats_nothing() {
    for setup in Setup::ALL {
        let harness = Harness::new(setup).await;
        for round in 1..=8 {
            for _ in 0..4 {
                harness.publish(&["a", "b", "c"]).await;
            }
            let running = harness.start().await;
            let some = 4 * (round - 1) + 1;
            harness.until("it gets somewhere", async || harness.written("b").await.len() >= some).await;
            running.kill().await;
        }
        let running = harness.start().await;
        harness.handled().await;
        running.stop().await;
        for name in ["a", "b", "c"] {
            assert!(harness.written(name).await.into_iter().eq(1..=32), "{setup:?}: {name}");
            assert_eq!(harness.parked_versions(name).await, [0; 0], "{setup:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_while_a_service_is_unavailable_does_not_count_against_a_record() {
    let harness = Harness::new(Setup::Files).await;
    harness.script.set("a", 1, Does::Wait);
    harness.publish(&["a"]).await;
    for _ in 0..10 {
        let tries = harness.script.tries("a", 1);
        let running = harness.start().await;
        harness.until("it is tried", async || harness.script.tries("a", 1) > tries).await;
        running.stop().await;
    }
    harness.script.clear();
    let running = harness.start().await;
    harness.handled().await;
    running.stop().await;
    assert_eq!(harness.written("a").await, [1]);
    assert_eq!(harness.parked_versions("a").await, [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_while_a_service_does_not_answer_ends_in_time_and_the_record_is_handled_later() {
    let harness = Harness::new(Setup::Files).await;
    harness.script.set("a", 1, Does::Hang);
    harness.publish(&["a"]).await;
    let running = harness.start().await;
    harness.until("it is tried", async || harness.script.tries("a", 1) > 0).await;
    let since = Instant::now();
    running.stop().await;
    assert!(since.elapsed() < DRAINING, "it took {:?}", since.elapsed());
    harness.script.clear();
    let running = harness.start().await;
    harness.handled().await;
    running.stop().await;
    assert_eq!(harness.written("a").await, [1]);
    assert_eq!(harness.parked_versions("a").await, [0; 0]);
}
