"""The statements that `ascent advise` offers run on a real server, in a database with the runbooks' tables."""

from __future__ import annotations

import pytest

from ops.advise.remedy_table import FIXED, How
from tests.database.support import Database

STATEMENTS = sorted({one.run for one in FIXED if one.how is How.SQL})
# What pg_stat_statements has since PostgreSQL 13 (PostgreSQL documentation, The pg_stat_statements View): the runbook's
# own statement was for an older one. The extension has to be loaded when a server starts, so this stands in for it.
VIEW = "CREATE TABLE pg_stat_statements (calls bigint, mean_exec_time float8, max_exec_time float8, query text)"


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_runs(example: Database, statement: str) -> None:
    example.run(VIEW)
    if "user_statistics_cache" in statement:
        example.run("CREATE MATERIALIZED VIEW user_statistics_cache AS SELECT 1 AS user_id")
        # PostgreSQL documentation, REFRESH MATERIALIZED VIEW: without a unique index there is no CONCURRENTLY.
        example.run("CREATE UNIQUE INDEX ON user_statistics_cache (user_id)")
    example.run(statement)
