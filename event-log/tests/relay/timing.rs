//! When a relay acts: its lease, its beats and its pauses. The time is tokio's, paused, so the log is in memory: a real one would
//! let the time jump while its threads work.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use event_log::port::{EventReader, Head, Leases, Log, LogError, LogParts, Read, StoredEvent};
use event_log::relay::{Options, Publishers, Relay, Sign};
use parking_lot::Mutex;
use platform::bus::memory_topics::MemoryTopics;
use platform::bus::publisher::{Mark, Outgoing, PublishError, Publisher};
use platform::clock::Clock;
use schemas::Context;
use schemas::topics::AUDIT_TOPIC;
use tokio::time::{Instant, sleep};

use super::harness::{self, Running, append};

const LEASE: Duration = Duration::from_millis(300);
const BEAT: Duration = Duration::from_millis(20);
/// Every timer may fire a millisecond late, and a round of the relay has at most four.
const LATE: Duration = Duration::from_millis(4);

/// What a log ended with, and its lease.
struct Snapshot {
    head: Head,
    events: Vec<StoredEvent>,
    /// The holder, and when its lease expires.
    held: Mutex<Option<(String, Instant)>>,
    /// When the lease was asked for.
    asked: Mutex<Vec<Instant>>,
}

impl Snapshot {
    async fn of(log: &dyn Log) -> Arc<Self> {
        let (head, events) = (log.head().await.unwrap(), log.read(Read::After(0), usize::MAX).await.unwrap());
        Arc::new(Self { head, events, held: Mutex::default(), asked: Mutex::default() })
    }

    /// Gives the lease to another process, for good.
    fn give_away(&self) {
        *self.held.lock() = Some(("another".to_owned(), Instant::now() + Duration::from_hours(1)));
    }
}

#[async_trait]
impl EventReader for Snapshot {
    fn context(&self) -> Context {
        Context::Ordering
    }

    async fn head(&self) -> Result<Head, LogError> {
        Ok(self.head)
    }

    async fn read(&self, what: Read<'_>, limit: usize) -> Result<Vec<StoredEvent>, LogError> {
        let Read::After(position) = what else { panic!("a relay reads by position") };
        let after = self.events.iter().filter(|event| event.envelope.position > position);
        Ok(after.take(limit).cloned().collect())
    }

    async fn grown(&self, _: u64, patience: Duration) {
        sleep(patience).await;
    }
}

#[async_trait]
impl Leases for Snapshot {
    async fn lease(&self, _: &str, holder: &str, ttl: Duration) -> Result<bool, LogError> {
        let (mut held, now) = (self.held.lock(), Instant::now());
        self.asked.lock().push(now);
        if held.as_ref().is_some_and(|(other, until)| other != holder && *until > now) {
            return Ok(false);
        }
        *held = Some((holder.to_owned(), now + ttl));
        Ok(true)
    }

    async fn release(&self, _: &str, holder: &str) -> Result<(), LogError> {
        self.held.lock().take_if(|(other, _)| other == holder);
        Ok(())
    }
}

/// Takes its time.
struct Slow {
    publisher: Box<dyn Publisher>,
    /// How long taking over and a transaction take.
    takes: (Duration, Duration),
    /// When transactions began.
    began: Arc<Mutex<Vec<Instant>>>,
}

#[async_trait]
impl Publisher for Slow {
    async fn take_over(&mut self) -> Result<Option<Mark>, PublishError> {
        sleep(self.takes.0).await;
        self.publisher.take_over().await
    }

    async fn publish(&mut self, records: &[Outgoing], mark: &Mark) -> Result<(), PublishError> {
        self.began.lock().push(Instant::now());
        sleep(self.takes.1).await;
        self.publisher.publish(records, mark).await
    }
}

struct Timed {
    log: Arc<Snapshot>,
    parts: Arc<dyn Log>,
    topics: MemoryTopics,
    began: Arc<Mutex<Vec<Instant>>>,
    _folder: tempfile::TempDir,
}

impl Timed {
    /// A log of three events. From here on the time is paused.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = harness::open(folder.path().join("log")).await;
        append(log.as_ref(), &["order-a"; 3]).await;
        let snapshot = Snapshot::of(log.as_ref()).await;
        let (reader, leases) = (snapshot.clone(), snapshot.clone());
        let parts = Arc::new(LogParts { reader, leases, ..LogParts::of(&log) });
        tokio::time::pause();
        Self { log: snapshot, parts, topics: MemoryTopics::default(), began: Arc::default(), _folder: folder }
    }

    /// Starts a relay. `takes`: how long taking over and a transaction take.
    fn start(&self, takes: (Duration, Duration), options: Options, sign: Option<Sign>) -> Running {
        let (topics, began) = (self.topics.clone(), Arc::clone(&self.began));
        let publishers: Publishers = Arc::new(move |context| {
            Box::new(Slow { publisher: topics.publisher(context), takes, began: Arc::clone(&began) })
        });
        let relay = Relay::new(Arc::clone(&self.parts), publishers, Clock::system(), options);
        harness::start(if let Some(sign) = sign { relay.signing(sign) } else { relay })
    }

    fn asked(&self) -> Vec<Instant> {
        self.log.asked.lock().clone()
    }

    fn began(&self) -> Vec<Instant> {
        self.began.lock().clone()
    }
}

const AT_ONCE: (Duration, Duration) = (Duration::ZERO, Duration::ZERO);

fn options() -> Options {
    Options { beat: BEAT, lease: LEASE, ..Options::default() }
}

