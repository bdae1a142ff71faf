//! Events and the head as rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemas::{Envelope, EventId, StreamId, Timestamp};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::fault::LogIdentity;
use crate::chain;
use crate::port::{Head, LogError, Read, StoredEvent};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT e.position, e.stream, e.version, e.event_id, e.name, e.type_version, e.payload, e.recorded_at, ",
            "e.correlation, e.causation, e.traceparent, e.hash FROM ",
            $rest
        )
    };
}

/// A number as PostgreSQL stores it. The log's numbers stay far below its limit.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn limited(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) fn number(row: &PgRow, column: usize) -> Result<u64, sqlx::Error> {
    u64::try_from(row.try_get::<i64, _>(column)?).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

pub(super) fn hash(row: &PgRow, column: usize) -> Result<[u8; 32], sqlx::Error> {
    row.try_get::<&[u8], _>(column)?.try_into().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// Statements that return the head.
pub(super) const HEAD: &str = "SELECT position, hash, epoch, revision FROM head";
pub(super) const HEAD_LOCKED: &str = "SELECT position, hash, epoch, revision FROM head FOR UPDATE";

/// A statement with its bound values.
pub(super) type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

pub(super) async fn head(
    connection: &mut PgConnection,
    statement: &'static str,
) -> Result<Head, sqlx::Error> {
    head_of(&sqlx::query(statement).fetch_one(connection).await?)
}

pub(super) fn head_of(row: &PgRow) -> Result<Head, sqlx::Error> {
    Ok(Head {
        position: number(row, 0)?,
        hash: hash(row, 1)?,
        epoch: row.try_get(2)?,
        revision: number(row, 3)?,
    })
}

/// The statement that reads at most `limit` events.
pub(super) fn events<'q>(what: &Read<'q>, limit: usize) -> Query<'q> {
    let limit = limited(limit);
    let query = match what {
        Read::After(position) => {
            sqlx::query(select!("events e WHERE e.position > $1 ORDER BY e.position LIMIT $2"))
                .bind(int(*position))
        }
        Read::Correlation(id) => {
            sqlx::query(select!("events e WHERE e.correlation = $1 ORDER BY e.position LIMIT $2")).bind(*id)
        }
        // Versions and positions of a stream increase together, so the index has the right order, and a page
        // reads no more rows.
        Read::Streams([(stream, after)]) => sqlx::query(select!(
            "events e WHERE e.stream = $1 AND e.version > $2 ORDER BY e.version LIMIT $3"
        ))
        .bind(stream.as_str())
        .bind(int(*after)),
        // The inner limit keeps the planner from scanning the whole log in order of position.
        Read::Streams(streams) => {
            let mut wanted: BTreeMap<&str, i64> = BTreeMap::new();
            for (stream, after) in *streams {
                let least = wanted.entry(stream.as_str()).or_insert(int(*after));
                *least = (*least).min(int(*after));
            }
            let (streams, after): (Vec<&str>, Vec<i64>) = wanted.into_iter().unzip();
            sqlx::query(select!(
                "unnest($1::text[], $2::bigint[]) w(stream, after) CROSS JOIN LATERAL
                 (SELECT * FROM events s WHERE s.stream = w.stream AND s.version > w.after ORDER BY s.version LIMIT $3) e
                 ORDER BY e.position LIMIT $3"
            ))
            .bind(streams)
            .bind(after)
        }
    };
    query.bind(limit)
}

/// Decodes an event. A row that cannot be decoded was not written by this program.
pub(super) fn event(row: &PgRow, log: &LogIdentity, epoch: Uuid) -> Result<StoredEvent, LogError> {
    let position = number(row, 0).map_err(|error| log.cannot("be read", error))?;
    decode(row, log, epoch, position).map_err(|error| log.broken(position, error.to_string()))
}

fn decode(row: &PgRow, log: &LogIdentity, epoch: Uuid, position: u64) -> Result<StoredEvent, sqlx::Error> {
    let type_version =
        u32::try_from(number(row, 5)?).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    let envelope = Envelope {
        id: EventId::new(row.try_get(3)?),
        stream: StreamId::from_text(row.try_get::<String, _>(1)?),
        version: number(row, 2)?,
        context: log.context,
        position,
        epoch,
        name: row.try_get(4)?,
        type_version,
        time: Timestamp::from_millis(row.try_get(7)?),
        correlation: row.try_get(8)?,
        causation: row.try_get(9)?,
        traceparent: row.try_get(10)?,
        hash: chain::to_hex(&hash(row, 11)?),
    };
    Ok(StoredEvent { envelope: Arc::new(envelope), payload: row.try_get::<&str, _>(6)?.into() })
}
