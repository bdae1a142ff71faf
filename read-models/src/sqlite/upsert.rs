//! Bulk writes, guarded by version.

use std::collections::HashMap;

use platform::bus::Positions;
use serde_json::json;
use sqlx::{AssertSqlSafe, QueryBuilder, Sqlite, SqliteConnection};

use super::error::failed_at;
use super::schema;
use crate::backend::{encoding, whole};
use crate::port::{Generation, KeyFields, Keys, StoreError, Value, Write};

/// Rows per statement. Every statement costs a hand-over to SQLite's thread, so many rows go into one; only a few sizes
/// are used, so that prepared statements are found again.
const CHUNKS: [usize; 4] = [256, 64, 8, 1];

/// Which stored documents a write replaces.
#[derive(Clone, Copy)]
pub(super) enum Guard {
    /// Those that are older.
    Older,
    /// Those whose version is not newer than this one.
    NotAfter(i64),
}

/// A write with its keys.
pub(super) struct Prepared<'a> {
    write: &'a Write,
    version: i64,
    keys: Keys,
}

/// Extracts keys, and refuses documents that cannot be stored.
pub(super) fn prepare<'a>(
    generation: &Generation,
    fields: &KeyFields,
    writes: &'a [Write],
) -> Result<Vec<Prepared<'a>>, StoreError> {
    let prepare = |write: &'a Write| {
        let keys = match &write.body {
            Some(body) => fields.extract(body).map_err(|source| StoreError::Malformed {
                collection: generation.collection.clone(),
                id: write.id.clone(),
                source,
            })?,
            None => fields.none(),
        };
        Ok(Prepared { write, version: whole(write.version)?, keys })
    };
    writes.iter().map(prepare).collect()
}

/// Writes the documents whose guard holds, and those that are not there. Answers how many these were.
pub(super) async fn documents(
    connection: &mut SqliteConnection,
    generation: &Generation,
    fields: &KeyFields,
    writes: &[Prepared<'_>],
    guard: Guard,
) -> Result<u64, StoreError> {
    let mut kept = 0;
    let mut rest = writes;
    while !rest.is_empty() {
        let size = CHUNKS.into_iter().find(|size| *size <= rest.len()).unwrap_or(1);
        let (chunk, others) = rest.split_at(size);
        kept += upsert(connection, generation, fields, chunk, guard).await?;
        rest = others;
    }
    Ok(kept)
}

/// One statement, and the lists of the rows that it kept.
async fn upsert(
    connection: &mut SqliteConnection,
    generation: &Generation,
    fields: &KeyFields,
    chunk: &[Prepared<'_>],
    guard: Guard,
) -> Result<u64, StoreError> {
    let columns: Vec<String> = fields.fields().iter().map(|field| schema::column(field)).collect();
    let names: String = columns.iter().map(|column| format!(", {column}")).collect();
    let updates: String = columns.iter().map(|column| format!(", {column} = excluded.{column}")).collect();
    let row = format!("(?,?,?,?{})", ",?".repeat(columns.len()));
    let rows = vec![row; chunk.len()].join(",");
    let table = schema::table(generation);
    let guard = match guard {
        Guard::Older => "(excluded.version, excluded.stale) > (held.version, held.stale)".to_owned(),
        Guard::NotAfter(seen) => format!("held.version <= {seen}"),
    };
    let returning = if fields.lists().is_empty() { "" } else { " RETURNING row, id" };
    let sql = format!(
        "INSERT INTO {table} AS held (id, version, body, stale{names}) VALUES {rows} \
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body, stale = excluded.stale{updates} \
         WHERE {guard}{returning}"
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for Prepared { write, version, keys } in chunk {
        query = query.bind(&write.id).bind(version).bind(write.body.as_deref()).bind(write.stale);
        for value in &keys.values {
            query = match value {
                Value::Null => query.bind(None::<i64>),
                Value::Integer(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
            };
        }
    }
    if fields.lists().is_empty() {
        let done = query.execute(connection).await.map_err(failed_at("writing documents"))?;
        return Ok(done.rows_affected());
    }
    let kept = query.fetch_all(&mut *connection).await.map_err(failed_at("writing documents"))?;
    let by_id: HashMap<&str, &Keys> = chunk.iter().map(|one| (one.write.id.as_str(), &one.keys)).collect();
    let mut rows = Vec::with_capacity(kept.len());
    for row in &kept {
        let (row, id): (i64, String) =
            sqlx::FromRow::from_row(row).map_err(failed_at("writing documents"))?;
        rows.extend(by_id.get(id.as_str()).map(|keys| (row, *keys)));
    }
    lists(connection, generation, fields, &rows).await?;
    Ok(rows.len() as u64)
}

/// Makes the lists of these rows those of their keys.
pub(super) async fn lists(
    connection: &mut SqliteConnection,
    generation: &Generation,
    fields: &KeyFields,
    rows: &[(i64, &Keys)],
) -> Result<(), StoreError> {
    if rows.is_empty() || fields.lists().is_empty() {
        return Ok(());
    }
    let numbers: Vec<i64> = rows.iter().map(|(row, _)| *row).collect();
    let numbers = serde_json::to_string(&numbers).map_err(encoding("a parameter"))?;
    for (index, list) in fields.lists().iter().enumerate() {
        let table = schema::list_table(generation, list);
        let terms = rows.iter().flat_map(|(row, keys)| {
            keys.lists.get(index).into_iter().flatten().map(move |term| json!([term, row]))
        });
        let terms: Vec<_> = terms.collect();
        let terms = serde_json::to_string(&terms).map_err(encoding("a parameter"))?;
        // Most writes leave most terms as they are.
        let delete = format!(
            "DELETE FROM {table} WHERE row IN (SELECT value FROM json_each(?)) \
             AND (term, row) NOT IN (SELECT value->>0, value->>1 FROM json_each(?))"
        );
        let insert = format!(
            "INSERT INTO {table} (term, row) SELECT value->>0, value->>1 FROM json_each(?) WHERE true \
             ON CONFLICT DO NOTHING"
        );
        let deletion =
            sqlx::query(AssertSqlSafe(delete)).bind(&numbers).bind(&terms).execute(&mut *connection);
        deletion.await.map_err(failed_at("writing lists"))?;
        let insertion = sqlx::query(AssertSqlSafe(insert)).bind(&terms).execute(&mut *connection);
        insertion.await.map_err(failed_at("writing lists"))?;
    }
    Ok(())
}

/// Sets these positions.
pub(super) async fn positions(
    connection: &mut SqliteConnection,
    generation: &Generation,
    positions: &Positions,
) -> Result<(), StoreError> {
    for chunk in positions.iter().collect::<Vec<_>>().chunks(CHUNKS[0]) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO positions (collection, shape, number, partition, position) ",
        );
        let mut rows = Vec::with_capacity(chunk.len());
        for (partition, position) in chunk {
            rows.push((partition.to_string(), whole(**position)?));
        }
        query.push_values(rows, |mut row, (partition, position)| {
            row.push_bind(generation.collection.as_str())
                .push_bind(generation.shape)
                .push_bind(generation.number)
                .push_bind(partition)
                .push_bind(position);
        });
        query.push(" ON CONFLICT DO UPDATE SET position = max(position, excluded.position)");
        query.build().execute(&mut *connection).await.map_err(failed_at("writing positions"))?;
    }
    Ok(())
}
