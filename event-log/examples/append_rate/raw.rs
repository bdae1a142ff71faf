//! The upper bound: rows with the same columns, indexes, triggers and size, with one statement and one sync
//! per commit.

use std::time::{Duration, Instant};

use schemas::Context;
use sqlx::postgres::PgBindIterExt;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, QueryBuilder, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::Outcome;

pub const ROWS: usize = 1_000;

const PAYLOAD: &str = r#"{"summary":"3 items reserved for the order.","order":"01980000-0000-7000-8000-000000000001","lines":[{"line":1,"sku":"TEA-100","quantity":2},{"line":2,"sku":"RUM-7","quantity":1}],"actor":{"type":"system","id":"inventory"}}"#;

/// Rows per second into the events table of an empty log.
pub async fn rate(url: &str, context: Context, time: Duration) -> Outcome<f64> {
    event_log::migrate(url, context).await?;
    match platform::sqlite::path(url) {
        Some(path) => {
            let options = platform::sqlite::durable(&path, time).disable_statement_logging();
            let mut connection =
                options.pragma("wal_autocheckpoint", "4000").pragma("cache_size", "-16000").connect().await?;
            let (start, mut rows) = (Instant::now(), 0);
            while start.elapsed() < time {
                into_sqlite(&mut connection, rows).await?;
                rows += ROWS as i64;
            }
            Ok(rows as f64 / start.elapsed().as_secs_f64())
        }
        None => {
            let one = into_postgres(url, context, 0, time);
            let other = into_postgres(url, context, 1, time);
            let rates = tokio::try_join!(one, other)?;
            Ok(rates.0 + rates.1)
        }
    }
}

async fn into_sqlite(connection: &mut SqliteConnection, base: i64) -> Outcome<()> {
    let mut statement: QueryBuilder<Sqlite> = QueryBuilder::new(
        "INSERT INTO events (position, stream, version, event_id, name, type_version, payload, recorded_at, correlation,
         causation, traceparent, hash) ",
    );
    statement.push_values(1..=ROWS as i64, |mut values, number| {
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

/// One of two connections: number `part`.
async fn into_postgres(url: &str, context: Context, part: i64, time: Duration) -> Outcome<f64> {
    let mut connection = PgConnection::connect(url).await?;
    let statement = format!(
        "INSERT INTO {context}.events (position, stream, version, event_id, name, type_version, payload, recorded_at,
             correlation, causation, traceparent, hash)
         SELECT $1 + n, stream, 1, id, 'OrderPlaced', 1, payload, 1772366401482, flow, flow, NULL, hash
         FROM unnest($2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::bytea[]) WITH ORDINALITY
             w(stream, id, flow, payload, hash, n)"
    );
    let (start, mut rows) = (Instant::now(), 0);
    while start.elapsed() < time {
        let base = (part << 40) + rows;
        let streams: Vec<String> = (0..ROWS).map(|_| format!("order-{}", Uuid::new_v4())).collect();
        sqlx::query(AssertSqlSafe(statement.clone()))
            .bind(base)
            .bind(&streams)
            .bind((0..ROWS).map(|_| Uuid::new_v4()).bind_iter())
            .bind((0..ROWS).map(|_| Uuid::new_v4()).bind_iter())
            .bind((0..ROWS).map(|_| PAYLOAD).bind_iter())
            .bind((0..ROWS).map(|_| [7_u8; 32]).bind_iter())
            .execute(&mut connection)
            .await?;
        rows += ROWS as i64;
    }
    let rate = rows as f64 / start.elapsed().as_secs_f64();
    connection.close().await?;
    Ok(rate)
}
