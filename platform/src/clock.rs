//! The clock of a process: the system's, or one that an import or a simulation drives.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use schemas::Timestamp;
use tokio::sync::watch;

/// How often a sleeper reads the wall clock, and so the time within which it notices that the clock was set.
const SLICE: Duration = Duration::from_secs(1);

/// What all system clocks of this process have returned last.
static SHOWN: Mutex<Shown> = Mutex::new(Shown::NOTHING);
/// A moment that no clock can be set back to.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Returns the time, which never goes backwards. Cheap to clone; clones are the same clock.
#[derive(Clone)]
pub struct Clock(Kind);

#[derive(Clone)]
enum Kind {
    System(Wall),
    Driven(DrivenClock),
}

impl Clock {
    /// The system's time. If the system's clock is set back, this one goes on at half speed until that has caught up, so
    /// that deadlines pass even if the clock was far ahead.
    pub fn system() -> Self {
        Self(Kind::System(Wall { read: Arc::new(system_reading), shown: &SHOWN }))
    }

    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System(wall) => wall.now(),
            Kind::Driven(driven) => driven.now(),
        }
    }

    /// Returns once [`now`](Self::now) is `instant` or later. Cancel safe.
    pub async fn sleep_until(&self, instant: Timestamp) {
        match &self.0 {
            Kind::System(wall) => wall.sleep_until(instant).await,
            Kind::Driven(driven) => driven.sleep_until(instant).await,
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Kind::System(_) => "system",
            Kind::Driven(_) => "driven",
        };
        write!(f, "Clock({kind}, {})", self.now())
    }
}

/// The wall clock in milliseconds, and the time since the process started.
type Reading = (i64, Duration);

/// A wall clock that may be set, read so that the time never goes backwards.
#[derive(Clone)]
struct Wall {
    read: Arc<dyn Fn() -> Reading + Send + Sync>,
    shown: &'static Mutex<Shown>,
}

/// The time that was returned last, in milliseconds, and when.
struct Shown {
    millis: i64,
    at: Duration,
}

impl Shown {
    const NOTHING: Self = Self { millis: i64::MIN, at: Duration::ZERO };

    /// The time to return for a reading.
    fn next(&mut self, (wall, at): Reading) -> i64 {
        let half = at.saturating_sub(self.at).as_millis() / 2;
        let step = i64::try_from(half).unwrap_or(i64::MAX);
        let slowed = self.millis.saturating_add(step);
        if wall >= slowed {
            *self = Self { millis: wall, at };
        } else {
            // The rest of the time counts for the next call, or frequent calls would stop the clock.
            self.at += Duration::from_millis(step.unsigned_abs().saturating_mul(2));
            self.millis = slowed;
        }
        self.millis
    }
}

impl Wall {
    fn now(&self) -> Timestamp {
        let mut shown = self.shown.lock();
        // Read under the lock, so that the readings come in order.
        Timestamp::from_millis(shown.next((self.read)()))
    }

