CREATE TABLE meta (format INTEGER NOT NULL, context TEXT NOT NULL) STRICT;

CREATE TABLE head (
    position INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    epoch BLOB NOT NULL CHECK (length(epoch) = 16),
    revision INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    event_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    type_version INTEGER NOT NULL,
    payload TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    correlation BLOB NOT NULL,
    causation BLOB NOT NULL,
    traceparent TEXT,
    hash BLOB NOT NULL,
    UNIQUE (stream, version)
) STRICT;
CREATE INDEX events_correlation ON events (correlation);

CREATE TRIGGER events_are_not_updated BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

CREATE TABLE counts (
    prefix TEXT PRIMARY KEY,
    events INTEGER NOT NULL,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Rows are appended; only the index over random ids is written in random places.
CREATE TABLE ledger (
    command BLOB NOT NULL UNIQUE,
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    answer TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX ledger_at ON ledger (at);

CREATE TABLE inbox (
    reactor TEXT NOT NULL,
    source TEXT NOT NULL,
    version INTEGER NOT NULL,
    event BLOB NOT NULL,
    PRIMARY KEY (reactor, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE claims (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    stream TEXT NOT NULL,
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE deadlines (
    stream TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX deadlines_at ON deadlines (at, stream);

CREATE TABLE views (
    view TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (view, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE positions (
    reader TEXT NOT NULL,
    partition TEXT NOT NULL,
    done INTEGER NOT NULL,
    PRIMARY KEY (reader, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE starts (
    reader TEXT PRIMARY KEY,
    starts INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE parked (
    reactor TEXT NOT NULL,
    source TEXT NOT NULL,
    version INTEGER NOT NULL,
    envelope TEXT NOT NULL,
    payload TEXT NOT NULL,
    error TEXT NOT NULL,
    redrive INTEGER NOT NULL,
    PRIMARY KEY (reactor, source, version)
) STRICT;
