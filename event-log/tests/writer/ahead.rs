//! What comes while a commit is under way is decided as if that had gone through, and again if it has not.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::{Changes, Decision, Reads, Refusal, Seen};
use event_log::port::Log;
use event_log::request::{Outcome, WriteError};
use event_log::writer::Writer;
use schemas::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::bench::{Bench, answer, claim, command, count_up, on, refusal, told};
use crate::failures::{BEFORE, Failing, MANY};

/// It only ends a hang.
const SOON: Duration = Duration::from_secs(60);

/// A decision, and how often something was decided.
struct Counted(Arc<dyn Decision>, watch::Sender<u32>);

impl Decision for Counted {
    fn reads(&self) -> Reads {
        self.0.reads()
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        self.1.send_modify(|count| *count += 1);
        self.0.decide(seen, now)
    }
}

/// A writer on a log whose commits wait for permits.
struct Held {
    bench: Bench,
    log: Arc<Failing>,
    writer: Writer,
    decided: watch::Sender<u32>,
}

type Answered = JoinHandle<Result<Outcome, WriteError>>;

impl Held {
    async fn new(bench: Bench) -> Self {
        let log = Failing::over(&bench, 0).await;
        Self { writer: on(log.clone()), bench, log, decided: watch::Sender::new(0) }
    }

    fn ask(&self, key: &str, decision: Arc<dyn Decision>) -> Answered {
        let (writer, decision) = (self.writer.clone(), Counted(decision, self.decided.clone()));
        let request = command(key, "something", Arc::new(decision));
        tokio::spawn(async move { writer.submit(request).await })
    }

    /// Waits until so many decisions were made.
    async fn decided(&self, count: u32) {
        let mut decided = self.decided.subscribe();
        tokio::time::timeout(SOON, decided.wait_for(|made| *made >= count)).await.unwrap().unwrap();
    }

    fn go_on(&self) {
        self.log.permits.add_permits(MANY);
    }

    async fn told(&self, name: &str) -> Vec<u64> {
        told(self.bench.log().await.as_ref(), name).await
    }
}

async fn each() -> [Held; 2] {
    [Held::new(Bench::new()).await, Held::new(Bench::on_postgres().await).await]
}

async fn done(answered: Answered) -> Outcome {
    answered.await.unwrap().unwrap()
}

#[tokio::test]
async fn what_comes_during_a_commit_is_decided_before_it_ends_and_sees_what_it_changes() {
    for held in each().await {
        let first = held.ask("first", count_up("a"));
        held.decided(1).await;
        let more = [held.ask("second", count_up("a")), held.ask("third", count_up("b"))];
        // No commit has gone through yet.
        held.decided(3).await;
        held.go_on();
        assert_eq!(answer(&done(first).await), Some(1));
        let [second, third] = more;
        assert_eq!((answer(&done(second).await), answer(&done(third).await)), (Some(2), Some(1)));
        assert_eq!((held.told("a").await, held.told("b").await), (vec![1, 2], vec![1]));
        assert_eq!(*held.decided.borrow(), 3, "nothing was decided twice");
    }
}

#[tokio::test]
async fn where_the_commit_fails_what_was_decided_ahead_is_decided_again() {
    for held in each().await {
        held.log.next.store(BEFORE, Ordering::SeqCst);
        let first = held.ask("first", count_up("a"));
        held.decided(1).await;
        let second = held.ask("second", count_up("a"));
        held.decided(2).await;
        held.go_on();
        assert!(matches!(first.await.unwrap(), Err(WriteError::Log(_))));
        assert_eq!(answer(&done(second).await), Some(1));
        assert_eq!(held.told("a").await, [1]);
    }
}

#[tokio::test]
async fn where_somebody_else_is_faster_all_of_it_is_decided_again() {
    for held in each().await {
        let first = held.ask("first", count_up("a"));
        held.decided(1).await;
        let second = held.ask("second", count_up("a"));
        held.decided(2).await;
        let faster = held.bench.writer().await;
        assert_eq!(answer(&faster.submit(command("faster", "count", count_up("a"))).await.unwrap()), Some(1));
        held.go_on();
        assert_eq!((answer(&done(first).await), answer(&done(second).await)), (Some(2), Some(3)));
        assert_eq!(held.told("a").await, [1, 2, 3]);
    }
}

#[tokio::test]
async fn what_the_commit_touches_beside_streams_is_waited_for() {
    for held in each().await {
        let first = held.ask("first", claim("a", "tea"));
        held.decided(1).await;
        // The same command again, and the same claim for another stream.
        let (again, other) = (held.ask("first", claim("a", "tea")), held.ask("other", claim("b", "tea")));
        held.go_on();
        let (first, again) = (done(first).await, done(again).await);
        assert_eq!((&first.verdict, first.replayed), (&again.verdict, false));
        assert!(again.replayed);
        assert_eq!(refusal(&done(other).await), "TAKEN");
        assert_eq!((held.told("a").await, held.told("b").await), (vec![1], vec![]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_come_all_the_time_are_each_answered_once_and_in_order() {
    for held in each().await {
        held.go_on();
        let asked: Vec<Answered> = (0..MANY / 4)
            .map(|number| held.ask(&number.to_string(), count_up(["a", "b", "c"][number % 3])))
            .collect();
        let mut answers: Vec<u64> = Vec::new();
        for answered in asked {
            answers.extend(answer(&done(answered).await));
        }
        answers.sort_unstable();
        let log: Arc<dyn Log> = held.bench.log().await;
        let mut there = Vec::new();
        for name in ["a", "b", "c"] {
            there.extend(told(log.as_ref(), name).await);
        }
        there.sort_unstable();
        assert_eq!(answers, there);
        assert_eq!(there.len(), MANY / 4);
    }
}
