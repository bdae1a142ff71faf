//! Measures how fast a log appends through its writer, compared with the database itself: the same rows
//! inserted into the same table with one statement per commit and the same sync.
//! `cargo run --release -p event-log --example append_rate [sqlite://FOLDER | postgres://USER:PASSWORD@HOST/DATABASE]`
//!
//! On PostgreSQL the tables are created in the database of the address, which must be empty and is not
//! cleaned up.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use decider::{Aggregate, Changes, Decision, Reads, Refusal, Seen};
use event_log::port::{Log, Read};
use event_log::request::{Origin, Request, Verdict};
use event_log::verify::verify;
use event_log::writer::{Writer, WriterOptions};
use futures_util::future::try_join_all;
use platform::clock::Clock;
use schemas::reaction::{ReactionEvent, ReactionRedriven};
use schemas::{Actor, CommandId, Context, StreamId, Timestamp};
use uuid::Uuid;

#[path = "append_rate/raw.rs"]
mod raw;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const CALLERS: usize = 256;
/// Duration of each measurement.
const TIME: Duration = Duration::from_secs(4);

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let url = std::env::args().nth(1).unwrap_or_else(|| format!("sqlite://{}", folder.path().display()));
    // One context per measurement, so that all begin with an empty log.
    let logs = |context: Context| match url.strip_prefix("sqlite://") {
        Some(folder) => format!("sqlite://{folder}/{context}.db"),
        None => url.clone(),
    };
    let raw = raw::rate(&logs(Context::Catalog), Context::Catalog, TIME).await?;
    println!("raw, {} rows per statement: {raw:>8.0} rows/s", raw::ROWS);
    for (context, events) in [(Context::Inventory, 1), (Context::Ordering, 3)] {
        let log = open(&logs(context), context).await?;
        let (rate, times) = measured(&log, CALLERS, events).await?;
        let ratio = rate / raw;
        println!(
            "{CALLERS} callers, {events} events per request: {rate:>8.0} events/s, {ratio:.2} of raw; {times}"
        );
    }
    let log = open(&logs(Context::Payments), Context::Payments).await?;
    let (rate, times) = measured(&log, 1, 1).await?;
    println!("1 caller: {rate:>8.0} events/s; {times}");
    let url = logs(Context::Shipping);
    let (here, there) = (open(&url, Context::Shipping).await?, open(&url, Context::Shipping).await?);
    let both = tokio::try_join!(appended(&here, CALLERS / 2, 1), appended(&there, CALLERS / 2, 1))?;
    let events = check(&here).await?;
    let rate = events as f64 / TIME.as_secs_f64();
    println!("two writers of {} callers each: {rate:>8.0} events/s; {} | {}", CALLERS / 2, both.0, both.1);
    Ok(())
}

async fn open(url: &str, context: Context) -> Outcome<Arc<dyn Log>> {
    event_log::migrate(url, context).await?;
    Ok(event_log::connect(url, context).await?)
}

/// Events per second, and times of requests. The acknowledged events are counted and verified afterwards.
async fn measured(log: &Arc<dyn Log>, callers: usize, events: u64) -> Outcome<(f64, Times)> {
    let times = appended(log, callers, events).await?;
    let acknowledged = times.0.len() as u64 * events;
    let there = check(log).await?;
    if there != acknowledged {
        return Err(format!("{acknowledged} events were acknowledged, {there} are there").into());
    }
    Ok((acknowledged as f64 / TIME.as_secs_f64(), times))
}

async fn check(log: &Arc<dyn Log>) -> Outcome<u64> {
    let start = Instant::now();
    let events = verify(&**log, None, |_| {}).await?.events;
    let verified = events as f64 / start.elapsed().as_secs_f64();
    let (start, mut after) = (Instant::now(), 0);
    while let Some(last) = log.read(Read::After(after), 1_000).await?.last() {
        after = last.envelope.position;
    }
    let read = events as f64 / start.elapsed().as_secs_f64();
    println!("  ({events} events, verified at {verified:.0}/s, read at {read:.0}/s)");
    Ok(events)
}

/// Duration of each request, in order.
struct Times(Vec<Duration>);

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = |share: usize| self.0.get(self.0.len() * share / 100).copied().unwrap_or_default();
        write!(f, "p50 {:.2?}, p99 {:.2?}", at(50), at(99))
    }
}

async fn appended(log: &Arc<dyn Log>, callers: usize, events: u64) -> Outcome<Times> {
    let (writer, _) = Writer::start(Arc::clone(log), Clock::system(), WriterOptions::default());
    let until = Instant::now() + TIME;
    let calls = (0..callers).map(|_| tokio::spawn(call(writer.clone(), events, until)));
    let mut times = Vec::new();
    for caller in try_join_all(calls).await? {
        times.extend(caller?);
    }
    times.sort_unstable();
    Ok(Times(times))
}

async fn call(writer: Writer, events: u64, until: Instant) -> Outcome<Vec<Duration>> {
    let mut times = Vec::new();
    while Instant::now() < until {
        let start = Instant::now();
        let outcome = writer.submit(request(events)).await?;
        if !matches!(outcome.verdict, Verdict::Done { .. }) {
            return Err(format!("{:?}", outcome.verdict).into());
        }
        times.push(start.elapsed());
    }
    Ok(times)
}

/// A command on a stream of its own.
fn request(events: u64) -> Request {
    let id = Uuid::new_v4();
    Request {
        command: CommandId::new(id),
        origin: Origin::Command { fingerprint: [7; 32] },
        decision: Arc::new(Append { stream: StreamId::from_text(format!("order-{id}")), events }),
        actor: Actor::system("bench"),
        correlation: id,
        causation: id,
        traceparent: None,
        expected: vec![],
        parking: vec![],
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Count(u64);

impl Aggregate for Count {
    type Event = ReactionEvent;

    fn evolve(self, _: &ReactionEvent) -> Self {
        Self(self.0 + 1)
    }
}

/// Appends events of typical size to a new stream.
struct Append {
    stream: StreamId,
    events: u64,
}

impl Decision for Append {
    fn reads(&self) -> Reads {
        Reads::stream::<Count>(self.stream.clone())
    }

    fn decide(&self, _: &Seen, _: Timestamp) -> Result<Changes, Refusal> {
        let event = |number| {
            let (reactor, source) = ("a-reactor-with-a-name-of-some-length-".repeat(2), self.stream.clone());
            ReactionEvent::from(ReactionRedriven { reactor, source, from_version: number })
        };
        Ok(Changes::of(&self.stream, (1..=self.events).map(event)))
    }
}