    async fn sleep_until(&self, instant: Timestamp) {
        loop {
            let now = self.now();
            if now >= instant {
                return;
            }
            tokio::time::sleep(instant.since(now).min(SLICE)).await;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the only place that reads the clock")]
fn system_reading() -> Reading {
    let start = *START;
    // A system clock before 1970 was never set.
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX), start.elapsed())
}

/// A clock that only moves when it is advanced. Cheap to clone; clones are the same clock.
#[derive(Clone, Debug)]
pub struct DrivenClock(Arc<watch::Sender<Timestamp>>);

impl DrivenClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Arc::new(watch::Sender::new(start)))
    }

    /// This clock as a [`Clock`].
    pub fn clock(&self) -> Clock {
        Clock(Kind::Driven(self.clone()))
    }

    pub fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    /// Advances to `instant` and wakes sleepers. An instant in the past changes nothing.
    pub fn advance_to(&self, instant: Timestamp) {
        self.0.send_if_modified(|now| {
            let later = instant > *now;
            *now = instant.max(*now);
            later
        });
    }

    /// Advances by `duration`, in whole milliseconds.
    pub fn advance_by(&self, duration: Duration) {
        self.0.send_modify(|now| *now = now.plus(duration));
    }

    async fn sleep_until(&self, instant: Timestamp) {
        let mut times = self.0.subscribe();
        // The sender lives in `self`, so waiting can only end with the instant.
        if times.wait_for(|now| *now >= instant).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    /// A clock whose wall clock and time since the start are set by hand, in milliseconds.
    fn wall(millis: &Arc<AtomicI64>, since_start: &Arc<AtomicI64>) -> Clock {
        let (millis, since_start) = (millis.clone(), since_start.clone());
        let read = Arc::new(move || {
            let since_start = u64::try_from(since_start.load(Ordering::Acquire)).unwrap();
            (millis.load(Ordering::Acquire), Duration::from_millis(since_start))
        });
        let shown = Box::leak(Box::new(Mutex::new(Shown::NOTHING)));
        Clock(Kind::System(Wall { read, shown }))
    }

    #[test]
    fn the_system_clock_never_goes_backwards_even_across_clones() {
        let (millis, since_start) = (Arc::new(AtomicI64::new(5_000)), Arc::default());
        let clock = wall(&millis, &since_start);
        assert_eq!(clock.now().as_millis(), 5_000);
        millis.store(1_000, Ordering::Release);
        assert_eq!(clock.now().as_millis(), 5_000);
        assert_eq!(clock.clone().now().as_millis(), 5_000);
        millis.store(6_000, Ordering::Release);
        assert_eq!(clock.now().as_millis(), 6_000);
        assert!(Clock::system().now() > "2020-01-01T00:00:00Z".parse().unwrap());
    }

    #[test]
    fn a_clock_that_was_set_back_goes_on_at_half_speed_until_the_wall_clock_has_caught_up() {
        let (millis, since_start) = (Arc::new(AtomicI64::new(10_000)), Arc::new(AtomicI64::new(0)));
        let clock = wall(&millis, &since_start);
        assert_eq!(clock.now().as_millis(), 10_000);
        // Set back by six seconds. Every millisecond is read, so no read sees a whole step.
        for elapsed in 1..=20_000 {
            millis.store(4_000 + elapsed, Ordering::Release);
            since_start.store(elapsed, Ordering::Release);
            let expected = (10_000 + elapsed / 2).max(4_000 + elapsed);
            assert_eq!(clock.now().as_millis(), expected, "after {elapsed}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleeping_task_notices_that_the_wall_clock_was_set() {
        let (millis, since_start) = (Arc::new(AtomicI64::new(0)), Arc::default());
        let clock = wall(&millis, &since_start);
        let started = tokio::time::Instant::now();
        let sleeper = clock.sleep_until(Timestamp::from_millis(3_600_000));
        let jump = async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            millis.store(3_600_000, Ordering::Release);
        };
        tokio::join!(sleeper, jump);
        assert!(started.elapsed() <= SLICE + Duration::from_millis(10), "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn the_system_clock_sleeps_until_the_instant() {
        let clock = Clock::system();
        let instant = clock.now().plus(Duration::from_millis(30));
        clock.sleep_until(instant).await;
        assert!(clock.now() >= instant);
        clock.sleep_until(Timestamp::EPOCH).await;
    }

    #[tokio::test]
    async fn a_driven_clock_wakes_sleepers_at_their_instant_and_not_before() {
        let driven = DrivenClock::new(Timestamp::EPOCH);
        let clock = driven.clock();
        let mut sleeper = Box::pin(clock.sleep_until(Timestamp::from_millis(1_000)));
        driven.advance_to(Timestamp::from_millis(999));
        assert!(futures_util::poll!(&mut sleeper).is_pending());
        driven.advance_by(Duration::from_millis(1));
        sleeper.await;
        driven.advance_to(Timestamp::from_millis(10));
        assert_eq!(clock.now().as_millis(), 1_000);
    }
}
