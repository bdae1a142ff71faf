//! A record that ends the process is found by counting, and starts that led to nothing harm nobody.

use schemas::reaction::ReactionEvent;

use crate::bench::{Bench, Place};
use crate::script::Does;

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_kills_the_process_again_and_again_is_parked_without_another_try() {
    let bench = Bench::new(Place::Files).await;
    bench.script.set("b", 2, Does::Hang);
    for _ in 0..3 {
        bench.publish(&["a", "b", "c"]).await;
    }
    let mut starts = 0;
    while bench.reactions("b").await.is_empty() {
        starts += 1;
        assert!(starts < 20, "it is never found");
        let tries = bench.script.tries("b", 2);
        let running = bench.start().await;
        let found = async || bench.script.tries("b", 2) > tries || !bench.reactions("b").await.is_empty();
        bench.until("it is tried or found", found).await;
        running.kill().await;
    }
    assert!(starts <= 12, "{starts} starts");
    let running = bench.start().await;
    bench.handled().await;
    running.stop().await;
    assert_eq!(bench.written("a").await, [1, 2, 3]);
    assert_eq!(bench.written("b").await, [1]);
    assert_eq!(bench.written("c").await, [1, 2, 3]);
    assert_eq!(bench.parked_versions("b").await, [2, 3]);
    assert!(matches!(bench.reactions("b").await[..], [ReactionEvent::ReactionParked(_)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_that_found_nothing_to_do_are_not_held_against_the_next_record() {
    let bench = Bench::new(Place::Files).await;
    bench.publish(&["a"]).await;
    let running = bench.start().await;
    bench.handled().await;
    running.stop().await;
    for turn in 0..12 {
        let running = bench.start().await;
        bench.handled().await;
        if turn % 2 == 0 { running.stop().await } else { running.kill().await }
    }
    let running = bench.start().await;
    bench.publish(&["a", "b"]).await;
    bench.handled().await;
    assert_eq!(bench.parked_versions("a").await, [0; 0]);
    assert_eq!(bench.written("a").await, [1, 2]);
    assert_eq!(bench.written("b").await, [1]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_anywhere_loses_and_repeats_nothing() {
    for place in Place::ALL {
        let bench = Bench::new(place).await;
        for round in 1..=8 {
            for _ in 0..4 {
                bench.publish(&["a", "b", "c"]).await;
            }
            let running = bench.start().await;
            let some = 4 * (round - 1) + 1;
            bench.until("it gets somewhere", async || bench.written("b").await.len() >= some).await;
            running.kill().await;
        }
        let running = bench.start().await;
        bench.handled().await;
        running.stop().await;
        for name in ["a", "b", "c"] {
            assert!(bench.written(name).await.into_iter().eq(1..=32), "{place:?}: {name}");
            assert_eq!(bench.parked_versions(name).await, [0; 0], "{place:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_while_the_outside_is_down_is_not_held_against_a_record_either() {
    let bench = Bench::new(Place::Files).await;
    bench.script.set("a", 1, Does::Wait);
    bench.publish(&["a"]).await;
    for _ in 0..10 {
        let tries = bench.script.tries("a", 1);
        let running = bench.start().await;
        bench.until("it is tried", async || bench.script.tries("a", 1) > tries).await;
        running.stop().await;
    }
    bench.script.mend();
    let running = bench.start().await;
    bench.handled().await;
    running.stop().await;
    assert_eq!(bench.written("a").await, [1]);
    assert_eq!(bench.parked_versions("a").await, [0; 0]);
}
