//! Clocks that go back, jump, or disagree: times of a log never go back, and decisions see the clock.

use std::sync::Arc;

use decider::{Changes, Decision, Reads, Refusal, Seen};
use event_log::writer::{Writer, WriterOptions};
use parking_lot::Mutex;
use platform::clock::DrivenClock;
use schemas::Timestamp;

use crate::harness::{Harness, command, count_up, everything};

const NOON: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;

/// Two logs, one per engine.
async fn each() -> [Harness; 2] {
    [Harness::new(), Harness::on_postgres().await]
}

/// A decision that notes the time it is given.
struct Noted(Arc<dyn Decision>, Arc<Mutex<Vec<i64>>>);

impl Decision for Noted {
    fn reads(&self) -> Reads {
        self.0.reads()
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        self.1.lock().push(now.as_millis() - NOON);
        self.0.decide(seen, now)
    }
}

/// A writer in a process whose clock begins at this time, in milliseconds from noon.
async fn process(harness: &Harness, begins: i64) -> (Writer, DrivenClock) {
    let clock = DrivenClock::new(Timestamp::from_millis(NOON + begins));
    let writer = Writer::start(harness.log().await, clock.clock(), WriterOptions::default()).0;
    (writer, clock)
}

/// The times of all events, in order of position, in milliseconds from noon.
async fn times(harness: &Harness) -> Vec<i64> {
    let events = everything(harness.log().await.as_ref()).await;
    events.iter().map(|event| event.envelope.time.as_millis() - NOON).collect()
}

#[tokio::test]
async fn a_clock_set_back_across_a_restart_gives_no_event_an_earlier_time_and_decisions_see_the_clock() {
    for harness in each().await {
        let (first, _) = process(&harness, 0).await;
        first.submit(command("1", "x", count_up("a"))).await.unwrap();
        drop(first);
        let (second, clock) = process(&harness, -HOUR).await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = |name| Arc::new(Noted(count_up(name), Arc::clone(&seen)));
        second.submit(command("2", "x", noted("b"))).await.unwrap();
        second.submit(command("3", "x", noted("a"))).await.unwrap();
        clock.advance_to(Timestamp::from_millis(NOON + 1));
        second.submit(command("4", "x", noted("b"))).await.unwrap();
        assert_eq!(times(&harness).await, [0, 0, 0, 1]);
        // Deadlines are computed from these, so they are not late.
        assert_eq!(*seen.lock(), [-HOUR, -HOUR, 1]);
    }
}

#[tokio::test]
async fn processes_whose_clocks_disagree_give_no_event_an_earlier_time_than_the_one_before() {
    for harness in each().await {
        let (late, _) = process(&harness, -HOUR).await;
        let (early, _) = process(&harness, 0).await;
        for turn in 0..6 {
            let writer = if turn % 2 == 0 { &late } else { &early };
            // Streams of their own, so that the head is all that the two share.
            let name = format!("stream-{turn}");
            writer.submit(command(&format!("{turn}"), "x", count_up(&name))).await.unwrap();
        }
        assert_eq!(times(&harness).await, [-HOUR, 0, 0, 0, 0, 0]);
    }
}

#[tokio::test]
async fn a_clock_that_jumped_forward_and_was_corrected_holds_no_decision_up() {
    for harness in each().await {
        let (wrong, _) = process(&harness, 365 * 24 * HOUR).await;
        wrong.submit(command("1", "x", count_up("a"))).await.unwrap();
        drop(wrong);
        let (right, _) = process(&harness, 0).await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::new(Noted(count_up("a"), Arc::clone(&seen)));
        right.submit(command("2", "x", noted)).await.unwrap();
        assert_eq!(times(&harness).await, [365 * 24 * HOUR; 2]);
        assert_eq!(*seen.lock(), [0]);
    }
}
