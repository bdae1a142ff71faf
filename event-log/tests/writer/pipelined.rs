//! Requests that arrive during a commit are decided as if it had succeeded, and again if it has failed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use decider::{Changes, Decision, Reads, Refusal, Seen};
use event_log::port::Log;
use event_log::request::{Outcome, WriteError};
use event_log::writer::{Writer, WriterOptions};
use platform::clock::DrivenClock;
use schemas::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::failures::{BEFORE, FailingAppender, MANY};
use crate::harness::{Harness, answer, claim, command, count_up, everything, numbers, refusal};

/// When the clock begins, in milliseconds since 1970.
const BEGIN: i64 = 1_800_000_000_000;
/// Only ends a hang.
const SOON: Duration = Duration::from_secs(60);

/// A decision, and a counter of calls.
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
struct PausedLog {
    harness: Harness,
    appender: Arc<FailingAppender>,
    writer: Writer,
    clock: DrivenClock,
    decided: watch::Sender<u32>,
}

type Answered = JoinHandle<Result<Outcome, WriteError>>;

impl PausedLog {
    async fn new(harness: Harness) -> Self {
        let appender = FailingAppender::over(&harness, 0).await;
        let clock = DrivenClock::new(Timestamp::from_millis(BEGIN));
        let writer = Writer::start(appender.log(), clock.clock(), WriterOptions::default()).0;
        Self { writer, harness, appender, clock, decided: watch::Sender::new(0) }
    }

    fn ask(&self, key: &str, decision: Arc<dyn Decision>) -> Answered {
        let (writer, decision) = (self.writer.clone(), Counted(decision, self.decided.clone()));
        let request = command(key, "something", Arc::new(decision));
        tokio::spawn(async move { writer.submit(request).await })
    }

    /// Waits until `count` decisions were made.
    async fn decided(&self, count: u32) {
        let mut decided = self.decided.subscribe();
        tokio::time::timeout(SOON, decided.wait_for(|made| *made >= count)).await.unwrap().unwrap();
    }

    fn resume(&self) {
        self.appender.permits.add_permits(MANY);
    }

    async fn numbers(&self, name: &str) -> Vec<u64> {
        numbers(self.harness.log().await.as_ref(), name).await
    }
}

async fn each() -> [PausedLog; 2] {
    [PausedLog::new(Harness::new()).await, PausedLog::new(Harness::on_postgres().await).await]
}

async fn done(answered: Answered) -> Outcome {
    answered.await.unwrap().unwrap()
}

#[tokio::test]
async fn requests_during_a_commit_are_decided_before_it_ends_and_see_its_changes() {
    for paused in each().await {
        let first = paused.ask("first", count_up("a"));
        paused.decided(1).await;
        let more = [paused.ask("second", count_up("a")), paused.ask("third", count_up("b"))];
        // No commit has succeeded yet.
        paused.decided(3).await;
        paused.resume();
        assert_eq!(answer(&done(first).await), Some(1));
        let [second, third] = more;
        assert_eq!((answer(&done(second).await), answer(&done(third).await)), (Some(2), Some(1)));
        assert_eq!((paused.numbers("a").await, paused.numbers("b").await), (vec![1, 2], vec![1]));
        assert_eq!(*paused.decided.borrow(), 3, "nothing was decided twice");
    }
}

#[tokio::test]
async fn a_request_that_arrives_during_a_commit_is_decided_at_its_own_time() {
    for paused in each().await {
        let mut asked = Vec::new();
        for number in 1..=3 {
            asked.push(paused.ask(&number.to_string(), count_up("a")));
            paused.decided(number).await;
            paused.clock.advance_by(Duration::from_secs(1));
        }
        paused.resume();
        for asked in asked {
            done(asked).await;
        }
        let events = everything(paused.harness.log().await.as_ref()).await;
        let times: Vec<i64> = events.iter().map(|event| event.envelope.time.as_millis() - BEGIN).collect();
        assert_eq!(times, [0, 1_000, 2_000]);
    }
}

#[tokio::test]
async fn pipelined_decisions_are_made_again_when_the_commit_fails() {
    for paused in each().await {
        paused.appender.next.store(BEFORE, Ordering::SeqCst);
        let first = paused.ask("first", count_up("a"));
        paused.decided(1).await;
        let second = paused.ask("second", count_up("a"));
        paused.decided(2).await;
        paused.resume();
        assert!(matches!(first.await.unwrap(), Err(WriteError::Log(_))));
        assert_eq!(answer(&done(second).await), Some(1));
        assert_eq!(paused.numbers("a").await, [1]);
    }
}

#[tokio::test]
async fn everything_is_decided_again_when_another_process_is_faster() {
    for paused in each().await {
        let first = paused.ask("first", count_up("a"));
        paused.decided(1).await;
        let second = paused.ask("second", count_up("a"));
        paused.decided(2).await;
        let faster = paused.harness.writer().await;
        assert_eq!(answer(&faster.submit(command("faster", "count", count_up("a"))).await.unwrap()), Some(1));
        paused.resume();
        assert_eq!((answer(&done(first).await), answer(&done(second).await)), (Some(2), Some(3)));
        assert_eq!(paused.numbers("a").await, [1, 2, 3]);
    }
}

#[tokio::test]
async fn requests_that_depend_on_a_commit_beside_its_streams_wait_for_it() {
    for paused in each().await {
        let first = paused.ask("first", claim("a", "tea"));
        paused.decided(1).await;
        // The same command again, and the same claim for another stream.
        let (again, other) = (paused.ask("first", claim("a", "tea")), paused.ask("other", claim("b", "tea")));
        paused.resume();
        let (first, again) = (done(first).await, done(again).await);
        assert_eq!((&first.verdict, first.replayed), (&again.verdict, false));
        assert!(again.replayed);
        assert_eq!(refusal(&done(other).await), "TAKEN");
        assert_eq!((paused.numbers("a").await, paused.numbers("b").await), (vec![1], vec![]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn continuous_requests_are_each_answered_once_and_in_order() {
    for paused in each().await {
        paused.resume();
        let asked: Vec<Answered> = (0..MANY / 4)
            .map(|number| paused.ask(&number.to_string(), count_up(["a", "b", "c"][number % 3])))
            .collect();
        let mut answers: Vec<u64> = Vec::new();
        for answered in asked {
            answers.extend(answer(&done(answered).await));
        }
        answers.sort_unstable();
        let log: Arc<dyn Log> = paused.harness.log().await;
        let mut there = Vec::new();
        for name in ["a", "b", "c"] {
            there.extend(numbers(log.as_ref(), name).await);
        }
        there.sort_unstable();
        assert_eq!(answers, there);
        assert_eq!(there.len(), MANY / 4);
    }
}
