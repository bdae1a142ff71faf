//! Bulk writes, guarded by version.

use std::collections::HashSet;

use serde::de::IgnoredAny;
use sqlx::{AssertSqlSafe, QueryBuilder, Sqlite, SqliteConnection};

use super::error::{failed_at, whole};
use super::schema;
use crate::port::{Checkpoint, Generation, StoreError, Write};

/// Rows per statement. Every statement costs a hand-over to SQLite's thread, so many rows go into one; only a few sizes
/// are used, so that prepared statements are found again.
const CHUNKS: [usize; 4] = [256, 64, 8, 1];

/// Refuses what cannot be stored, before the write lock is taken.
pub(super) fn check(generation: &Generation, writes: &[Write]) -> Result<(), StoreError> {
    for write in writes {
        whole(write.version)?;
        let checked = write.body.as_deref().map(serde_json::from_str::<IgnoredAny>).transpose();
        checked.map_err(|source| StoreError::Malformed {
            collection: generation.collection.clone(),
            id: write.id.clone(),
            source,
        })?;
    }
    Ok(())
}

/// Writes what is newer than what is there; answers for each write whether it was kept.
pub(super) async fn documents(
    connection: &mut SqliteConnection,
    generation: &Generation,
    writes: &[Write],
) -> Result<Vec<bool>, StoreError> {
    let table = schema::table(generation);
    let mut kept = Vec::with_capacity(writes.len());
    let mut rest = writes;
    while !rest.is_empty() {
        let size = CHUNKS.into_iter().find(|size| *size <= rest.len()).unwrap_or(1);
        let (chunk, others) = rest.split_at(size);
        let rows = upsert(connection, &table, chunk).await?;
        if rows.len() == chunk.len() {
            kept.resize(kept.len() + chunk.len(), true);
        } else {
            // The same id may come several times in a chunk; the same version of it is kept once.
            let mut rows: HashSet<(String, i64)> = rows.into_iter().collect();
            for write in chunk {
                kept.push(rows.remove(&(write.id.clone(), whole(write.version)?)));
            }
        }
        rest = others;
    }
    Ok(kept)
}

/// One statement; answers the id and version of what was kept.
async fn upsert(
    connection: &mut SqliteConnection,
    table: &str,
    chunk: &[Write],
) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = vec!["(?,?,?,?)"; chunk.len()].join(",");
    let sql = format!(
        "INSERT INTO {table} AS held (id, version, body, stale) VALUES {rows} \
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body, stale = excluded.stale \
         WHERE (excluded.version, excluded.stale) > (held.version, held.stale) RETURNING id, version"
    );
    let mut query = sqlx::query_as(AssertSqlSafe(sql));
    for write in chunk {
        query =
            query.bind(&write.id).bind(whole(write.version)?).bind(write.body.as_deref()).bind(write.stale);
    }
    query.fetch_all(connection).await.map_err(failed_at("writing documents"))
}

/// Sets these positions.
pub(super) async fn positions(
    connection: &mut SqliteConnection,
    generation: &Generation,
    positions: &Checkpoint,
) -> Result<(), StoreError> {
    for chunk in positions.iter().collect::<Vec<_>>().chunks(CHUNKS[0]) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO positions (collection, shape, number, partition, position) ",
        );
        let mut rows = Vec::with_capacity(chunk.len());
        for (partition, position) in chunk {
            rows.push((*partition, whole(**position)?));
        }
        query.push_values(rows, |mut row, (partition, position)| {
            row.push_bind(generation.collection.as_str())
                .push_bind(generation.shape)
                .push_bind(generation.number)
                .push_bind(partition.as_str())
                .push_bind(position);
        });
        query.push(" ON CONFLICT DO UPDATE SET position = excluded.position");
        query.build().execute(&mut *connection).await.map_err(failed_at("writing positions"))?;
    }
    Ok(())
}
