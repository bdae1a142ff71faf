-- Rights of a process that does not own the tables, if the database has the role: it cannot delete rows, and can
-- change only keys of subjects.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'chorale_app') THEN
        GRANT USAGE ON SCHEMA vault TO chorale_app;
        GRANT SELECT ON vault.schema_version, vault.retired_wrapping_keys TO chorale_app;
        GRANT SELECT, INSERT ON vault.wrapping_keys, vault.system_keys TO chorale_app;
        GRANT SELECT, INSERT, UPDATE ON vault.subject_keys TO chorale_app;
    END IF;
END
$$;
