//! Filling key columns and lists from stored bodies.

use serde_json::{Value as Json, json};
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::error::failed_at;
use super::{schema, upsert};
use crate::backend::encoding;
use crate::port::{Generation, KeyFields, Keys, StoreError, Value};

/// Documents per statement.
const PAGE: usize = 500;

/// Extracts `missing` from all bodies of a generation.
pub(super) async fn fill(
    connection: &mut SqliteConnection,
    generation: &Generation,
    missing: &KeyFields,
) -> Result<(), StoreError> {
    let table = schema::table(generation);
    let (mut after, mut documents) = (i64::MIN, 0_u64);
    loop {
        let sql = format!(
            "SELECT row, id, body FROM {table} WHERE body IS NOT NULL AND row > ? ORDER BY row LIMIT {PAGE}"
        );
        let page: Vec<(i64, String, String)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(after)
            .fetch_all(&mut *connection)
            .await
            .map_err(failed_at("reading documents to index"))?;
        let Some((last, _, _)) = page.last() else { break };
        after = *last;
        documents += page.len() as u64;
        let keyed: Vec<(i64, Keys)> =
            page.into_iter().map(|(row, id, body)| (row, keys(generation, missing, &id, &body))).collect();
        if !missing.fields().is_empty() {
            set(connection, &table, missing, &keyed).await?;
        }
        let rows: Vec<(i64, &Keys)> = keyed.iter().map(|(row, keys)| (*row, keys)).collect();
        upsert::lists(connection, generation, missing, &rows).await?;
    }
    if documents > 0 {
        tracing::info!(
            collection = generation.collection,
            generation = generation.number,
            documents,
            "documents indexed"
        );
    }
    Ok(())
}

/// A body that has no proper keys is found by its id alone; its projection writes it again with the next event.
fn keys(generation: &Generation, missing: &KeyFields, id: &str, body: &str) -> Keys {
    missing.extract(body).unwrap_or_else(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(collection = generation.collection, id, error, "document indexed without keys");
        missing.none()
    })
}

/// One statement for a page: a row per document, first its number, then its keys.
async fn set(
    connection: &mut SqliteConnection,
    table: &str,
    missing: &KeyFields,
    keyed: &[(i64, Keys)],
) -> Result<(), StoreError> {
    let columns: Vec<String> = missing.fields().iter().map(|field| schema::column(field)).collect();
    let values: Vec<String> = (1..=columns.len()).map(|place| format!("new.value->>{place}")).collect();
    let rows: Vec<Json> = keyed
        .iter()
        .map(|(row, keys)| std::iter::once(json!(row)).chain(keys.values.iter().map(plain)).collect())
        .collect();
    let set: Vec<String> =
        columns.iter().zip(values).map(|(column, value)| format!("{column} = {value}")).collect();
    let sql = format!(
        "UPDATE {table} AS held SET {} FROM json_each(?) AS new WHERE held.row = new.value->>0",
        set.join(", ")
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(serde_json::to_string(&rows).map_err(encoding("keys"))?)
        .execute(connection)
        .await
        .map_err(failed_at("indexing documents"))?;
    Ok(())
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => json!(number),
        Value::Text(text) => json!(text),
    }
}
