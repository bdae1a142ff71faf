//! Effects of the size of a log: a log is filled step by step, and the same operations are measured at each step.

use std::sync::Arc;
use std::time::{Duration, Instant};

use event_log::port::{Log, Read};
use event_log::verify::verify;
use futures_util::future::try_join_all;
use schemas::StreamId;
use sqlx::{Connection, PgConnection, Row};

use crate::Outcome;
use crate::append::{self, CALLERS};
use crate::place::{Database, Place};
use measure::Sample;

/// Events per request while the log is filled.
const EVENTS: u64 = 3;
/// Duration of each measurement at each step.
const TIME: Duration = Duration::from_secs(5);
/// Rows per page.
const PAGE: usize = 1_000;

/// Fills a log with `events`, and prints one line per step.
pub async fn run(place: &Place, events: u64) -> Outcome<()> {
    let database = place.database().await?;
    let log = append::open(&database.url).await?;
    println!(
        "\n| events | appended, 256 callers | one caller, p50 | a stream read, p50; p99 | pages in order | on disk | indexes |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut there = 0;
    for step in [1, 2, 5, 10, 20, 50, 100] {
        let goal = (events * step).div_ceil(100);
        append::fill(&log, goal.saturating_sub(there), EVENTS).await?;
        there = told(&database, &log).await?;
    }
    let start = Instant::now();
    let verified = verify(&*log, None, |_| {}).await?.events;
    println!("\n{verified} events verified at {:.0}/s", verified as f64 / start.elapsed().as_secs_f64());
    println!("\n| | bytes per event |\n|---|---|");
    for (name, bytes) in parts(&database).await? {
        println!("| {name} | {:.0} |", bytes as f64 / there as f64);
    }
    drop(log);
    database.drop().await
}

/// Measures the log and prints the rates. Returns its number of events afterwards.
async fn told(database: &Database, log: &Arc<dyn Log>) -> Outcome<u64> {
    let before = log.head().await?.position;
    let many = rate(log, CALLERS).await?;
    let alone = rate(log, 1).await?;
    let stream = streams(database, log).await?;
    let pages = pages(log, before / 2).await?;
    let there = log.head().await?.position;
    let parts = parts(database).await?;
    let table: i64 = parts.iter().map(|(_, bytes)| bytes).sum();
    let indexes: i64 = parts.iter().skip(1).map(|(_, bytes)| bytes).sum();
    let ms = |time: Option<f64>| time.map_or_else(|| "–".to_owned(), |time| format!("{time:.2} ms"));
    println!(
        "| {there} | {:.0}/s, p99 {} | {} | {}; {} | {:.0}/s | {:.2} GB | {:.2} GB |",
        many.per_second,
        ms(many.p99),
        ms(alone.p50),
        ms(stream.p50),
        ms(stream.p99),
        pages.per_second,
        table as f64 / 1e9,
        indexes as f64 / 1e9,
    );
    Ok(there)
}

async fn rate(log: &Arc<dyn Log>, callers: usize) -> Outcome<Sample> {
    let writer = append::few_streams(log);
    let (start, until) = (Instant::now(), Instant::now() + TIME);
    let calls = (0..callers).map(|_| tokio::spawn(append::call(writer.clone(), 1, until)));
    let mut times = Vec::new();
    for caller in try_join_all(calls).await? {
        times.extend(caller?);
    }
    Ok(Sample::timed(times.len() as u64, start.elapsed(), times))
}

/// Reads streams from the whole log, one after another, as a decision reads a stream that is not cached.
async fn streams(database: &Database, log: &Arc<dyn Log>) -> Outcome<Sample> {
    let mut connection = PgConnection::connect(&database.url).await?;
    let chosen = "SELECT stream FROM ordering.events WHERE position IN (
                  SELECT 1 + floor(random() * h.position)::bigint FROM generate_series(1, 2000), ordering.head h)";
    let rows = sqlx::query(chosen).fetch_all(&mut connection).await?;
    connection.close().await?;
    let mut times = Vec::new();
    for row in rows {
        let stream = StreamId::from_text(row.try_get::<String, _>(0)?);
        let start = Instant::now();
        if log.read(Read::Streams(&[(stream, 0)]), PAGE).await?.is_empty() {
            return Err("a stream without events".into());
        }
        times.push(start.elapsed());
    }
    Ok(Sample::calls(times))
}

/// Reads events in order, beginning at a position.
async fn pages(log: &Arc<dyn Log>, mut after: u64) -> Outcome<Sample> {
    let (start, mut read) = (Instant::now(), 0);
    while start.elapsed() < TIME {
        let page = log.read(Read::After(after), PAGE).await?;
        let Some(last) = page.last() else { break };
        (after, read) = (last.envelope.position, read + page.len() as u64);
    }
    Ok(Sample::rate(read, start.elapsed()))
}

/// Sizes in bytes: the table of events without its indexes, then each index.
async fn parts(database: &Database) -> Outcome<Vec<(String, i64)>> {
    let sizes = "SELECT 'events', pg_table_size('ordering.events') UNION ALL
                 SELECT * FROM (SELECT indexrelid::regclass::text, pg_relation_size(indexrelid) FROM pg_index
                 WHERE indrelid = 'ordering.events'::regclass ORDER BY 1) i";
    let mut connection = PgConnection::connect(&database.url).await?;
    let rows = sqlx::query(sizes).fetch_all(&mut connection).await?;
    connection.close().await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
