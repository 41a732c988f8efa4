"""The statements that `ascent advise` offers run on a real server, in a database with the runbooks' tables."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from ops.advise.remedy_table import FIXED, How
from tests.database.support import EXAMPLE, Database, until

STATEMENTS = sorted({one.run for one in FIXED if one.how is How.SQL})
# What pg_stat_statements has since PostgreSQL 13 (PostgreSQL documentation, The pg_stat_statements View): the runbook's
# own statement was for an older one. The extension has to be loaded when a server starts, so this stands in for it.
VIEW = "CREATE TABLE pg_stat_statements (calls bigint, mean_exec_time float8, max_exec_time float8, query text)"


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_runs(example: Database, statement: str) -> None:
    if "EXTENSION" in statement:
        statement = statement.replace("pg_stat_statements", "plpgsql")  # one that this server has
    else:
        example.run(VIEW)
    if "user_statistics_cache" in statement:
        example.run("CREATE MATERIALIZED VIEW user_statistics_cache AS SELECT 1 AS user_id")
        # PostgreSQL documentation, REFRESH MATERIALIZED VIEW: without a unique index there is no CONCURRENTLY.
        example.run("CREATE UNIQUE INDEX ON user_statistics_cache (user_id)")
    example.run(statement)


JOBS = sorted({one.run for one in FIXED if one.run.startswith("python -m database ")})


@pytest.mark.parametrize("line", JOBS)
def test_a_job_is_one_that_the_command_takes(example: Database, line: str) -> None:
    assert "--config database.yaml" in line
    words = [str(EXAMPLE) if word == "database.yaml" else word for word in shlex.split(line)[3:]]
    done = example.command(*words, "--dry-run")
    assert done.code == 0, done.err


ENDS = next(run for run in STATEMENTS if "pg_terminate_backend" in run)
RUNNING = "SELECT usename FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND usename IS NOT NULL ORDER BY 1"


@pytest.fixture
def roles(database: Database) -> Iterator[None]:
    """As Aurora has them: rdsadmin is a superuser, and the master has what rds_superuser has (Aurora's user guide)."""
    database.run("CREATE ROLE rdsadmin SUPERUSER LOGIN; CREATE ROLE client LOGIN; CREATE ROLE master LOGIN")
    database.run("GRANT pg_monitor, pg_signal_backend TO master")
    yield
    database.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rdsadmin'")
    database.run("DROP ROLE rdsadmin, client, master")


def session(database: Database, **options: str) -> psycopg.pq.abc.PGconn:
    return psycopg.pq.PGconn.connect(psycopg.conninfo.make_conninfo(database.uri, **options).encode())


def test_long_statements_are_ended_beside_what_the_master_may_not_end(database: Database, roles: None) -> None:
    """A replication, and in real life autovacuum, is active for hours; ending it is refused, and so is all the rest."""
    del roles
    with ExitStack() as stack:
        for user in ("client", "rdsadmin"):
            held = session(database, user=user)
            stack.callback(held.finish)
            held.send_query(b"SELECT pg_sleep(60)")
        copy = session(database, replication="true")
        stack.callback(copy.finish)
        copy.send_query(f"START_REPLICATION PHYSICAL {database.value('SELECT pg_current_wal_flush_lsn()')}".encode())
        senders = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender' AND state = 'active'"
        until(lambda: database.value(senders) == 1 and len(database.rows(RUNNING)) == 2)
        with psycopg.connect(database.uri, user="master", autocommit=True) as master:
            ended = master.execute(ENDS.replace("5 minutes", "0 minutes").encode()).fetchall()
        assert ended == [(True,)]
        until(lambda: database.rows(RUNNING) == [("rdsadmin",)])
        assert database.value(senders) == 1
