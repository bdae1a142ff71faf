//! Prints how fast the log appends, beside what SQLite itself gives: the same rows put into the same table by the same
//! multi-row statement, with the same sync at each commit. `cargo run --release -p event-log --example append_rate [FOLDER]`

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use event_log::contract::Draft;
use event_log::port::{Committed, Log, Read};
use event_log::verify::verify;
use schemas::{CommandId, Context, Timestamp};
use sqlx::{ConnectOptions, QueryBuilder, Sqlite, SqliteConnection};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Rows or requests per commit.
const BATCH: usize = 256;
/// How long each is measured.
const TIME: Duration = Duration::from_secs(3);

/// A payload of about the usual size.
const PAYLOAD: &str = r#"{"summary":"3 items reserved for the order.","order":"01980000-0000-7000-8000-000000000001","lines":[{"line":1,"sku":"TEA-100","quantity":2},{"line":2,"sku":"RUM-7","quantity":1}],"actor":{"type":"system","id":"inventory"}}"#;

/// What is committed with each event.
#[derive(Clone, Copy)]
enum Load {
    /// Nothing.
    Events,
    /// An answer in the ledger.
    Commands,
    /// An answer and a deadline.
    Deadlines,
}

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Outcome<()> {
    let folder = std::env::args().nth(1).map_or_else(std::env::temp_dir, Into::into);
    let folder = tempfile::tempdir_in(folder)?;
    let raw = raw_rate(&folder.path().join("raw.db")).await?;
    println!("raw multi-row INSERT of {BATCH} into the same table: {raw:>8.0} rows/s");
    let loads = [
        ("1 event a request", Load::Events),
        ("1 event and answer a request", Load::Commands),
        ("1 event, answer and deadline a request", Load::Deadlines),
    ];
    for (name, load) in loads {
        let rate = commit_rate(&folder.path().join(format!("{name}.db")), load, BATCH).await?;
        println!("commit of {BATCH} requests, {name}: {rate:>8.0} events/s, {:.2} of raw", rate / raw);
    }
    let single = commit_rate(&folder.path().join("single.db"), Load::Commands, 1).await?;
    println!("commit of 1 request: {single:>8.0} events/s");
    Ok(())
}

/// The ceiling: rows with the same columns, indexes, triggers and size, one statement and one sync a commit.
async fn raw_rate(path: &Path) -> Outcome<f64> {
    drop(open(path).await?);
    let options = platform::sqlite::durable(path, TIME).disable_statement_logging();
    let mut connection =
        options.pragma("wal_autocheckpoint", "4000").pragma("cache_size", "-16000").connect().await?;
    let (start, mut rows) = (Instant::now(), 0);
    while start.elapsed() < TIME {
        insert(&mut connection, rows).await?;
        rows += BATCH as i64;
    }
    Ok(rows as f64 / start.elapsed().as_secs_f64())
}

async fn insert(connection: &mut SqliteConnection, base: i64) -> Outcome<()> {
    let mut statement: QueryBuilder<Sqlite> = QueryBuilder::new(
        "INSERT INTO events (position, stream, version, event_id, name, type_version, payload, recorded_at, correlation,
         causation, traceparent, hash) ",
    );
    statement.push_values(1..=BATCH as i64, |mut values, number| {
        values
            .push_bind(base + number)
            .push_bind(format!("order-{}", Uuid::new_v4()))
            .push_bind(1)
            .push_bind(Uuid::new_v4().into_bytes().to_vec())
            .push_bind("OrderPlaced")
            .push_bind(1)
            .push_bind(PAYLOAD)
            .push_bind(1_772_366_401_482_i64)
            .push_bind(Uuid::new_v4().into_bytes().to_vec())
            .push_bind(Uuid::new_v4().into_bytes().to_vec())
            .push_bind(None::<String>)
            .push_bind([7_u8; 32].to_vec());
    });
    statement.build().execute(connection).await?;
    Ok(())
}

/// What the log does: the chain is computed, the head moved, and the log verified afterwards.
async fn commit_rate(path: &Path, load: Load, batch: usize) -> Outcome<f64> {
    let log = open(path).await?;
    let (start, mut events) = (Instant::now(), 0);
    while start.elapsed() < TIME {
        let mut draft = Draft::now(&*log).await?;
        for _ in 0..batch {
            draft = request(draft, load);
        }
        match draft.commit(&*log).await? {
            Committed::Done(_) => events += batch as u64,
            Committed::Moved(head) => return Err(format!("somebody else moved the head to {head:?}").into()),
        }
    }
    let rate = events as f64 / start.elapsed().as_secs_f64();
    let start = Instant::now();
    let verified = verify(&*log, None, |_| {}).await?;
    if verified.events != events {
        return Err(format!("{events} events were acknowledged, {} are there", verified.events).into());
    }
    println!("  ({events} events verified at {:.0}/s)", events as f64 / start.elapsed().as_secs_f64());
    if batch > 1 {
        let (start, mut after) = (Instant::now(), 0);
        while let Some(last) = log.read(Read::After(after), 1_000).await?.last() {
            after = last.envelope.position;
        }
        println!("  (read at {:.0}/s)", events as f64 / start.elapsed().as_secs_f64());
    }
    Ok(rate)
}

fn request(draft: Draft, load: Load) -> Draft {
    let id = Uuid::new_v4();
    let stream = format!("order-{id}");
    let mut draft = draft.and_write();
    draft.correlation = id;
    let draft = draft.payload(&stream, 1, PAYLOAD);
    if matches!(load, Load::Events) {
        return draft;
    }
    let at = Timestamp::from_millis(1_772_366_401_482);
    let answer = format!(r#"{{"verdict":"done","versions":[["{stream}",1]],"appended":1}}"#);
    let draft = draft.answer(CommandId::new(id), &answer, at);
    if matches!(load, Load::Commands) {
        return draft;
    }
    let deadline = Some(("expire".to_owned(), at));
    draft.with(|write| write.deadlines.push((schemas::StreamId::from_text(stream), 1, deadline)))
}

async fn open(path: &Path) -> Outcome<std::sync::Arc<dyn Log>> {
    Ok(event_log::connect(&format!("sqlite://{}", path.display()), Context::Ordering).await?)
}
