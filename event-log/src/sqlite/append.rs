//! A commit: one transaction with a handful of statements, whatever the size of the batch.

use schemas::Envelope;
use serde_json::json;
use sqlx::SqliteConnection;

use super::fault::LogIdentity;
use super::insert::insert;
use super::rows::{self, int};
use crate::plan::Plan;
use crate::port::{Committed, Head, LogError, ParkedRecord, Parking};

/// Executes `plan` if the log ends at `base`. After an error the transaction may still be open.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    log: LogIdentity,
    base: &Head,
    plan: &Plan<'_>,
) -> Result<Committed, LogError> {
    let refused = |error| log.refused(base.position, error);
    run(connection, "BEGIN IMMEDIATE").await.map_err(refused)?;
    if !move_head(connection, base, &plan.head).await.map_err(refused)? {
        let head = rows::head(connection).await.map_err(refused)?;
        run(connection, "ROLLBACK").await.map_err(refused)?;
        return Ok(Committed::Moved(head));
    }
    if let Some((stream, version, position)) = missing(connection, plan).await.map_err(refused)? {
        return Err(log.broken(position, format!("{stream} has no version {version} to follow")));
    }
    write(connection, plan).await.map_err(refused)?;
    for parking in &plan.parking {
        let envelope = match parking {
            Parking::Park(record) => serde_json::to_string(&record.envelope),
            _ => Ok(String::new()),
        };
        let envelope = envelope.map_err(|error| log.broken(base.position + 1, error.to_string()))?;
        park(connection, parking, envelope).await.map_err(refused)?;
    }
    run(connection, "COMMIT").await.map_err(refused)?;
    Ok(Committed::Done(plan.head))
}

async fn run(connection: &mut SqliteConnection, statement: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(statement).execute(connection).await.map(drop)
}

async fn move_head(connection: &mut SqliteConnection, from: &Head, to: &Head) -> Result<bool, sqlx::Error> {
    let moved = sqlx::query(
        "UPDATE head SET position = ?, hash = ?, revision = ?
         WHERE position = ? AND hash = ? AND revision = ? AND epoch = ?",
    )
    .bind(int(to.position))
    .bind(to.hash.to_vec())
    .bind(int(to.revision))
    .bind(int(from.position))
    .bind(from.hash.to_vec())
    .bind(int(from.revision))
    .bind(from.epoch.into_bytes().to_vec())
    .execute(connection)
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// The first event whose predecessor in its stream is missing. A unique index refuses versions that are
/// taken.
async fn missing<'a>(
    connection: &mut SqliteConnection,
    plan: &Plan<'a>,
) -> Result<Option<(&'a str, u64, u64)>, sqlx::Error> {
    if plan.predecessors.is_empty() {
        return Ok(None);
    }
    let wanted: Vec<_> =
        plan.predecessors.iter().map(|(stream, version, _)| json!([stream, version])).collect();
    let first: Option<i64> = sqlx::query_scalar(
        "SELECT w.key FROM json_each(?) w
         WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.stream = w.value->>0 AND e.version = w.value->>1) LIMIT 1",
    )
    .bind(json!(wanted).to_string())
    .fetch_optional(connection)
    .await?;
    Ok(first.and_then(|index| plan.predecessors.get(usize::try_from(index).ok()?).copied()))
}

async fn write(connection: &mut SqliteConnection, plan: &Plan<'_>) -> Result<(), sqlx::Error> {
    insert_events(connection, plan).await?;
    insert_ledger(connection, plan).await?;
    write_inbox(connection, plan).await?;
    write_claims(connection, plan).await?;
    write_deadlines(connection, plan).await?;
    write_views(connection, plan).await?;
    write_groups(connection, plan).await
}

