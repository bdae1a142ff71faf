-- Format 1 of a context's log, in the first schema of the search path. Keys compare byte by byte, as in Rust.

CREATE TABLE meta (format bigint NOT NULL, context text NOT NULL);

-- One row, which every commit updates. The page has room for new versions of it, and old ones are vacuumed soon.
CREATE TABLE head (
    position bigint NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    epoch uuid NOT NULL,
    revision bigint NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE UNIQUE INDEX head_is_one_row ON head ((true));

CREATE TABLE events (
    position bigint PRIMARY KEY,
    stream text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    type_version bigint NOT NULL,
    -- The exact text, which jsonb would not keep.
    payload text COLLATE "C" NOT NULL,
    recorded_at bigint NOT NULL,
    correlation uuid NOT NULL,
    causation uuid NOT NULL,
    traceparent text COLLATE "C",
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    CONSTRAINT events_version_once UNIQUE (stream, version),
    CONSTRAINT events_id_once UNIQUE (event_id)
);
CREATE INDEX events_correlation ON events (correlation, position);

CREATE FUNCTION events_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are never changed, deleted or cut off';
END
$$;
-- Per statement and not per row: TRUNCATE has no rows, and appends cost nothing.
CREATE TRIGGER events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION events_stay();

CREATE TABLE counts (
    prefix text COLLATE "C" PRIMARY KEY,
    events bigint NOT NULL,
    last bigint NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE TABLE ledger (
    command uuid NOT NULL CONSTRAINT ledger_answered_once PRIMARY KEY,
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    answer text COLLATE "C" NOT NULL,
    at bigint NOT NULL
);
CREATE INDEX ledger_at ON ledger (at);

CREATE TABLE inbox (
    reactor text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    event uuid NOT NULL,
    PRIMARY KEY (reactor, source)
) WITH (fillfactor = 80);

CREATE TABLE claims (
    kind text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    stream text COLLATE "C" CONSTRAINT claims_held_by_one NOT NULL,
    PRIMARY KEY (kind, value)
);

CREATE TABLE deadlines (
    stream text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    at bigint NOT NULL
);
CREATE INDEX deadlines_at ON deadlines (at, stream);

CREATE TABLE views (
    view text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    PRIMARY KEY (view, key)
) WITH (fillfactor = 80);

CREATE TABLE positions (
    reader text COLLATE "C" NOT NULL,
    partition text COLLATE "C" NOT NULL,
    done bigint NOT NULL,
    PRIMARY KEY (reader, partition)
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE TABLE starts (
    reader text COLLATE "C" PRIMARY KEY,
    starts bigint NOT NULL
) WITH (fillfactor = 50);

-- A payload that could not be handled may hold any bytes.
CREATE TABLE parked (
    reactor text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    envelope text COLLATE "C" NOT NULL,
    payload bytea NOT NULL,
    error text COLLATE "C" NOT NULL,
    redrive boolean NOT NULL,
    PRIMARY KEY (reactor, source, version)
);

CREATE TABLE leases (
    name text COLLATE "C" PRIMARY KEY,
    holder text COLLATE "C" NOT NULL,
    until timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE about (
    key text COLLATE "C" PRIMARY KEY,
    value text COLLATE "C" NOT NULL
);
