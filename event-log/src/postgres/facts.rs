//! Facts for decisions, looked up by one statement and so as of one moment.

use schemas::{EventId, StreamId, Timestamp};
use sqlx::Row;
use sqlx::postgres::{PgBindIterExt, PgRow};

use super::rows::{Query, hash, number};
use crate::port::{Facts, Handled, Head, LedgerEntry, Wanted};

/// Each row has the kind of fact, the index (from 1) of the request in its list, and what was found.
const LOOKUP: &str = "
    SELECT 0::bigint AS part, 0::bigint AS asked, h.position AS number, h.revision AS other, h.hash AS bytes, h.epoch AS id,
           NULL::text AS text
    FROM head h
    UNION ALL SELECT 1, w.n, l.at, 0, l.fingerprint, NULL, l.answer
    FROM unnest($1::uuid[]) WITH ORDINALITY w(command, n) JOIN ledger l ON l.command = w.command
    UNION ALL SELECT 2, w.n, i.version, 0, NULL, i.event, NULL
    FROM unnest($2::text[], $3::text[]) WITH ORDINALITY w(reactor, source, n)
    JOIN inbox i ON i.reactor = w.reactor AND i.source = w.source
    UNION ALL SELECT 3, w.n, 0, 0, NULL, NULL, c.stream
    FROM unnest($4::text[], $5::text[]) WITH ORDINALITY w(kind, value, n)
    JOIN claims c ON c.kind = w.kind AND c.value = w.value
    UNION ALL SELECT 4, w.n, 0, 0, NULL, NULL, v.value
    FROM unnest($6::text[], $7::text[]) WITH ORDINALITY w(view, key, n)
    JOIN views v ON v.view = w.view AND v.key = w.key
    UNION ALL SELECT 5, w.n, p.done, 0, NULL, NULL, p.partition
    FROM unnest($8::text[]) WITH ORDINALITY w(reader, n) JOIN positions p ON p.reader = w.reader";

/// The statement that looks up `wanted` and the head.
pub(super) fn question(wanted: &Wanted) -> Query<'_> {
    sqlx::query(LOOKUP)
        .bind(wanted.commands.iter().map(|command| command.uuid()).bind_iter())
        .bind(wanted.inbox.iter().map(|(reactor, _)| reactor.as_str()).bind_iter())
        .bind(wanted.inbox.iter().map(|(_, source)| source.as_str()).bind_iter())
        .bind(wanted.claims.iter().map(|claim| claim.kind.name()).bind_iter())
        .bind(wanted.claims.iter().map(|claim| claim.value.as_str()).bind_iter())
        .bind(wanted.views.iter().map(|key| key.view).bind_iter())
        .bind(wanted.views.iter().map(|key| key.key.as_str()).bind_iter())
        .bind(wanted.groups.iter().map(String::as_str).bind_iter())
}

/// Decodes the rows that were found for `wanted`, and the head that they belong to.
pub(super) fn answer(rows: &[PgRow], wanted: &Wanted) -> Result<(Head, Facts), sqlx::Error> {
    let (mut head, mut facts) = (None, Facts::default());
    for row in rows {
        match row.try_get::<i64, _>(0)? {
            0 => {
                head = Some(Head {
                    position: number(row, 2)?,
                    hash: hash(row, 4)?,
                    epoch: row.try_get(5)?,
                    revision: number(row, 3)?,
                });
            }
            1 => {
                let entry = LedgerEntry {
                    command: *asked(row, &wanted.commands)?,
                    fingerprint: hash(row, 4)?,
                    answer: row.try_get(6)?,
                    at: Timestamp::from_millis(row.try_get(2)?),
                };
                facts.ledger.insert(entry.command, entry);
            }
            2 => {
                let handled = Handled { version: number(row, 2)?, event: EventId::new(row.try_get(5)?) };
                facts.inbox.insert(asked(row, &wanted.inbox)?.clone(), handled);
            }
            3 => {
                let holder = StreamId::from_text(row.try_get::<String, _>(6)?);
                facts.claims.insert(asked(row, &wanted.claims)?.clone(), holder);
            }
            4 => {
                let value = serde_json::from_str(row.try_get(6)?)
                    .map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
                facts.views.insert(asked(row, &wanted.views)?.clone(), value);
            }
            _ => {
                let positions = facts.groups.entry(asked(row, &wanted.groups)?.clone()).or_default();
                positions.insert(row.try_get(6)?, number(row, 2)?);
            }
        }
    }
    head.map(|head| (head, facts)).ok_or(sqlx::Error::RowNotFound)
}

/// The request that the row was found for.
fn asked<'a, T>(row: &PgRow, asked: &'a [T]) -> Result<&'a T, sqlx::Error> {
    let index = usize::try_from(number(row, 1)?).ok().and_then(|number| number.checked_sub(1));
    index.and_then(|index| asked.get(index)).ok_or(sqlx::Error::RowNotFound)
}
