-- Rights of a process that does not own the tables, if the database has the role. It can only add events.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'chorale_app') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO chorale_app', current_schema());
        GRANT SELECT ON meta TO chorale_app;
        GRANT SELECT, UPDATE ON head TO chorale_app;
        GRANT SELECT, INSERT ON events, about TO chorale_app;
        GRANT SELECT, INSERT, UPDATE ON counts, positions, starts, inbox TO chorale_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ledger, claims, deadlines, views, parked, leases TO chorale_app;
    END IF;
END
$$;
