use std::time::Duration;

use platform::bus::memory_topics::Failure;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::harness::*;

#[tokio::test(flavor = "multi_thread")]
async fn lost_transactions_and_lost_answers_leave_no_gaps_and_no_duplicates() {
    let harness = Harness::new().await;
    harness.topics.fail([Failure::Lost, Failure::AnswerLost, Failure::AnswerLost, Failure::Lost]);
    let running = harness.start();
    append(harness.log.as_ref(), &["order-a", "order-b", "order-c"].repeat(10)).await;
    assert_eq!(harness.relayed().await, 30);
    harness.topic_is_log().await;
    running.stop().await;
}

/// Prints its seeds, because the panic shows only the last assertion.
#[tokio::test(flavor = "multi_thread")]
async fn relays_killed_at_any_moment_and_two_at_once_leave_no_gaps_and_no_duplicates() {
    for seed in 0..6_u64 {
        println!("seed {seed}");
        let mut rng = StdRng::seed_from_u64(seed);
        let harness = Harness::new().await;
        let mut relays = vec![harness.start(), harness.start()];
        for _ in 0..25 {
            let count = rng.random_range(1..12);
            append(harness.log.as_ref(), &["order-a", "order-b", "order-c", "order-d"].repeat(3)[..count])
                .await;
            if rng.random_bool(0.3) {
                harness.topics.fail([if rng.random_bool(0.5) { Failure::Lost } else { Failure::AnswerLost }]);
            }
            // A random moment of the relays' work.
            tokio::time::sleep(Duration::from_micros(rng.random_range(0..8_000))).await;
            relays.swap_remove(rng.random_range(0..relays.len())).kill().await;
            relays.push(harness.start());
        }
        harness.relayed().await;
        harness.topic_is_log().await;
        for relay in relays {
            relay.stop().await;
        }
    }
}
