//! The one statement of a commit, in three variants. There are few, so that each stays prepared, and more than one, because
//! a part has a cost even if it has no rows.
//!
//! Everything but the head is written only `WHERE EXISTS (SELECT FROM moved)`. The statement may wait for the
//! head's row and then see a newer version of it than of the other tables. But if the head is the expected
//! one, nothing has been committed since, so the versions of streams that the statement reads belong to that
//! head.

macro_rules! statement {
    ($($more:expr),*) => {
        concat!(
            "WITH moved AS (
                UPDATE head SET position = $1, hash = $2, revision = $3
                WHERE position = $4 AND hash = $5 AND revision = $6 AND epoch = $7 AND NOT EXISTS (
                    SELECT FROM unnest($8::text[], $9::bigint[]) w(stream, version)
                    WHERE NOT EXISTS (SELECT FROM events e WHERE e.stream = w.stream AND e.version = w.version))
                RETURNING 1),
            appended AS (
                INSERT INTO events (position, stream, version, event_id, name, type_version, payload, recorded_at,
                    correlation, causation, traceparent, hash)
                SELECT $4 + n, stream, version, event_id, name, type_version, payload, recorded_at, correlation,
                    causation, traceparent, hash
                FROM unnest($10::text[], $11::bigint[], $12::uuid[], $13::text[], $14::bigint[], $15::text[],
                    $16::bigint[], $17::uuid[], $18::uuid[], $19::text[], $20::bytea[]) WITH ORDINALITY
                    w(stream, version, event_id, name, type_version, payload, recorded_at, correlation, causation,
                    traceparent, hash, n)
                WHERE EXISTS (SELECT FROM moved)),
            counted AS (
                INSERT INTO counts (prefix, events, last)
                SELECT * FROM unnest($21::text[], $22::bigint[], $23::bigint[]) WHERE EXISTS (SELECT FROM moved)
                ON CONFLICT (prefix) DO UPDATE SET events = counts.events + excluded.events, last = excluded.last),
            answered AS (
                INSERT INTO ledger (command, fingerprint, answer, at)
                SELECT * FROM unnest($24::uuid[], $25::bytea[], $26::text[], $27::bigint[])
                WHERE EXISTS (SELECT FROM moved))
            ",
            $($more,)*
            "SELECT count(*) FROM moved"
        )
    };
}

/// Events and answers: enough for most batches of commands.
pub(super) const EVENTS: &str = statement!();

macro_rules! handled {
    () => {
        ", handled AS (
        INSERT INTO inbox (reactor, source, version, event)
        SELECT * FROM unnest($28::text[], $29::text[], $30::bigint[], $31::uuid[])
        WHERE EXISTS (SELECT FROM moved)
        ON CONFLICT (reactor, source) DO UPDATE SET version = excluded.version, event = excluded.event),
    set_deadlines AS (
        INSERT INTO deadlines (stream, version, kind, at)
        SELECT * FROM unnest($32::text[], $33::bigint[], $34::text[], $35::bigint[])
        WHERE EXISTS (SELECT FROM moved)
        ON CONFLICT (stream) DO UPDATE SET version = excluded.version, kind = excluded.kind, at = excluded.at),
    cleared_deadlines AS (
        DELETE FROM deadlines WHERE stream = ANY ($36::text[]) AND EXISTS (SELECT FROM moved))
    "
    };
}

/// The same with inbox entries and deadlines.
pub(super) const REACTIONS: &str = statement!(handled!());

/// All changes of a batch, except those of [`super::locked`].
pub(super) const EVERYTHING: &str = statement!(
    handled!(),
    ", claimed AS (
        INSERT INTO claims (kind, value, stream)
        SELECT * FROM unnest($37::text[], $38::text[], $39::text[]) WHERE EXISTS (SELECT FROM moved)
        -- The claim of another stream becomes NULL, which the constraint refuses.
        ON CONFLICT (kind, value)
        DO UPDATE SET stream = CASE WHEN claims.stream = excluded.stream THEN excluded.stream END),
    noted AS (
        INSERT INTO views (view, key, value)
        SELECT * FROM unnest($40::text[], $41::text[], $42::text[]) WHERE EXISTS (SELECT FROM moved)
        ON CONFLICT (view, key) DO UPDATE SET value = excluded.value),
    done AS (
        INSERT INTO positions (reader, partition, done)
        SELECT * FROM unnest($43::text[], $44::text[], $45::bigint[]) WHERE EXISTS (SELECT FROM moved)
        ON CONFLICT (reader, partition) DO UPDATE SET done = greatest(positions.done, excluded.done)),
    started AS (
        INSERT INTO starts (reader, starts)
        SELECT * FROM unnest($46::text[], $47::bigint[]) WHERE EXISTS (SELECT FROM moved)
        ON CONFLICT (reader) DO UPDATE SET starts = excluded.starts)
    "
);
