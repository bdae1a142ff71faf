//! The upgrade from format 1: expression indexes, triggers, and operational state among the documents.
//!
//! Tables get new names, so that a program of format 1 that still runs fails loudly instead of writing documents without
//! keys.

use serde::Deserialize;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::error::failed_at;
use super::schema::{self, run};
use super::{generations, operations};
use crate::backend::encoding;
use crate::port::{EventKey, Generation, GenerationState, QuarantinedEvent, Rebuild, StoreError};

/// A quarantined event in format 1.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HeldEvent {
    /// `{collection}.{shape}.{number}`
    feed: String,
    stream: String,
    version: u64,
    topic: String,
    partition: u32,
    offset: u64,
    at: String,
    settled: bool,
    error: Option<String>,
    envelope: String,
    payload: String,
}

/// The epoch of a log in format 1.
#[derive(Deserialize)]
struct Source {
    epoch: String,
}

/// Renames the tables of all generations, drops their old indexes, and moves operational state to its own tables. Keys are
/// filled afterwards, as for any new index.
pub(super) async fn upgrade(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    run(connection, "ALTER TABLE generations ADD COLUMN keys TEXT NOT NULL DEFAULT '{}'".to_owned()).await?;
    run(connection, schema::SHARED.to_owned()).await?;
    for (generation, state) in generations::list(&mut *connection).await? {
        rename(connection, &generation).await?;
        let operational = match generation.collection.as_str() {
            "held_events" | "rebuilds" | "sources" => generation.shape == 1,
            _ => false,
        };
        if operational {
            if state == GenerationState::Live {
                take_over(connection, &generation).await?;
            }
            generations::remove(connection, &generation).await?;
        }
    }
    Ok(())
}

async fn rename(connection: &mut SqliteConnection, generation: &Generation) -> Result<(), StoreError> {
    let old = format!("{}_s{}_g{}", generation.collection, generation.shape, generation.number);
    let parts: Vec<(String, String)> = sqlx::query_as(
        "SELECT type, name FROM sqlite_schema WHERE (type = 'trigger' AND tbl_name = ?1) \
         OR (type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL) OR (type = 'table' AND name GLOB ?1 || '#*') \
         ORDER BY type = 'table'",
    )
    .bind(&old)
    .fetch_all(&mut *connection)
    .await
    .map_err(failed_at("looking for old indexes"))?;
    for (kind, name) in parts {
        run(connection, format!("DROP {kind} \"{name}\"")).await?;
    }
    run(connection, format!("ALTER TABLE \"{old}\" RENAME TO {}", schema::table(generation))).await
}

async fn take_over(connection: &mut SqliteConnection, generation: &Generation) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT id, version, body FROM {} WHERE body IS NOT NULL ORDER BY id",
        schema::table(generation)
    );
    let documents: Vec<(String, i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
        .fetch_all(&mut *connection)
        .await
        .map_err(failed_at("reading operational state"))?;
    for (id, version, body) in documents {
        match generation.collection.as_str() {
            "held_events" => take_over_event(connection, &body).await?,
            "rebuilds" => {
                serde_json::from_str::<Rebuild>(&body).map_err(encoding("a rebuild"))?;
                sqlx::query("INSERT INTO rebuilds (collection, revision, body) VALUES (?, ?, ?)")
                    .bind(id)
                    .bind(version)
                    .bind(body)
                    .execute(&mut *connection)
                    .await
                    .map_err(failed_at("moving a rebuild"))?;
            }
            _ => {
                let source: Source = serde_json::from_str(&body).map_err(encoding("a source"))?;
                operations::claim_source(connection, &id, &source.epoch).await?;
            }
        }
    }
    Ok(())
}

async fn take_over_event(connection: &mut SqliteConnection, body: &str) -> Result<(), StoreError> {
    let held: HeldEvent = serde_json::from_str(body).map_err(encoding("a quarantined event"))?;
    let mut feed = held.feed.rsplitn(3, '.');
    let number = feed.next().and_then(|number| number.parse().ok());
    let shape = feed.next().and_then(|shape| shape.parse().ok());
    let (Some(number), Some(shape), Some(collection)) = (number, shape, feed.next()) else {
        let message = format!("{} is not the name of a generation", held.feed);
        return Err(StoreError::Unavailable(message, None));
    };
    let generation = Generation { collection: collection.to_owned(), shape, number };
    let key = EventKey { stream: held.stream, version: held.version };
    let event = QuarantinedEvent {
        key: key.clone(),
        topic: held.topic,
        partition: held.partition,
        offset: held.offset,
        at: held.at,
        error: held.error,
        envelope: held.envelope,
        payload: held.payload,
    };
    operations::add_event(connection, &generation, &event).await?;
    if held.settled {
        operations::release_events(connection, &generation, &[key]).await?;
    }
    Ok(())
}
