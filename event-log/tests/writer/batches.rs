//! Requests that are decided together.

use std::sync::Arc;

use decider::{Changes, Reads, Seen};
use event_log::request::WriteError;
use futures_util::future::join_all;

use crate::harness::{
    Harness, Numbers, Rule, answer, claim, command, count_up, everything, numbered, numbers, panicking,
    refusal, stream,
};

#[tokio::test(flavor = "multi_thread")]
async fn each_request_of_a_batch_sees_what_those_before_it_decided() {
    let harness = Harness::new();
    let writer = harness.writer().await;
    let mut queued = Vec::new();
    for number in 0..200 {
        let key = format!("key-{number}");
        queued.push(writer.queue(command(&key, "count", count_up("hot"))).await.unwrap());
    }
    let answers = join_all(queued).await.into_iter().map(|outcome| answer(&outcome.unwrap()).unwrap());
    assert!(answers.eq(1..=200), "in the order in which they were queued");
    let log = writer.log();
    assert!(numbers(log.as_ref(), "hot").await.into_iter().eq(1..=200));
    assert!(log.head().await.unwrap().revision < 200, "they share transactions");
}

#[tokio::test]
async fn a_decision_that_panics_fails_alone() {
    let harness = Harness::new();
    let writer = harness.writer().await;
    let (before, broken, after) = tokio::join!(
        writer.submit(command("before", "count", count_up("a"))),
        writer.submit(command("broken", "panic", panicking("a"))),
        writer.submit(command("after", "count", count_up("a"))),
    );
    assert_eq!(answer(&before.unwrap()), Some(1));
    assert!(matches!(broken, Err(WriteError::Failed(_))), "{broken:?}");
    assert_eq!(answer(&after.unwrap()), Some(2));
    // There is no answer, so the same id may be tried again once the program is fixed.
    let fixed = writer.submit(command("broken", "panic", count_up("a"))).await.unwrap();
    assert_eq!(answer(&fixed), Some(3));
}

#[tokio::test]
async fn a_decision_that_uses_what_it_did_not_declare_fails_and_appends_nothing() {
    let harness = Harness::new();
    let writer = harness.writer().await;
    let decide = |seen: &Seen| {
        let next = seen.state::<Numbers>(&stream("b")).0.len() as u64 + 1;
        Ok(Changes::of(&stream("a"), [numbered(next)]))
    };
    let undeclared = Arc::new(Rule { reads: Reads::stream::<Numbers>(stream("a")), decide });
    let failed = writer.submit(command("key", "undeclared", undeclared)).await;
    assert!(matches!(&failed, Err(WriteError::Failed(why)) if why.contains("order-b")), "{failed:?}");
    assert!(numbers(writer.log().as_ref(), "a").await.is_empty());
}

#[tokio::test]
async fn several_streams_are_written_together_or_not_at_all() {
    let harness = Harness::new();
    let writer = harness.writer().await;
    let both = |second: &'static str| {
        let reads = Reads::stream::<Numbers>(stream("a")).and::<Numbers>(stream("b"));
        let decide = move |_: &Seen| {
            let mut changes = Changes::of(&stream("a"), [numbered(1)]);
            changes.push(&stream(second), numbered(2));
            Ok(changes)
        };
        Arc::new(Rule { reads, decide })
    };
    let unread = writer.submit(command("half", "both", both("never-read"))).await;
    assert!(matches!(unread, Err(WriteError::Failed(_))), "{unread:?}");
    assert!(everything(writer.log().as_ref()).await.is_empty());
    writer.submit(command("whole", "both", both("b"))).await.unwrap();
    assert_eq!(numbers(writer.log().as_ref(), "a").await, [1]);
    assert_eq!(numbers(writer.log().as_ref(), "b").await, [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_racing_callers_gets_a_claim_within_a_process_and_across_two() {
    let harness = Harness::new();
    let writers = [harness.writer().await, harness.writer().await];
    for round in 0..10 {
        let slug = format!("green-tea-{round}");
        let racing = (0..8).map(|caller| {
            let name = format!("{round}-{caller}");
            let request = command(&name, "claim", claim(&name, &slug));
            writers[caller % 2].submit(request)
        });
        let outcomes = join_all(racing).await;
        let lost = outcomes.iter().flatten().filter(|outcome| {
            matches!(outcome.verdict, event_log::request::Verdict::Refused { .. })
                && refusal(outcome) == "TAKEN"
        });
        assert_eq!(lost.count(), 7, "round {round}: {outcomes:?}");
    }
    assert_eq!(everything(writers[0].log().as_ref()).await.len(), 10);
}
