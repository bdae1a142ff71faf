//! Facts for decisions, looked up in one read transaction.

use schemas::{EventId, StreamId, Timestamp};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::rows::{self, hash, number, uuid};
use crate::port::{Facts, Handled, Head, LedgerEntry, Wanted};

/// Finds `wanted`, and the head that it belongs to. After an error the transaction may still be open.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    wanted: &Wanted,
) -> Result<(Head, Facts), sqlx::Error> {
    sqlx::query("BEGIN").execute(&mut *connection).await?;
    // The first read fixes the moment that all reads of the transaction see.
    let head = rows::head(connection).await?;
    let mut facts = Facts::default();
    ledger(connection, wanted, &mut facts).await?;
    inbox(connection, wanted, &mut facts).await?;
    claims(connection, wanted, &mut facts).await?;
    views(connection, wanted, &mut facts).await?;
    groups(connection, wanted, &mut facts).await?;
    sqlx::query("COMMIT").execute(connection).await?;
    Ok((head, facts))
}

/// The rows of `statement`, each with the key that it was found for. The statement takes all keys as one JSON
/// array, and its first column is the index of the key.
async fn found<'a, T>(
    connection: &mut SqliteConnection,
    statement: &'static str,
    asked: &'a [T],
    key: impl Fn(&T) -> Value,
) -> Result<Vec<(&'a T, SqliteRow)>, sqlx::Error> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let keys = Value::Array(asked.iter().map(key).collect()).to_string();
    let rows = sqlx::query(statement).bind(keys).fetch_all(connection).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let index = usize::try_from(number(&row, 0)?).ok();
        let asked = index.and_then(|index| asked.get(index)).ok_or(sqlx::Error::RowNotFound)?;
        found.push((asked, row));
    }
    Ok(found)
}

async fn ledger(
    connection: &mut SqliteConnection,
    wanted: &Wanted,
    facts: &mut Facts,
) -> Result<(), sqlx::Error> {
    let statement = "SELECT w.key, l.fingerprint, l.answer, l.at
                     FROM json_each(?) w CROSS JOIN ledger l ON l.command = unhex(w.value)";
    let key = |command: &schemas::CommandId| json!(command.uuid().simple().to_string());
    for (command, row) in found(connection, statement, &wanted.commands, key).await? {
        let entry = LedgerEntry {
            command: *command,
            fingerprint: hash(&row, 1)?,
            answer: row.try_get(2)?,
            at: Timestamp::from_millis(row.try_get(3)?),
        };
        facts.ledger.insert(*command, entry);
    }
    Ok(())
}

async fn inbox(
    connection: &mut SqliteConnection,
    wanted: &Wanted,
    facts: &mut Facts,
) -> Result<(), sqlx::Error> {
    let statement = "SELECT w.key, i.version, i.event
                     FROM json_each(?) w CROSS JOIN inbox i ON i.reactor = w.value->>0 AND i.source = w.value->>1";
    let key = |(reactor, source): &(String, StreamId)| json!([reactor, source]);
    for (asked, row) in found(connection, statement, &wanted.inbox, key).await? {
        let handled = Handled { version: number(&row, 1)?, event: EventId::new(uuid(&row, 2)?) };
        facts.inbox.insert(asked.clone(), handled);
    }
    Ok(())
}

async fn claims(
    connection: &mut SqliteConnection,
    wanted: &Wanted,
    facts: &mut Facts,
) -> Result<(), sqlx::Error> {
    let statement = "SELECT w.key, c.stream
                     FROM json_each(?) w CROSS JOIN claims c ON c.kind = w.value->>0 AND c.value = w.value->>1";
    for (claim, row) in
        found(connection, statement, &wanted.claims, |c| json!([c.kind.name(), c.value])).await?
    {
        facts.claims.insert(claim.clone(), StreamId::from_text(row.try_get::<String, _>(1)?));
    }
    Ok(())
}

async fn views(
    connection: &mut SqliteConnection,
    wanted: &Wanted,
    facts: &mut Facts,
) -> Result<(), sqlx::Error> {
    let statement = "SELECT w.key, v.value
                     FROM json_each(?) w CROSS JOIN views v ON v.view = w.value->>0 AND v.key = w.value->>1";
    for (key, row) in found(connection, statement, &wanted.views, |key| json!([key.view, key.key])).await? {
        let value =
            serde_json::from_str(row.try_get(1)?).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        facts.views.insert(key.clone(), value);
    }
    Ok(())
}

async fn groups(
    connection: &mut SqliteConnection,
    wanted: &Wanted,
    facts: &mut Facts,
) -> Result<(), sqlx::Error> {
    let statement = "SELECT w.key, p.partition, p.done
                     FROM json_each(?) w CROSS JOIN positions p ON p.reader = w.value";
    for (group, row) in found(connection, statement, &wanted.groups, |group| json!(group)).await? {
        facts.groups.entry(group.clone()).or_default().insert(row.try_get(1)?, number(&row, 2)?);
    }
    Ok(())
}