/// Lets this much of the paused time pass: no real time does.
async fn pass(time: Duration) {
    sleep(time).await;
}

/// Asserts that neighbours are at least `least` and at most `most` apart, and that there are at least six.
fn apart(moments: &[Instant], least: Duration, most: Duration) {
    let gaps: Vec<Duration> = moments.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(gaps.len() > 4, "{gaps:?}");
    assert!(gaps.iter().all(|gap| (least..=most).contains(gap)), "{gaps:?}");
}

#[tokio::test]
async fn an_idle_relay_publishes_at_every_beat_and_renews_its_lease_three_times_before_it_expires() {
    let timed = Timed::new().await;
    let running = timed.start(AT_ONCE, options(), None);
    pass(LEASE * 4).await;
    // The first transaction has the events; the beats begin with it.
    apart(&timed.began(), BEAT, BEAT + LATE);
    apart(&timed.asked(), LEASE / 3, LEASE / 3 + BEAT + LATE);
    assert_eq!(timed.topics.takeovers(Context::Ordering), 1);
    running.stop().await;
}

#[tokio::test]
async fn a_relay_with_rare_beats_renews_its_lease_all_the_same() {
    let timed = Timed::new().await;
    let running = timed.start(AT_ONCE, Options { beat: LEASE * 20, ..options() }, None);
    pass(LEASE * 4).await;
    apart(&timed.asked()[1..], LEASE / 3, LEASE / 3 + LATE);
    assert_eq!(timed.began().len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn a_standby_asks_for_the_lease_three_times_before_it_can_expire() {
    let timed = Timed::new().await;
    timed.log.give_away();
    let running = timed.start(AT_ONCE, options(), None);
    pass(LEASE * 4).await;
    apart(&timed.asked(), LEASE / 3, LEASE / 3 + LATE);
    assert_eq!((timed.began().len(), timed.topics.takeovers(Context::Ordering)), (0, 0));
    running.stop().await;
}

#[tokio::test]
async fn a_relay_that_has_lost_its_lease_stands_by() {
    let timed = Timed::new().await;
    let running = timed.start(AT_ONCE, options(), None);
    pass(LEASE * 2).await;
    timed.log.give_away();
    let lost = Instant::now();
    pass(LEASE * 4).await;
    let last = *timed.began().last().unwrap();
    assert!(last <= lost + LEASE / 3 + BEAT, "{:?}", last - lost);
    assert_eq!(timed.topics.takeovers(Context::Ordering), 1);
    running.stop().await;
}

/// Taking over takes as long as ten leases.
const TAKES_LONG: (Duration, Duration) = (Duration::from_secs(3), Duration::ZERO);

#[tokio::test]
async fn the_lease_is_renewed_while_taking_over_takes_long() {
    let timed = Timed::new().await;
    let running = timed.start(TAKES_LONG, options(), None);
    pass(LEASE * 9).await;
    apart(&timed.asked(), LEASE / 3, LEASE / 3 + LATE);
    assert_eq!(timed.topics.takeovers(Context::Ordering), 0);
    pass(LEASE * 2).await;
    assert_eq!(timed.topics.mark(Context::Ordering).unwrap().position, 3);
    running.stop().await;
}

#[tokio::test]
async fn a_relay_that_loses_its_lease_while_it_takes_over_fences_no_other_relay() {
    let timed = Timed::new().await;
    let running = timed.start(TAKES_LONG, options(), None);
    pass(LEASE).await;
    timed.log.give_away();
    pass(LEASE * 20).await;
    assert_eq!((timed.began().len(), timed.topics.takeovers(Context::Ordering)), (0, 0));
    running.stop().await;
}

#[tokio::test]
async fn a_relay_that_stops_releases_its_lease_and_not_that_of_another() {
    let timed = Timed::new().await;
    let running = timed.start(AT_ONCE, options(), None);
    pass(BEAT).await;
    assert!(timed.log.held.lock().is_some());
    running.stop().await;
    assert_eq!(*timed.log.held.lock(), None);

    let running = timed.start(AT_ONCE, options(), None);
    pass(BEAT).await;
    timed.log.give_away();
    running.stop().await;
    assert!(timed.log.held.lock().is_some());
}

/// Asserts the pause after transactions that take `taken`.
async fn rests(taken: Duration, rest: Duration) {
    let beat = Duration::from_millis(2);
    let timed = Timed::new().await;
    let running = timed.start((Duration::ZERO, taken), Options { beat, ..options() }, None);
    pass((taken + rest) * 8).await;
    apart(&timed.began(), taken + rest + beat, taken + rest + beat + LATE);
    running.stop().await;
}

#[tokio::test]
async fn a_relay_rests_half_as_long_as_its_transaction_took() {
    rests(Duration::from_millis(40), Duration::from_millis(20)).await;
}

#[tokio::test]
async fn a_relay_never_rests_longer_than_50_ms() {
    rests(Duration::from_millis(400), Duration::from_millis(50)).await;
}

#[tokio::test]
async fn an_idle_relay_signs_no_head_twice() {
    let timed = Timed::new().await;
    let sign: Sign = Arc::new(|head| {
        let (key_id, signature) = ("0123456789abcdef".to_owned(), head.text());
        schemas::audit::LogHeadSigned { head, key_id, signature }
    });
    let options = Options { heads_every: Duration::ZERO, ..options() };
    let running = timed.start(AT_ONCE, options, Some(sign));
    pass(BEAT * 10).await;
    running.stop().await;
    assert_eq!(timed.topics.all(AUDIT_TOPIC).len(), 1);
}
