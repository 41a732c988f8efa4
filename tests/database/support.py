"""What the tests of the SQL share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import yaml
from typer.testing import CliRunner

from database.cli import app
from database.environment import MAX_CONNECTIONS, OWNER
from database.schedules import JOB_VARIABLE

ROOT = Path(__file__).parents[2]
SCHEMA = Path(__file__).with_name("schema.sql")
EXAMPLE = ROOT / "database" / "example.yaml"

# What a run may change: every relation, column, index, constraint, trigger, partition, setting and extension.
_CATALOG = """
    SELECT 'relation', n.nspname, c.relname, c.oid::text, c.relfilenode::text, c.relkind::text,
    pg_get_expr(c.relpartbound, c.oid), obj_description(c.oid, 'pg_class')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    UNION ALL SELECT 'index', '', x.indexrelid::regclass::text, pg_get_indexdef(x.indexrelid), x.indisvalid::text,
    '', '', '' FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid WHERE c.oid >= 16384
    UNION ALL SELECT 'constraint', '', conname, conrelid::regclass::text, pg_get_constraintdef(oid),
    convalidated::text, '', '' FROM pg_constraint WHERE oid >= 16384
    UNION ALL SELECT 'column', '', attname, attrelid::regclass::text, format_type(atttypid, atttypmod),
    attnotnull::text, '', '' FROM pg_attribute WHERE attrelid >= 16384 AND attnum > 0
    UNION ALL SELECT 'setting', '', setconfig::text, setrole::text, '', '', '', '' FROM pg_db_role_setting
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT 'extension', '', extname, '', '', '', '', '' FROM pg_extension
    ORDER BY 1, 2, 3, 4, 5
    """


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Its report."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass(frozen=True, slots=True)
class Database:
    """A database of a test. variables: what runs on it find in their environment, beside its address."""

    uri: str
    variables: Mapping[str, str] = field(default_factory=dict)

    def connect(self, *, autocommit: bool = True) -> psycopg.Connection[tuple[Any, ...]]:
        """A session."""
        return psycopg.connect(self.uri, autocommit=autocommit)

    def run(self, statements: str) -> None:
        """Run SQL, several statements if need be."""
        with self.connect() as conn:
            conn.execute(statements.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """A query's rows."""
        with self.connect() as conn:
            return conn.execute(query.encode()).fetchall()

    def value(self, query: str) -> Any:
        """A query's only value."""
        return self.rows(query)[0][0]

    def snapshot(self) -> list[tuple[Any, ...]]:
        """The catalog, to compare."""
        return self.rows(_CATALOG)

    def invalid(self) -> list[str]:
        """Indexes that are not valid."""
        return [name for (name,) in self.rows("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")]

    def start(self, *arguments: str, job: str | None = None) -> subprocess.Popen[str]:
        """Start the command, as the scheduled `job` where one is given."""
        return subprocess.Popen(
            [sys.executable, "-m", "database", *arguments],
            cwd=ROOT,
            env={**os.environ, **self._environment(job)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def command(self, *arguments: str, job: str | None = None) -> Result:
        """Run the command to its end, as the scheduled `job` where one is given."""
        # In this process, which saves the time that importing everything anew takes.
        found = CliRunner().invoke(app, list(arguments), env=self._environment(job), catch_exceptions=False)
        return Result(found.exit_code, found.stdout, found.stderr)

    def _environment(self, job: str | None) -> dict[str, str]:
        unset = {OWNER: "", MAX_CONNECTIONS: ""}
        return {"DATABASE_URL": self.uri, "COLUMNS": "200", JOB_VARIABLE: job or "", **unset, **self.variables}


def written(directory: Path, **config: Any) -> Path:
    """A config file."""
    path = directory / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
