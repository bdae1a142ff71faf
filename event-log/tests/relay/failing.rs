use std::time::Duration;

use platform::bus::memory_topics::Failure;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::bench::*;

#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_are_lost_or_whose_answer_is_lost_leave_no_gap_and_nothing_twice() {
    let bench = Bench::new().await;
    bench.topics.fail([Failure::Lost, Failure::AnswerLost, Failure::AnswerLost, Failure::Lost]);
    let running = bench.start();
    append(bench.log.as_ref(), &["order-a", "order-b", "order-c"].repeat(10)).await;
    assert_eq!(bench.relayed().await, 30);
    bench.topic_is_log().await;
    running.stop().await;
}

/// Seeds print with a failure, because the panic names the test's last assertion only.
#[tokio::test(flavor = "multi_thread")]
async fn relays_killed_at_any_moment_and_two_at_once_leave_no_gap_and_nothing_twice() {
    for seed in 0..6_u64 {
        println!("seed {seed}");
        let mut rng = StdRng::seed_from_u64(seed);
        let bench = Bench::new().await;
        let mut relays = vec![bench.start(), bench.start()];
        for _ in 0..25 {
            let count = rng.random_range(1..12);
            append(bench.log.as_ref(), &["order-a", "order-b", "order-c", "order-d"].repeat(3)[..count])
                .await;
            if rng.random_bool(0.3) {
                bench.topics.fail([if rng.random_bool(0.5) { Failure::Lost } else { Failure::AnswerLost }]);
            }
            // A random moment in the middle of the relays' work.
            tokio::time::sleep(Duration::from_micros(rng.random_range(0..8_000))).await;
            relays.swap_remove(rng.random_range(0..relays.len())).kill().await;
            relays.push(bench.start());
        }
        bench.relayed().await;
        bench.topic_is_log().await;
        for relay in relays {
            relay.stop().await;
        }
    }
}
