//! A commit: one statement that moves the head, and makes all other changes only if it did.
//!
//! The statement commits by itself, so a client that stops in the middle of it blocks no other. Changes that
//! it cannot make (keys that are deleted and written again, parked records) take a transaction that locks the
//! head first.

use sqlx::postgres::PgBindIterExt;
use sqlx::{PgConnection, Row};

use super::fault::LogIdentity;
use super::rows::{self, HEAD, HEAD_LOCKED, Query, int};
use super::{locked, statement};
use crate::plan::Plan;
use crate::port::{Committed, Head, LogError};

/// Executes `plan` if the log ends at `base`. After [`LogError::Unavailable`] a transaction may still be
/// open; after any other result there is none.
pub(super) async fn commit(
    connection: &mut PgConnection,
    log: &LogIdentity,
    base: &Head,
    plan: &Plan<'_>,
) -> Result<Committed, LogError> {
    let refused = |error| log.refused(base.position, error);
    if !locked::is_needed(plan) {
        if execute(connection, base, plan).await.map_err(refused)? {
            return Ok(Committed::Done(plan.head));
        }
        let head = rows::head(connection, HEAD).await.map_err(refused)?;
        if head != *base {
            return Ok(Committed::Moved(head));
        }
    }
    run(connection, "BEGIN").await.map_err(refused)?;
    let head = rows::head(connection, HEAD_LOCKED).await.map_err(refused)?;
    if head != *base {
        run(connection, "ROLLBACK").await.map_err(refused)?;
        return Ok(Committed::Moved(head));
    }
    match within(connection, log, base, plan).await {
        Ok(()) => run(connection, "COMMIT").await.map_err(refused)?,
        Err(error @ LogError::Broken { .. }) => {
            run(connection, "ROLLBACK").await.map_err(refused)?;
            return Err(error);
        }
        Err(error) => return Err(error),
    }
    Ok(Committed::Done(plan.head))
}

/// Executes `plan` in a transaction that has locked the head at `base`.
pub(super) async fn within(
    connection: &mut PgConnection,
    log: &LogIdentity,
    base: &Head,
    plan: &Plan<'_>,
) -> Result<(), LogError> {
    let refused = |error| log.refused(base.position, error);
    locked::before(connection, log, base, plan).await?;
    if execute(connection, base, plan).await.map_err(refused)? {
        return Ok(());
    }
    let missing = missing(connection, plan).await.map_err(refused)?;
    let (position, problem) = match missing {
        Some((stream, version, position)) => {
            (position, format!("{stream} has no version {version} to follow"))
        }
        None => (base.position + 1, "the head is locked and did not move".to_owned()),
    };
    Err(log.broken(position, problem))
}

pub(super) async fn run(connection: &mut PgConnection, statement: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(statement).execute(connection).await.map(drop)
}

/// The first event whose predecessor in its stream is missing. A unique index refuses versions that are
/// taken.
async fn missing<'a>(
    connection: &mut PgConnection,
    plan: &Plan<'a>,
) -> Result<Option<(&'a str, u64, u64)>, sqlx::Error> {
    let first: Option<i64> = sqlx::query_scalar(
        "SELECT w.n FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY w(stream, version, n)
         WHERE NOT EXISTS (SELECT FROM events e WHERE e.stream = w.stream AND e.version = w.version)
         ORDER BY w.n LIMIT 1",
    )
    .bind(plan.predecessors.iter().map(|(stream, _, _)| *stream).bind_iter())
    .bind(plan.predecessors.iter().map(|(_, version, _)| int(*version)).bind_iter())
    .fetch_optional(connection)
    .await?;
    let index = first.and_then(|n| usize::try_from(n).ok()?.checked_sub(1));
    Ok(index.and_then(|index| plan.predecessors.get(index).copied()))
}

/// Runs the one statement. `false`: nothing was changed, because the log does not end at `base` or the
/// predecessor of an event is missing.
async fn execute(connection: &mut PgConnection, base: &Head, plan: &Plan<'_>) -> Result<bool, sqlx::Error> {
    let more = !(plan.claimed.is_empty()
        && plan.views.is_empty()
        && plan.positions.is_empty()
        && plan.starts.is_empty());
    let reactions = more || !(plan.inbox.is_empty() && plan.deadlines.is_empty());
    let text = match (more, reactions) {
        (true, _) => statement::EVERYTHING,
        (_, true) => statement::REACTIONS,
        _ => statement::EVENTS,
    };
    let mut query = sqlx::query(text);
    query = head(query, base, plan);
    query = events(query, plan);
    query = answers(query, plan);
    if reactions {
        query = handled(query, plan);
    }
    if more {
        query = notes(query, plan);
    }
    let moved: i64 = query.fetch_one(connection).await?.try_get(0)?;
    Ok(moved == 1)
}

