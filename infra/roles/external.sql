-- The same roles on an external database, run by its administrator: psql "$ADMIN_URL" -f infra/roles/external.sql
-- It may be run again. Passwords are set afterwards, with \password, so that they are in no file:
--   \password ascent_app_a
--   \password ascent_jobs
--   \password ascent_read
-- Then give ascent_app_a's URLs in ascent:externalDatabase, and ascent_jobs' to whatever changes tables.
-- A role that another user's session has to become, such as a hosted service's pooler, is that service's to say.

DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['ascent_owner', 'ascent_app', 'ascent_read', 'ascent_app_a', 'ascent_app_b', 'ascent_jobs'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role);
        END IF;
    END LOOP;
    EXECUTE format('GRANT ascent_owner TO %I', current_user);
    EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO ascent_owner', current_database());
END $$;

GRANT ascent_app TO ascent_app_a, ascent_app_b;
GRANT ascent_owner TO ascent_jobs;
GRANT USAGE, CREATE ON SCHEMA public TO ascent_owner;
GRANT USAGE ON SCHEMA public TO ascent_app, ascent_read;

-- Before the tables are handed over, so that nobody is without rights meanwhile.
GRANT ALL ON ALL TABLES IN SCHEMA public TO ascent_owner;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ascent_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ascent_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO ascent_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO ascent_read;

ALTER DEFAULT PRIVILEGES FOR ROLE ascent_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ascent_app;
ALTER DEFAULT PRIVILEGES FOR ROLE ascent_owner GRANT USAGE, SELECT ON SEQUENCES TO ascent_app;
ALTER DEFAULT PRIVILEGES FOR ROLE ascent_owner GRANT SELECT ON TABLES TO ascent_read;

-- One at a time, each giving way to what uses it; what was in use is told, and is done by the next run.
SET lock_timeout = '2s';
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT c.oid::regclass AS name, c.relkind FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND pg_get_userbyid(c.relowner) = current_user
        AND c.relkind IN ('r', 'p', 'v', 'm')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    LOOP
        BEGIN
            EXECUTE format(
                'ALTER %s %s OWNER TO ascent_owner',
                CASE one.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, one.name
            );
        EXCEPTION WHEN lock_not_available THEN
            RAISE WARNING '% is in use and did not get its owner; run this again', one.name;
        END;
    END LOOP;
END $$;
RESET lock_timeout;

ALTER ROLE ascent_app_a LOGIN;
ALTER ROLE ascent_app_a SET statement_timeout = '60s';
ALTER ROLE ascent_app_b SET statement_timeout = '60s';
ALTER ROLE ascent_jobs LOGIN;
ALTER ROLE ascent_jobs SET role = 'ascent_owner';
ALTER ROLE ascent_read LOGIN;
ALTER ROLE ascent_read SET default_transaction_read_only = 'on';
ALTER ROLE ascent_read SET statement_timeout = '300s';
