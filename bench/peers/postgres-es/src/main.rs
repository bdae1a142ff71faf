//! Appends with postgres-es from many callers for a while. Only the append is called: `persist`, whose primary key
//! refuses a sequence number that is taken. No aggregate is loaded, no snapshot is written, and no query is updated.

use std::error::Error;
use std::time::{Duration, Instant};

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{PersistedEventRepository, SerializedEvent};
use cqrs_es::{Aggregate, DomainEvent};
use futures_util::future::try_join_all;
use postgres_es::PostgresEventRepository;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The table of events from its db/init.sql.
const TABLE: &str = "CREATE TABLE events (
    aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence bigint CHECK (sequence >= 0) NOT NULL,
    event_type text NOT NULL, event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence))";

#[derive(Default, Serialize, Deserialize)]
struct Reaction;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Redriven;

impl DomainEvent for Redriven {
    fn event_type(&self) -> String {
        "ReactionRedriven".to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl Aggregate for Reaction {
    const TYPE: &'static str = "reaction";
    type Command = ();
    type Event = Redriven;
    type Error = std::fmt::Error;
    type Services = ();

    async fn handle(&mut self, _: (), _: &(), _: &EventSink<Self>) -> Result<(), Self::Error> {
        Ok(())
    }

    fn apply(&mut self, _: Redriven) {}
}

fn number(name: &str) -> Outcome<f64> {
    Ok(std::env::var(name)?.parse()?)
}

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Outcome<()> {
    let connections = number("BENCH_CONNECTIONS")? as u32;
    let pool = PgPoolOptions::new()
        .min_connections(connections)
        .max_connections(connections)
        .connect(&std::env::var("BENCH_URL")?)
        .await?;
    sqlx::raw_sql(TABLE).execute(&pool).await?;
    let payload: Value = serde_json::from_str(&std::env::var("BENCH_PAYLOAD")?)?;
    let (steps, time) = (number("BENCH_STEPS")? as usize, Duration::from_secs_f64(number("BENCH_SECONDS")?));
    let start = Instant::now();
    let callers = (0..number("BENCH_CALLERS")? as usize).map(|_| {
        let repository = PostgresEventRepository::new(pool.clone());
        tokio::spawn(call(repository, payload.clone(), steps, start + time))
    });
    let mut times = Vec::new();
    for caller in try_join_all(callers).await? {
        times.extend(caller?);
    }
    let taken = start.elapsed();
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).map(|time| time.as_secs_f64() * 1_000.0);
    let rate = times.len() as f64 / taken.as_secs_f64();
    println!("{}", json!({"acknowledged": times.len(), "perSecond": rate, "p50": at(50), "p99": at(99)}));
    Ok(())
}

async fn call(
    repository: PostgresEventRepository,
    payload: Value,
    steps: usize,
    until: Instant,
) -> Outcome<Vec<Duration>> {
    let mut times = Vec::new();
    loop {
        let stream = format!("reaction-{}", Uuid::new_v4());
        for sequence in 1..=steps {
            if Instant::now() >= until {
                return Ok(times);
            }
            let start = Instant::now();
            let event = SerializedEvent::new(
                stream.clone(),
                sequence,
                Reaction::TYPE.to_owned(),
                "ReactionRedriven".to_owned(),
                "1".to_owned(),
                payload.clone(),
                json!({}),
            );
            repository.persist::<Reaction>(&[event], None).await?;
            times.push(start.elapsed());
        }
    }
}
