//! P1, P2 and P3: rates of appends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use event_log::port::Log;
use event_log::request::Verdict;
use event_log::writer::{Writer, WriterOptions};
use futures_util::future::try_join_all;
use platform::clock::Clock;
use schemas::Context;
use sqlx::postgres::PgBindIterExt;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::place::Place;
use crate::{Outcome, checks, disk, peers, story};
use measure::{Options, Sample, Samples};

/// Number of concurrent requests.
pub const CALLERS: usize = 256;
/// Rows per statement when the raw limit is measured.
const ROWS: usize = 1_000;

/// Names of the contenders.
pub const RAW: &str = "raw UNNEST, 1000 rows, 2 connections";
pub const ONE: &str = "chorale, 1 event per request";
pub const THREE: &str = "chorale, 3 events per request";
pub const ALONE: &str = "chorale, one caller";
pub const DISK: &str = "fdatasync of the disk";

pub async fn round(place: &Place, options: &Options, samples: &mut Samples) -> Outcome<()> {
    if options.wants("P1") {
        samples.add(RAW, raw(place, options.time).await?);
        samples.add(THREE, chorale(place, CALLERS, 3, options.time).await?);
    }
    if options.wants_any(&["P1", "P2"]) {
        samples.add(ONE, chorale(place, CALLERS, 1, options.time).await?);
    }
    if options.wants("P2") {
        peers::round(place, options, samples).await?;
    }
    if options.wants("P3") {
        samples.add(DISK, disk::sync(&place.disk, options.time / 2)?);
        samples.add(ALONE, chorale(place, 1, 1, options.time).await?);
    }
    Ok(())
}

/// A new log of ordering in a database.
pub async fn open(url: &str) -> Outcome<Arc<dyn Log>> {
    event_log::migrate(url, Context::Ordering).await?;
    Ok(event_log::connect(url, Context::Ordering).await?)
}

async fn chorale(place: &Place, callers: usize, events: u64, time: Duration) -> Outcome<Sample> {
    let database = place.database().await?;
    let log = open(&database.url).await?;
    let (writer, _) = Writer::start(Arc::clone(&log), Clock::system(), WriterOptions::default());
    let (start, until) = (Instant::now(), Instant::now() + time);
    let calls = (0..callers).map(|_| tokio::spawn(call(writer.clone(), events, until)));
    let mut times = Vec::new();
    for caller in try_join_all(calls).await? {
        times.extend(caller?);
    }
    let (taken, acknowledged) = (start.elapsed(), times.len() as u64 * events);
    checks::log(&database, &log, acknowledged).await?;
    drop((writer, log));
    database.drop().await?;
    Ok(Sample::timed(acknowledged, taken, times))
}

/// Appends this many events, or a few more, `each` of them per request. Returns their number.
pub async fn fill(log: &Arc<dyn Log>, events: u64, each: u64) -> Outcome<u64> {
    let writer = few_streams(log);
    let share = events.div_ceil(CALLERS as u64 * story::STEPS * each);
    let calls = (0..CALLERS).map(|_| {
        let writer = writer.clone();
        tokio::spawn(async move {
            for _ in 0..share {
                let stream = story::stream();
                for step in 0..story::STEPS {
                    writer.submit(story::request(&stream, step * each, each)).await?;
                }
            }
            Outcome::Ok(())
        })
    });
    for caller in try_join_all(calls).await? {
        caller?;
    }
    Ok(share * CALLERS as u64 * story::STEPS * each)
}

/// A writer with a small cache, because streams are used only for a while.
pub fn few_streams(log: &Arc<dyn Log>) -> Writer {
    let options = WriterOptions { streams_kept: 10_000, ..WriterOptions::default() };
    Writer::start(Arc::clone(log), Clock::system(), options).0
}

/// Sends requests one after another; each expects the version that the previous one has left.
pub async fn call(writer: Writer, events: u64, until: Instant) -> Outcome<Vec<Duration>> {
    let mut times = Vec::new();
    loop {
        let stream = story::stream();
        for step in 0..story::STEPS {
            if Instant::now() >= until {
                return Ok(times);
            }
            let start = Instant::now();
            let outcome = writer.submit(story::request(&stream, step * events, events)).await?;
            if !matches!(outcome.verdict, Verdict::Done { .. }) {
                return Err(format!("{:?}", outcome.verdict).into());
            }
            times.push(start.elapsed());
        }
    }
}

/// The raw limit of the server for such rows: the same table with its indexes, constraints and trigger, and one sync per
/// statement.
async fn raw(place: &Place, time: Duration) -> Outcome<Sample> {
    let database = place.database().await?;
    drop(open(&database.url).await?);
    let start = Instant::now();
    let (one, other) = tokio::try_join!(insert(&database.url, 0, time), insert(&database.url, 1, time))?;
    let (taken, rows) = (start.elapsed(), (one + other) as u64);
    let there = database.number("SELECT count(*) FROM ordering.events").await?;
    if u64::try_from(there)? != rows {
        return Err(format!("{rows} rows were inserted, but the table has {there}").into());
    }
    database.drop().await?;
    Ok(Sample::rate(rows, taken))
}

async fn insert(url: &str, part: i64, time: Duration) -> Outcome<usize> {
    let mut connection = PgConnection::connect(url).await?;
    let statement =
        "INSERT INTO ordering.events (position, stream, version, event_id, name, type_version, payload,
             recorded_at, correlation, causation, traceparent, hash)
         SELECT $1 + n, stream, 1, id, 'ReactionRedriven', 1, payload, 1772366401482, flow, flow, NULL, hash
         FROM unnest($2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::bytea[]) WITH ORDINALITY
             w(stream, id, flow, payload, hash, n)";
    let payload = story::payload(&story::stream())?;
    let (until, mut rows) = (Instant::now() + time, 0);
    while Instant::now() < until {
        let streams: Vec<String> = (0..ROWS).map(|_| story::stream()).collect();
        sqlx::query(statement)
            .bind((part << 40) + rows as i64)
            .bind(&streams)
            .bind((0..ROWS).map(|_| Uuid::new_v4()).bind_iter())
            .bind((0..ROWS).map(|_| Uuid::new_v4()).bind_iter())
            .bind((0..ROWS).map(|_| payload.as_str()).bind_iter())
            .bind((0..ROWS).map(|_| [7_u8; 32]).bind_iter())
            .execute(&mut connection)
            .await?;
        rows += ROWS;
    }
    connection.close().await?;
    Ok(rows)
}
