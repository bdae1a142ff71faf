//! Every reaction happens exactly once.

use std::sync::Arc;

use decider::Nothing;
use event_log::port::{ParkedRecord, Parking, Read};
use event_log::request::Request;

use crate::harness::{
    Harness, answer, appended, command, count_up, count_up_to, numbers, reaction, refusal, stream,
};

#[tokio::test]
async fn a_redelivered_event_is_recognised_even_if_it_led_to_no_event() {
    let harness = Harness::new();
    let writer = harness.writer().await;
    let source = stream("source");
    let first = writer.submit(reaction(&source, 1, Arc::new(Nothing))).await.unwrap();
    assert_eq!((appended(&first), first.replayed), (0, false));
    // Decided again, it would append an event.
    let again = writer.submit(reaction(&source, 1, count_up("a"))).await.unwrap();
    assert_eq!((appended(&again), again.replayed), (0, true));
    assert!(numbers(writer.log().as_ref(), "a").await.is_empty());
}

#[tokio::test]
async fn events_redelivered_after_their_successors_are_recognised_and_new_ones_are_not_lost() {
    let harness = Harness::new();
    let source = stream("source");
    for round in 0..3 {
        let writer = harness.writer().await;
        for version in 1..=4 + round {
            writer.submit(reaction(&source, version, count_up("a"))).await.unwrap();
        }
    }
    assert_eq!(numbers(harness.log().await.as_ref(), "a").await, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn an_event_overtaken_by_those_of_other_streams_is_not_lost() {
    let harness = Harness::new();
    let writer = harness.writer().await;
    for version in 1..=3 {
        writer.submit(reaction(&stream("fast"), version, count_up("a"))).await.unwrap();
    }
    let slow = writer.submit(reaction(&stream("slow"), 1, count_up("a"))).await.unwrap();
    assert_eq!(answer(&slow), Some(4));
}

#[tokio::test]
async fn a_reaction_that_is_refused_stays_unhandled() {
    let harness = Harness::new();
    let writer = harness.writer().await;
    let source = stream("source");
    let refused = writer.submit(reaction(&source, 1, count_up_to("a", 0))).await.unwrap();
    assert_eq!(refusal(&refused), "FULL");
    let later = writer.submit(reaction(&source, 1, count_up_to("a", 1))).await.unwrap();
    assert_eq!((appended(&later), later.replayed), (1, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_event_delivered_to_two_processes_at_once_is_answered_once() {
    let harness = Harness::new();
    let (one, other) = (harness.writer().await, harness.writer().await);
    for version in 1..=30 {
        let request = || reaction(&stream("source"), version, count_up("a"));
        let (a, b) = tokio::join!(one.submit(request()), other.submit(request()));
        assert_eq!(appended(&a.unwrap()) + appended(&b.unwrap()), 1, "version {version}");
    }
    assert!(numbers(one.log().as_ref(), "a").await.into_iter().eq(1..=30));
}

#[tokio::test]
async fn a_handled_record_that_was_parked_is_unparked() {
    let harness = Harness::new();
    let writer = harness.writer().await;
    let source = stream("source");
    // Redelivered while a later event of its stream was parked, and so parked too.
    writer.submit(reaction(&source, 1, count_up("source"))).await.unwrap();
    let event = writer.log().read(Read::Streams(&[(source.clone(), 0)]), 1).await.unwrap().remove(0);
    let record = ParkedRecord {
        reactor: "tester".to_owned(),
        envelope: event.envelope.as_ref().clone(),
        payload: event.payload.to_string(),
        error: String::new(),
        redrive: false,
    };
    let park = Parking::Park(Box::new(record));
    writer.submit(Request { parking: vec![park], ..command("park", "it", Arc::new(Nothing)) }).await.unwrap();
    assert_eq!(writer.log().parked(None, 9).await.unwrap().len(), 1);

    let unpark = Parking::Unpark { reactor: "tester".to_owned(), source: source.clone(), version: 1 };
    let again = reaction(&source, 1, count_up("source"));
    let outcome = writer.submit(Request { parking: vec![unpark], ..again }).await.unwrap();
    assert!(outcome.replayed);
    assert!(writer.log().parked(None, 9).await.unwrap().is_empty());
    assert_eq!(numbers(writer.log().as_ref(), "source").await, [1]);
}