fn head<'q>(query: Query<'q>, base: &'q Head, plan: &'q Plan<'_>) -> Query<'q> {
    query
        .bind(int(plan.head.position))
        .bind(plan.head.hash)
        .bind(int(plan.head.revision))
        .bind(int(base.position))
        .bind(base.hash)
        .bind(int(base.revision))
        .bind(base.epoch)
        .bind(plan.predecessors.iter().map(|(stream, _, _)| *stream).bind_iter())
        .bind(plan.predecessors.iter().map(|(_, version, _)| int(*version)).bind_iter())
}

fn events<'q>(query: Query<'q>, plan: &'q Plan<'_>) -> Query<'q> {
    let envelopes = || plan.events.iter().map(|(event, _)| event.envelope.as_ref());
    query
        .bind(envelopes().map(|envelope| envelope.stream.as_str()).bind_iter())
        .bind(envelopes().map(|envelope| int(envelope.version)).bind_iter())
        .bind(envelopes().map(|envelope| envelope.id.uuid()).bind_iter())
        .bind(envelopes().map(|envelope| envelope.name.as_str()).bind_iter())
        .bind(envelopes().map(|envelope| i64::from(envelope.type_version)).bind_iter())
        .bind(plan.events.iter().map(|(event, _)| event.payload.as_ref()).bind_iter())
        .bind(envelopes().map(|envelope| envelope.time.as_millis()).bind_iter())
        .bind(envelopes().map(|envelope| envelope.correlation).bind_iter())
        .bind(envelopes().map(|envelope| envelope.causation).bind_iter())
        .bind(envelopes().map(|envelope| envelope.traceparent.as_deref()).bind_iter())
        .bind(plan.events.iter().map(|(_, hash)| *hash).bind_iter())
        .bind(plan.counts.keys().copied().bind_iter())
        .bind(plan.counts.values().map(|(events, _)| int(*events)).bind_iter())
        .bind(plan.counts.values().map(|(_, last)| int(*last)).bind_iter())
}

fn answers<'q>(query: Query<'q>, plan: &'q Plan<'_>) -> Query<'q> {
    query
        .bind(plan.ledger.iter().map(|entry| entry.command.uuid()).bind_iter())
        .bind(plan.ledger.iter().map(|entry| entry.fingerprint).bind_iter())
        .bind(plan.ledger.iter().map(|entry| entry.answer.as_str()).bind_iter())
        .bind(plan.ledger.iter().map(|entry| entry.at.as_millis()).bind_iter())
}

fn handled<'q>(query: Query<'q>, plan: &'q Plan<'_>) -> Query<'q> {
    let deadlines = || plan.deadlines.iter().filter_map(|(stream, deadline)| Some((*stream, (*deadline)?)));
    let none = plan.deadlines.iter().filter(|(_, deadline)| deadline.is_none()).map(|(stream, _)| *stream);
    query
        .bind(plan.inbox.keys().map(|(reactor, _)| *reactor).bind_iter())
        .bind(plan.inbox.keys().map(|(_, source)| *source).bind_iter())
        .bind(plan.inbox.values().map(|handled| int(handled.version)).bind_iter())
        .bind(plan.inbox.values().map(|handled| handled.event.uuid()).bind_iter())
        .bind(deadlines().map(|(stream, _)| stream).bind_iter())
        .bind(deadlines().map(|(_, (version, _, _))| int(version)).bind_iter())
        .bind(deadlines().map(|(_, (_, kind, _))| kind).bind_iter())
        .bind(deadlines().map(|(_, (_, _, at))| at.as_millis()).bind_iter())
        .bind(none.bind_iter())
}

fn notes<'q>(query: Query<'q>, plan: &'q Plan<'_>) -> Query<'q> {
    let views = || plan.views.iter().filter_map(|(key, value)| Some((*key, value.as_deref()?)));
    query
        .bind(plan.claimed.keys().map(|claim| claim.kind.name()).bind_iter())
        .bind(plan.claimed.keys().map(|claim| claim.value.as_str()).bind_iter())
        .bind(plan.claimed.values().map(|stream| stream.as_str()).bind_iter())
        .bind(views().map(|(key, _)| key.view).bind_iter())
        .bind(views().map(|(key, _)| key.key.as_str()).bind_iter())
        .bind(views().map(|(_, value)| value).bind_iter())
        .bind(plan.positions.keys().map(|(group, _)| *group).bind_iter())
        .bind(plan.positions.keys().map(|(_, partition)| *partition).bind_iter())
        .bind(plan.positions.values().map(|done| int(*done)).bind_iter())
        .bind(plan.starts.keys().copied().bind_iter())
        .bind(plan.starts.values().map(|starts| i64::from(*starts)).bind_iter())
}
