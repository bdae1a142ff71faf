//! P2: the peers, each with the number of connections that suits it best, which is found first.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use serde::Deserialize;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use tokio::process::Command;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::append::CALLERS;
use crate::place::{Database, Place};
use crate::{Outcome, checks, story};
use measure::{Options, Sample, Samples};

/// Names of the contenders.
pub const MESSAGE_DB: &str = "message-db, one category";
pub const EMMETT: &str = "emmett";
pub const POSTGRES_ES: &str = "postgres-es";

/// Numbers of connections that are tried.
const CONNECTIONS: [usize; 4] = [4, 8, 16, 32];

/// A peer, and the queries that count its events.
struct Peer {
    name: &'static str,
    count: &'static str,
    gaps: &'static str,
}

const PEERS: [Peer; 3] = [
    Peer {
        name: MESSAGE_DB,
        count: "SELECT count(*) FROM message_store.messages",
        gaps: "SELECT count(*) FROM (SELECT FROM message_store.messages GROUP BY stream_name
               HAVING count(*) <> max(position) + 1 OR min(position) <> 0) s",
    },
    Peer {
        name: EMMETT,
        count: "SELECT count(*) FROM emt_messages",
        gaps: "SELECT count(*) FROM (SELECT FROM emt_messages GROUP BY stream_id
               HAVING count(*) <> max(stream_position) OR min(stream_position) <> 1) s",
    },
    Peer {
        name: POSTGRES_ES,
        count: "SELECT count(*) FROM events",
        gaps: "SELECT count(*) FROM (SELECT FROM events GROUP BY aggregate_id
               HAVING count(*) <> max(sequence) OR min(sequence) <> 1) s",
    },
];

/// One turn of each peer.
pub async fn round(place: &Place, options: &Options, samples: &mut Samples) -> Outcome<()> {
    for peer in &PEERS {
        if peer.name == POSTGRES_ES && place.postgres_es.is_none() {
            eprintln!("  {}: not built, not measured", peer.name);
            continue;
        }
        let connections = best(place, peer, options).await?;
        let sample = turn(place, peer, connections, options.time).await?;
        samples.add(peer.name, sample);
    }
    Ok(())
}

/// Finds the best number of connections, once per run.
async fn best(place: &Place, peer: &Peer, options: &Options) -> Outcome<usize> {
    static KNOWN: Mutex<Vec<(&str, usize)>> = Mutex::new(Vec::new());
    let known = |known: &Mutex<Vec<(&str, usize)>>| {
        let known = known.lock().map_err(|_| "poisoned")?;
        Outcome::Ok(known.iter().find(|(name, _)| *name == peer.name).map(|(_, best)| *best))
    };
    if let Some(best) = known(&KNOWN)? {
        return Ok(best);
    }
    let mut best = (0.0, 0);
    for connections in CONNECTIONS {
        let rate = turn(place, peer, connections, options.time / 2).await?.per_second;
        eprintln!("    {} over {connections} connections: {rate:.0}/s", peer.name);
        if rate > best.0 {
            best = (rate, connections);
        }
    }
    KNOWN.lock().map_err(|_| "poisoned")?.push((peer.name, best.1));
    Ok(best.1)
}

async fn turn(place: &Place, peer: &Peer, connections: usize, time: Duration) -> Outcome<Sample> {
    let database = place.database().await?;
    let (acknowledged, sample) = match peer.name {
        MESSAGE_DB => message_db(place, &database, connections, time).await?,
        EMMETT => {
            let mut node = Command::new("node");
            node.arg(place.peers.join("emmett/append.mjs"));
            program(node, &database.url, connections, time).await?
        }
        _ => {
            let built = place.postgres_es.as_ref().ok_or("postgres-es was not built")?;
            program(Command::new(built), &database.url, connections, time).await?
        }
    };
    checks::contiguous(&database, peer.count, peer.gaps, acknowledged).await?;
    database.drop().await?;
    Ok(sample)
}

/// The output of a peer's program.
#[derive(Deserialize)]
struct Told {
    acknowledged: u64,
    #[serde(flatten)]
    sample: Sample,
}

