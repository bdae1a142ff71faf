//! Events and the head as rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemas::{Envelope, EventId, StreamId, Timestamp};
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
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

/// A number as SQLite stores it. The log's numbers stay far below its limit.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn number(row: &SqliteRow, column: usize) -> Result<u64, sqlx::Error> {
    u64::try_from(row.try_get::<i64, _>(column)?).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

pub(super) fn hash(row: &SqliteRow, column: usize) -> Result<[u8; 32], sqlx::Error> {
    row.try_get::<&[u8], _>(column)?.try_into().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

pub(super) fn uuid(row: &SqliteRow, column: usize) -> Result<Uuid, sqlx::Error> {
    Uuid::from_slice(row.try_get::<&[u8], _>(column)?).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

pub(super) async fn head(connection: &mut SqliteConnection) -> Result<Head, sqlx::Error> {
    let row = sqlx::query("SELECT position, hash, epoch, revision FROM head").fetch_one(connection).await?;
    Ok(Head {
        position: number(&row, 0)?,
        hash: hash(&row, 1)?,
        epoch: uuid(&row, 2)?,
        revision: number(&row, 3)?,
    })
}

pub(super) async fn events(
    connection: &mut SqliteConnection,
    what: Read<'_>,
    limit: usize,
) -> Result<Vec<SqliteRow>, sqlx::Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let query = match what {
        Read::After(position) => {
            sqlx::query(select!("events e WHERE e.position > ? ORDER BY e.position LIMIT ?"))
                .bind(int(position))
        }
        Read::Correlation(id) => {
            sqlx::query(select!("events e WHERE e.correlation = ? ORDER BY e.position LIMIT ?"))
                .bind(id.into_bytes().to_vec())
        }
        // Versions and positions of a stream increase together, so the index has the right order, and a page
        // reads no more rows.
        Read::Streams([(stream, after)]) => {
            sqlx::query(select!("events e WHERE e.stream = ? AND e.version > ? ORDER BY e.version LIMIT ?"))
                .bind(stream.as_str())
                .bind(int(*after))
        }
        Read::Streams(streams) => {
            let mut wanted: BTreeMap<&str, u64> = BTreeMap::new();
            for (stream, after) in streams {
                let least = wanted.entry(stream.as_str()).or_insert(*after);
                *least = (*least).min(*after);
            }
            let wanted: Vec<_> =
                wanted.into_iter().map(|(stream, after)| json!([stream, int(after)])).collect();
            sqlx::query(select!(
                "json_each(?) w CROSS JOIN events e ON e.stream = w.value->>0 AND e.version > w.value->>1
                 ORDER BY e.position LIMIT ?"
            ))
            .bind(json!(wanted).to_string())
        }
    };
    query.bind(limit).fetch_all(connection).await
}

/// Decodes an event. A row that cannot be decoded was not written by this program.
pub(super) fn event(row: &SqliteRow, log: LogIdentity, epoch: Uuid) -> Result<StoredEvent, LogError> {
    let position = number(row, 0).map_err(|error| log.cannot("be read", error))?;
    decode(row, log, epoch, position).map_err(|error| log.broken(position, error.to_string()))
}

fn decode(row: &SqliteRow, log: LogIdentity, epoch: Uuid, position: u64) -> Result<StoredEvent, sqlx::Error> {
    let type_version =
        u32::try_from(number(row, 5)?).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    let envelope = Envelope {
        id: EventId::new(uuid(row, 3)?),
        stream: StreamId::from_text(row.try_get::<String, _>(1)?),
        version: number(row, 2)?,
        context: log.context,
        position,
        epoch,
        name: row.try_get(4)?,
        type_version,
        time: Timestamp::from_millis(row.try_get(7)?),
        correlation: uuid(row, 8)?,
        causation: uuid(row, 9)?,
        traceparent: row.try_get(10)?,
        hash: chain::to_hex(&hash(row, 11)?),
    };
    Ok(StoredEvent { envelope: Arc::new(envelope), payload: row.try_get::<&str, _>(6)?.into() })
}
