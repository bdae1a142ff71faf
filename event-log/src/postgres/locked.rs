//! The changes that need a locked head: keys that are deleted and perhaps written again, and parked records.

use schemas::Envelope;
use sqlx::PgConnection;
use sqlx::postgres::PgBindIterExt;

use super::fault::LogIdentity;
use super::rows::int;
use crate::plan::Plan;
use crate::port::{Head, LogError, ParkedRecord, Parking};

/// Whether `plan` cannot be executed by one statement.
pub(super) fn is_needed(plan: &Plan<'_>) -> bool {
    !plan.released.is_empty() || !plan.parking.is_empty() || plan.views.values().any(Option::is_none)
}

/// Executes the part of the plan that comes before the one statement.
pub(super) async fn before(
    connection: &mut PgConnection,
    log: &LogIdentity,
    base: &Head,
    plan: &Plan<'_>,
) -> Result<(), LogError> {
    let refused = |error| log.refused(base.position, error);
    if !plan.released.is_empty() {
        release_claims(connection, plan).await.map_err(refused)?;
    }
    if plan.views.values().any(Option::is_none) {
        remove_views(connection, plan).await.map_err(refused)?;
    }
    for parking in &plan.parking {
        let envelope = match parking {
            Parking::Park(record) => serde_json::to_string(&record.envelope),
            _ => Ok(String::new()),
        };
        let envelope = envelope.map_err(|error| log.broken(base.position + 1, error.to_string()))?;
        park(connection, parking, envelope).await.map_err(refused)?;
    }
    Ok(())
}

async fn release_claims(connection: &mut PgConnection, plan: &Plan<'_>) -> Result<(), sqlx::Error> {
    let delete = "DELETE FROM claims c USING unnest($1::text[], $2::text[]) w(kind, value)
                  WHERE c.kind = w.kind AND c.value = w.value";
    sqlx::query(delete)
        .bind(plan.released.iter().map(|claim| claim.kind.name()).bind_iter())
        .bind(plan.released.iter().map(|claim| claim.value.as_str()).bind_iter())
        .execute(connection)
        .await
        .map(drop)
}

async fn remove_views(connection: &mut PgConnection, plan: &Plan<'_>) -> Result<(), sqlx::Error> {
    let gone = || plan.views.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| *key);
    let delete = "DELETE FROM views v USING unnest($1::text[], $2::text[]) w(view, key)
                  WHERE v.view = w.view AND v.key = w.key";
    sqlx::query(delete)
        .bind(gone().map(|key| key.view).bind_iter())
        .bind(gone().map(|key| key.key.as_str()).bind_iter())
        .execute(connection)
        .await
        .map(drop)
}

/// `envelope`: JSON of the record's envelope, if there is a record.
async fn park(connection: &mut PgConnection, parking: &Parking, envelope: String) -> Result<(), sqlx::Error> {
    let statement = match parking {
        Parking::Park(record) => {
            let ParkedRecord { reactor, envelope: Envelope { stream, version, .. }, payload, error, redrive } =
                &**record;
            sqlx::query(
                "INSERT INTO parked (reactor, source, version, envelope, payload, error, redrive)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (reactor, source, version)
                 DO UPDATE SET error = excluded.error, redrive = excluded.redrive WHERE excluded.error <> ''",
            )
            .bind(reactor)
            .bind(stream.as_str())
            .bind(int(*version))
            .bind(envelope)
            .bind(payload.as_bytes())
            // PostgreSQL texts cannot contain zero bytes. The error is only for people, so they may be replaced.
            .bind(error.replace('\0', "\u{fffd}"))
            .bind(redrive)
        }
        Parking::Redrive { reactor, source } => {
            sqlx::query("UPDATE parked SET redrive = TRUE WHERE reactor = $1 AND source = $2")
                .bind(reactor)
                .bind(source.as_str())
        }
        Parking::Unpark { reactor, source, version } => {
            sqlx::query("DELETE FROM parked WHERE reactor = $1 AND source = $2 AND version = $3")
                .bind(reactor)
                .bind(source.as_str())
                .bind(int(*version))
        }
    };
    statement.execute(connection).await.map(drop)
}
