//! A command has one answer, the first one.

use event_log::request::{Expected, Verdict, WriteError};
use futures_util::future::join_all;

use crate::harness::{
    Harness, answer, command, count_up, count_up_to, count_up_to_for_now, everything, numbers, refusal,
    stream,
};

#[tokio::test(flavor = "multi_thread")]
async fn equal_commands_in_flight_share_one_outcome() {
    let harness = Harness::new();
    let writer = harness.writer().await;
    let asked = (0..100).map(|_| writer.submit(command("same", "count", count_up("a"))));
    for outcome in join_all(asked).await {
        assert_eq!(answer(&outcome.unwrap()), Some(1));
    }
    assert_eq!(numbers(writer.log().as_ref(), "a").await, [1]);
}

#[tokio::test]
async fn a_command_retried_after_the_state_has_changed_gets_its_first_answer() {
    let harness = Harness::new();
    let writer = harness.writer().await;
    let first = writer.submit(command("first", "count", count_up("a"))).await.unwrap();
    assert!(!first.replayed);
    for key in ["second", "third"] {
        writer.submit(command(key, "count", count_up("a"))).await.unwrap();
    }
    let again = writer.submit(command("first", "count", count_up("a"))).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.verdict, first.verdict);
    // The answer outlives the writer that gave it.
    let again = harness.writer().await.submit(command("first", "count", count_up("a"))).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.verdict, first.verdict);
    assert_eq!(numbers(writer.log().as_ref(), "a").await, [1, 2, 3]);
}

#[tokio::test]
async fn a_refused_command_is_still_refused_when_a_retry_could_go_through() {
    let harness = Harness::new();
    let writer = harness.writer().await;
    let refused = writer.submit(command("early", "count", count_up_to("a", 0))).await.unwrap();
    assert_eq!(refusal(&refused), "FULL");
    let again = writer.submit(command("early", "count", count_up_to("a", 9))).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.verdict, refused.verdict);
    assert!(everything(writer.log().as_ref()).await.is_empty());
}

#[tokio::test]
async fn a_refusal_that_may_pass_by_itself_is_not_kept() {
    let harness = Harness::new();
    let writer = harness.writer().await;
    let refused = writer.submit(command("early", "count", count_up_to_for_now("a", 0))).await.unwrap();
    assert_eq!(refusal(&refused), "FULL");
    let accepted = writer.submit(command("early", "count", count_up_to_for_now("a", 1))).await.unwrap();
    assert!(
        !accepted.replayed && matches!(accepted.verdict, Verdict::Done { appended: 1, .. }),
        "{accepted:?}"
    );
    assert_eq!(numbers(writer.log().as_ref(), "a").await, [1]);
}

#[tokio::test]
async fn an_accepted_command_keeps_its_answer_where_a_retry_would_be_refused_for_now() {
    let harness = Harness::new();
    let writer = harness.writer().await;
    let first = writer.submit(command("first", "count", count_up_to_for_now("a", 1))).await.unwrap();
    for writer in [writer, harness.writer().await] {
        let again = writer.submit(command("first", "count", count_up_to_for_now("a", 1))).await.unwrap();
        assert!(again.replayed, "{again:?}");
        assert_eq!(again.verdict, first.verdict);
    }
}

#[tokio::test]
async fn another_request_under_a_known_id_is_refused_in_flight_and_later() {
    let harness = Harness::new();
    let writer = harness.writer().await;
    let (one, other) = tokio::join!(
        writer.submit(command("key", "one thing", count_up("a"))),
        writer.submit(command("key", "another thing", count_up("b"))),
    );
    assert_eq!(answer(&one.unwrap()), Some(1));
    assert!(matches!(other, Err(WriteError::KeyReused)));
    let later = writer.submit(command("key", "another thing", count_up("b"))).await;
    assert!(matches!(later, Err(WriteError::KeyReused)));
    assert!(numbers(writer.log().as_ref(), "b").await.is_empty());
}

#[tokio::test]
async fn a_version_conflict_is_final() {
    let harness = Harness::new();
    let writer = harness.writer().await;
    writer.submit(command("first", "count", count_up("a"))).await.unwrap();
    let expecting = |key: &str, expected| {
        let mut request = command(key, "count", count_up("a"));
        request.expected = vec![(stream("a"), expected)];
        request
    };
    let conflict = Verdict::Conflict { stream: stream("a"), version: 1 };
    for (key, expected) in [("none", Expected::NoStream), ("other", Expected::Exact(2))] {
        let outcome = writer.submit(expecting(key, expected)).await.unwrap();
        assert_eq!(outcome.verdict, conflict, "{key}");
    }
    for (key, expected) in [("exact", Expected::Exact(1)), ("any", Expected::Any)] {
        assert!(answer(&writer.submit(expecting(key, expected)).await.unwrap()).is_some(), "{key}");
    }
    // The stream is at version 3 now. The conflict stays one.
    let again = writer.submit(expecting("other", Expected::Exact(2))).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.verdict, conflict);
    assert_eq!(numbers(writer.log().as_ref(), "a").await, [1, 2, 3]);
}