/// Runs a peer's program with database, callers, connections, seconds, and the shape of streams.
async fn program(
    mut command: Command,
    url: &str,
    connections: usize,
    time: Duration,
) -> Outcome<(u64, Sample)> {
    let payload = story::payload(&story::stream())?;
    command
        .env("BENCH_URL", url)
        .env("BENCH_CALLERS", CALLERS.to_string())
        .env("BENCH_CONNECTIONS", connections.to_string())
        .env("BENCH_SECONDS", time.as_secs_f64().to_string())
        .env("BENCH_STEPS", story::STEPS.to_string())
        .env("BENCH_PAYLOAD", payload);
    let output = command.kill_on_drop(true).output().await?;
    if !output.status.success() {
        return Err(format!("a peer failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let told: Told = serde_json::from_slice(&output.stdout)?;
    Ok((told.acknowledged, told.sample))
}

async fn message_db(
    place: &Place,
    database: &Database,
    connections: usize,
    time: Duration,
) -> Outcome<(u64, Sample)> {
    install(&place.peers.join("message-db"), &database.url).await?;
    let options: PgConnectOptions = database.url.parse()?;
    let options = options.options([("search_path", "message_store,public")]);
    let open = (0..connections).map(|_| options.connect());
    let (free, turns) = (Mutex::new(try_join_all(open).await?), Semaphore::new(connections));
    let payload = story::payload(&story::stream())?;
    let start = Instant::now();
    let callers = (0..CALLERS).map(|_| write_messages(&free, &turns, &payload, start + time));
    let calls: Vec<Duration> = try_join_all(callers).await?.into_iter().flatten().collect();
    let taken = start.elapsed();
    for connection in free.into_inner().map_err(|_| "poisoned")? {
        connection.close().await?;
    }
    Ok((calls.len() as u64, Sample::timed(calls.len() as u64, taken, calls)))
}

async fn write_messages(
    free: &Mutex<Vec<PgConnection>>,
    turns: &Semaphore,
    payload: &str,
    until: Instant,
) -> Outcome<Vec<Duration>> {
    let mut times = Vec::new();
    loop {
        let stream = story::stream();
        for step in 0..story::STEPS {
            if Instant::now() >= until {
                return Ok(times);
            }
            let start = Instant::now();
            let turn = turns.acquire().await?;
            let mut connection =
                free.lock().map_err(|_| "poisoned")?.pop().ok_or("a turn without a connection")?;
            let position: i64 = sqlx::query_scalar(
                "SELECT write_message($1::varchar, $2::varchar, 'ReactionRedriven', $3::jsonb, NULL, $4)",
            )
            .bind(Uuid::new_v4().to_string())
            .bind(&stream)
            .bind(payload)
            .bind(i64::try_from(step)? - 1)
            .fetch_one(&mut connection)
            .await?;
            free.lock().map_err(|_| "poisoned")?.push(connection);
            drop(turn);
            if position != i64::try_from(step)? {
                return Err(format!("{stream} is at position {position}, not at {step}").into());
            }
            times.push(start.elapsed());
        }
    }
}

/// The SQL files of message-db, in the order of its own installation.
async fn install(folder: &Path, url: &str) -> Outcome<()> {
    let files = folder.join("node_modules/@eventide/message-db/database");
    let mut connection = PgConnection::connect(url).await?;
    let order = [
        "roles/message-store.sql",
        "schema/message-store.sql",
        "extensions/pgcrypto.sql",
        "tables/messages.sql",
        "types/message.sql",
        "functions/message-store-version.sql",
        "functions/hash-64.sql",
        "functions/acquire-lock.sql",
        "functions/category.sql",
        "functions/is-category.sql",
        "functions/id.sql",
        "functions/cardinal-id.sql",
        "functions/stream-version.sql",
        "functions/write-message.sql",
        "indexes/messages-id.sql",
        "indexes/messages-stream.sql",
        "indexes/messages-category.sql",
    ];
    for name in order {
        let text = std::fs::read_to_string(files.join(name))?;
        sqlx::raw_sql(AssertSqlSafe(text))
            .execute(&mut connection)
            .await
            .map_err(|error| format!("{name}: {error}"))?;
    }
    connection.close().await?;
    Ok(())
}
