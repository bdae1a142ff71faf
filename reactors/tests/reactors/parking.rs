//! What cannot be handled waits, with everything behind it, and disturbs nobody else.

use event_log::writer::Note;
use schemas::Topic;
use schemas::reaction::ReactionEvent;

use crate::bench::{Bench, Place};
use crate::script::{Does, NAME};

#[tokio::test(flavor = "multi_thread")]
async fn poison_parks_its_own_stream_after_a_bounded_number_of_attempts_and_everything_else_goes_on() {
    for place in Place::ALL {
        for does in [Does::Break, Does::Panic, Does::BeRefused] {
            let bench = Bench::new(place).await;
            bench.script.set("a", 2, does);
            for _ in 0..4 {
                bench.publish(&["a", "b", "c"]).await;
            }
            let running = bench.start().await;
            bench.handled().await;
            let context = format!("{place:?}, {does:?}");
            assert_eq!(bench.written("a").await, [1], "{context}");
            for other in ["b", "c"] {
                assert_eq!(bench.written(other).await, [1, 2, 3, 4], "{context}");
                assert!(bench.reactions(other).await.is_empty(), "{context}");
            }
            assert_eq!(bench.script.tries("a", 2), 3, "{context}");
            let reactions = bench.reactions("a").await;
            let [ReactionEvent::ReactionParked(parked)] = &reactions[..] else {
                panic!("{context}: {reactions:?}")
            };
            assert_eq!((parked.source_version, parked.attempts), (2, 3), "{context}");
            running.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn later_events_of_a_parked_stream_queue_behind_it_also_after_a_restart() {
    for place in Place::ALL {
        let bench = Bench::new(place).await;
        bench.script.set("a", 2, Does::Break);
        bench.publish(&["a", "a", "a", "b"]).await;
        let running = bench.start().await;
        bench.handled().await;
        running.kill().await;
        bench.script.mend();
        bench.publish(&["a", "b"]).await;
        let running = bench.start().await;
        bench.handled().await;
        running.stop().await;
        assert_eq!(bench.written("a").await, [1], "{place:?}");
        assert_eq!(bench.written("b").await, [1, 2], "{place:?}");
        let waiting = bench.parked("a").await;
        let versions = bench.parked_versions("a").await;
        // A bus that redelivers may queue what was handled before; it is recognised when it is tried again.
        assert_eq!(versions[versions.len() - 3..], [2, 3, 4], "{place:?}");
        for record in waiting {
            assert_eq!(!record.error.is_empty(), record.envelope.version == 2, "{place:?}: {record:?}");
            assert!(record.payload.contains("summary"), "verbatim");
        }
        assert_eq!(bench.reactions("a").await.len(), 1, "{place:?}: told once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_comes_again_while_it_waits_keeps_what_went_wrong() {
    let bench = Bench::new(Place::Files).await;
    bench.script.set("a", 1, Does::Break);
    bench.publish(&["a", "a"]).await;
    let running = bench.start().await;
    bench.handled().await;
    running.stop().await;
    let parked = bench.parked("a").await;
    // As a process that died before it kept its positions leaves them.
    let again =
        [Topic::ORDER, Topic::PAYMENTS_REACTION].map(|topic| (NAME.to_owned(), format!("{topic}/0"), 0));
    bench.writer.note(Note { positions: again.into(), ..Note::default() }).await.unwrap();
    let running = bench.start().await;
    bench.handled().await;
    running.stop().await;
    assert_eq!(bench.parked("a").await, parked);
    assert_eq!(bench.script.tries("a", 1), 3, "it was not tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_outside_is_waited_for_and_never_parked() {
    let bench = Bench::new(Place::Files).await;
    bench.script.set("a", 1, Does::Wait);
    bench.publish(&["a", "a"]).await;
    let running = bench.start().await;
    bench.until("it is tried again and again", async || bench.script.tries("a", 1) > 5).await;
    assert!(bench.parked("a").await.is_empty());
    bench.script.mend();
    bench.handled().await;
    assert_eq!(bench.written("a").await, [1, 2]);
    assert!(bench.reactions("a").await.is_empty());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_delivered_twice_and_handled_by_two_at_once_is_answered_once_and_in_order() {
    for place in Place::ALL {
        let bench = Bench::new(place).await;
        let running = [bench.start().await, bench.start().await];
        for _ in 0..20 {
            bench.publish(&["a", "b", "c", "d"]).await;
        }
        bench
            .until("all are written", async || {
                let written = [bench.written("a").await, bench.written("d").await];
                written.iter().all(|versions| versions.len() == 20)
            })
            .await;
        bench.handled().await;
        for running in running {
            running.stop().await;
        }
        for name in ["a", "b", "c", "d"] {
            assert!(bench.written(name).await.into_iter().eq(1..=20), "{place:?}: {name}");
        }
    }
}
