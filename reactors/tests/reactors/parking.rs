//! A record that cannot be handled is parked, with the later ones of its stream. Other streams go on.

use event_log::writer::Note;
use schemas::Topic;
use schemas::reaction::ReactionEvent;

use crate::harness::{Harness, Setup};
use crate::script::{Does, NAME};

#[tokio::test(flavor = "multi_thread")]
async fn poison_parks_only_its_own_stream_after_a_bounded_number_of_attempts() {
    for setup in Setup::ALL {
        for does in [Does::Break, Does::Panic, Does::BeRefused] {
            let harness = Harness::new(setup).await;
            harness.script.set("a", 2, does);
            for _ in 0..4 {
                harness.publish(&["a", "b", "c"]).await;
            }
            let running = harness.start().await;
            harness.handled().await;
            let context = format!("{setup:?}, {does:?}");
            assert_eq!(harness.written("a").await, [1], "{context}");
            for other in ["b", "c"] {
                assert_eq!(harness.written(other).await, [1, 2, 3, 4], "{context}");
                assert!(harness.reactions(other).await.is_empty(), "{context}");
            }
            assert_eq!(harness.script.tries("a", 2), 3, "{context}");
            let reactions = harness.reactions("a").await;
            let [ReactionEvent::ReactionParked(parked)] = &reactions[..] else {
                panic!("{context}: {reactions:?}")
            };
            assert_eq!((parked.source_version, parked.attempts), (2, 3), "{context}");
            running.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn later_events_of_a_parked_stream_queue_behind_it_even_after_a_restart() {
    for setup in Setup::ALL {
        let harness = Harness::new(setup).await;
        harness.script.set("a", 2, Does::Break);
        harness.publish(&["a", "a", "a", "b"]).await;
        let running = harness.start().await;
        harness.handled().await;
        running.kill().await;
        harness.script.clear();
        harness.publish(&["a", "b"]).await;
        let running = harness.start().await;
        harness.handled().await;
        running.stop().await;
        assert_eq!(harness.written("a").await, [1], "{setup:?}");
        assert_eq!(harness.written("b").await, [1, 2], "{setup:?}");
        let waiting = harness.parked("a").await;
        let versions = harness.parked_versions("a").await;
        // A bus that redelivers may queue records that were handled before. A redrive recognises them.
        assert_eq!(versions[versions.len() - 3..], [2, 3, 4], "{setup:?}");
        for record in waiting {
            assert_eq!(!record.error.is_empty(), record.envelope.version == 2, "{setup:?}: {record:?}");
            assert!(record.payload.contains("summary"), "verbatim");
        }
        assert_eq!(harness.reactions("a").await.len(), 1, "{setup:?}: one report");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_record_that_is_delivered_again_keeps_its_error() {
    let harness = Harness::new(Setup::Files).await;
    harness.script.set("a", 1, Does::Break);
    harness.publish(&["a", "a"]).await;
    let running = harness.start().await;
    harness.handled().await;
    running.stop().await;
    let parked = harness.parked("a").await;
    // The positions of a process that died before it stored them.
    let again =
        [Topic::ORDER, Topic::PAYMENTS_REACTION].map(|topic| (NAME.to_owned(), format!("{topic}/0"), 0));
    harness.writer.note(Note { positions: again.into(), ..Note::default() }).await.unwrap();
    let running = harness.start().await;
    harness.handled().await;
    running.stop().await;
    assert_eq!(harness.parked("a").await, parked);
    assert_eq!(harness.script.tries("a", 1), 3, "it was not tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unavailable_service_is_retried_and_nothing_is_parked() {
    let harness = Harness::new(Setup::Files).await;
    harness.script.set("a", 1, Does::Wait);
    harness.publish(&["a", "a"]).await;
    let running = harness.start().await;
    harness.until("it is retried", async || harness.script.tries("a", 1) > 5).await;
    assert!(harness.parked("a").await.is_empty());
    harness.script.clear();
    harness.handled().await;
    assert_eq!(harness.written("a").await, [1, 2]);
    assert!(harness.reactions("a").await.is_empty());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_delivered_twice_and_handled_by_two_processes_are_answered_once_and_in_order() {
    for setup in Setup::ALL {
        let harness = Harness::new(setup).await;
        let running = [harness.start().await, harness.start().await];
        for _ in 0..20 {
            harness.publish(&["a", "b", "c", "d"]).await;
        }
        harness
            .until("all are written", async || {
                let written = [harness.written("a").await, harness.written("d").await];
                written.iter().all(|versions| versions.len() == 20)
            })
            .await;
        harness.handled().await;
        for running in running {
            running.stop().await;
        }
        for name in ["a", "b", "c", "d"] {
            assert!(harness.written(name).await.into_iter().eq(1..=20), "{setup:?}: {name}");
        }
    }
}