async fn insert_events(connection: &mut SqliteConnection, plan: &Plan<'_>) -> Result<(), sqlx::Error> {
    const INTO: &str = "INSERT INTO events (position, stream, version, event_id, name, type_version, payload, recorded_at, \
                        correlation, causation, traceparent, hash)";
    insert(connection, INTO, "", &plan.events, |values, (event, hash)| {
        let envelope = &event.envelope;
        values
            .push_bind(int(envelope.position))
            .push_bind(envelope.stream.as_str())
            .push_bind(int(envelope.version))
            .push_bind(envelope.id.uuid().into_bytes().to_vec())
            .push_bind(envelope.name.as_str())
            .push_bind(envelope.type_version)
            .push_bind(event.payload.clone())
            .push_bind(envelope.time.as_millis())
            .push_bind(envelope.correlation.into_bytes().to_vec())
            .push_bind(envelope.causation.into_bytes().to_vec())
            .push_bind(envelope.traceparent.as_deref())
            .push_bind(hash.to_vec());
    })
    .await?;
    let counts: Vec<_> = plan.counts.iter().collect();
    let more = " ON CONFLICT DO UPDATE SET events = events + excluded.events, last = excluded.last";
    insert(
        connection,
        "INSERT INTO counts (prefix, events, last)",
        more,
        &counts,
        |values, (prefix, (events, last))| {
            values.push_bind(**prefix).push_bind(int(*events)).push_bind(int(*last));
        },
    )
    .await
}

async fn insert_ledger(connection: &mut SqliteConnection, plan: &Plan<'_>) -> Result<(), sqlx::Error> {
    const INTO: &str = "INSERT INTO ledger (command, fingerprint, answer, at)";
    insert(connection, INTO, "", &plan.ledger, |values, entry| {
        values
            .push_bind(entry.command.uuid().into_bytes().to_vec())
            .push_bind(entry.fingerprint.to_vec())
            .push_bind(entry.answer.as_str())
            .push_bind(entry.at.as_millis());
    })
    .await
}

async fn write_inbox(connection: &mut SqliteConnection, plan: &Plan<'_>) -> Result<(), sqlx::Error> {
    const INTO: &str = "INSERT INTO inbox (reactor, source, version, event)";
    const TAIL: &str = " ON CONFLICT DO UPDATE SET version = excluded.version, event = excluded.event";
    let rows: Vec<_> = plan.inbox.iter().collect();
    insert(connection, INTO, TAIL, &rows, |values, ((reactor, source), handled)| {
        let event = handled.event.uuid().into_bytes().to_vec();
        values.push_bind(*reactor).push_bind(*source).push_bind(int(handled.version)).push_bind(event);
    })
    .await
}

async fn write_claims(connection: &mut SqliteConnection, plan: &Plan<'_>) -> Result<(), sqlx::Error> {
    const INTO: &str = "INSERT INTO claims (kind, value, stream)";
    // The claim of another stream becomes NULL, which the constraint refuses.
    const TAIL: &str =
        " ON CONFLICT DO UPDATE SET stream = CASE WHEN stream = excluded.stream THEN stream END";
    if !plan.released.is_empty() {
        let keys: Vec<_> =
            plan.released.iter().map(|claim| json!([claim.kind.name(), claim.value])).collect();
        let delete =
            "DELETE FROM claims WHERE (kind, value) IN (SELECT value->>0, value->>1 FROM json_each(?))";
        sqlx::query(delete).bind(json!(keys).to_string()).execute(&mut *connection).await?;
    }
    let rows: Vec<_> = plan.claimed.iter().collect();
    insert(connection, INTO, TAIL, &rows, |values, (claim, stream)| {
        values.push_bind(claim.kind.name()).push_bind(claim.value.as_str()).push_bind(stream.as_str());
    })
    .await
}

async fn write_deadlines(connection: &mut SqliteConnection, plan: &Plan<'_>) -> Result<(), sqlx::Error> {
    const INTO: &str = "INSERT INTO deadlines (stream, version, kind, at)";
    const TAIL: &str =
        " ON CONFLICT DO UPDATE SET version = excluded.version, kind = excluded.kind, at = excluded.at";
    let none: Vec<_> =
        plan.deadlines.iter().filter(|(_, deadline)| deadline.is_none()).map(|(stream, _)| *stream).collect();
    if !none.is_empty() {
        let delete = "DELETE FROM deadlines WHERE stream IN (SELECT value FROM json_each(?))";
        sqlx::query(delete).bind(json!(none).to_string()).execute(&mut *connection).await?;
    }
    let rows: Vec<_> =
        plan.deadlines.iter().filter_map(|(stream, deadline)| Some((*stream, (*deadline)?))).collect();
    insert(connection, INTO, TAIL, &rows, |values, (stream, (version, kind, at))| {
        values.push_bind(*stream).push_bind(int(*version)).push_bind(*kind).push_bind(at.as_millis());
    })
    .await
}

async fn write_views(connection: &mut SqliteConnection, plan: &Plan<'_>) -> Result<(), sqlx::Error> {
    const INTO: &str = "INSERT INTO views (view, key, value)";
    const TAIL: &str = " ON CONFLICT DO UPDATE SET value = excluded.value";
    let gone: Vec<_> = plan
        .views
        .iter()
        .filter(|(_, value)| value.is_none())
        .map(|(key, _)| json!([key.view, key.key]))
        .collect();
    if !gone.is_empty() {
        let delete = "DELETE FROM views WHERE (view, key) IN (SELECT value->>0, value->>1 FROM json_each(?))";
        sqlx::query(delete).bind(json!(gone).to_string()).execute(&mut *connection).await?;
    }
    let rows: Vec<_> = plan.views.iter().filter_map(|(key, value)| Some((key, value.as_deref()?))).collect();
    insert(connection, INTO, TAIL, &rows, |values, (key, value)| {
        values.push_bind(key.view).push_bind(key.key.as_str()).push_bind(*value);
    })
    .await
}

async fn write_groups(connection: &mut SqliteConnection, plan: &Plan<'_>) -> Result<(), sqlx::Error> {
    let positions: Vec<_> = plan.positions.iter().collect();
    let tail = " ON CONFLICT DO UPDATE SET done = max(done, excluded.done)";
    insert(connection, "INSERT INTO positions (reader, partition, done)", tail, &positions, |values, row| {
        let ((group, partition), done) = row;
        values.push_bind(*group).push_bind(*partition).push_bind(int(**done));
    })
    .await?;
    let starts: Vec<_> = plan.starts.iter().collect();
    let tail = " ON CONFLICT DO UPDATE SET starts = excluded.starts";
    insert(connection, "INSERT INTO starts (reader, starts)", tail, &starts, |values, (group, starts)| {
        values.push_bind(**group).push_bind(**starts);
    })
    .await
}

/// `envelope`: JSON of the record's envelope, if there is a record.
async fn park(
    connection: &mut SqliteConnection,
    parking: &Parking,
    envelope: String,
) -> Result<(), sqlx::Error> {
    let statement = match parking {
        Parking::Park(record) => {
            let ParkedRecord { reactor, envelope: Envelope { stream, version, .. }, payload, error, redrive } =
                &**record;
            sqlx::query(
                "INSERT INTO parked (reactor, source, version, envelope, payload, error, redrive)
                 VALUES (?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET error = excluded.error, redrive = excluded.redrive
                 WHERE excluded.error <> ''",
            )
            .bind(reactor)
            .bind(stream.as_str())
            .bind(int(*version))
            .bind(envelope)
            .bind(payload)
            .bind(error)
            .bind(redrive)
        }
        Parking::Redrive { reactor, source } => {
            sqlx::query("UPDATE parked SET redrive = TRUE WHERE reactor = ? AND source = ?")
                .bind(reactor)
                .bind(source.as_str())
        }
        Parking::Unpark { reactor, source, version } => {
            sqlx::query("DELETE FROM parked WHERE reactor = ? AND source = ? AND version = ?")
                .bind(reactor)
                .bind(source.as_str())
                .bind(int(*version))
        }
    };
    statement.execute(connection).await.map(drop)
}
