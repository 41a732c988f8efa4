"""Monthly partitions, kept ahead of the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from psycopg import sql

from database import catalog, conversion
from database.action import Action, qualified
from database.catalog import Bounds, Table
from database.config import Partition
from database.connection import one
from database.defaults import holds, in_default
from database.errors import BlockedError, RunError
from database.monthly import create, name_of, pattern
from database.months import Month, ahead
from database.step import Context, checksum


@dataclass(frozen=True, slots=True)
class PartitionStep:
    """A table of monthly partitions."""

    partition: Partition

    @property
    def id(self) -> str:
        """Its name in the ledger."""
        return f"partitions:{self.partition.table}"

    @property
    def checksum(self) -> str:
        """Of what cannot be changed later: more or fewer months ahead is no new definition."""
        return checksum([self.partition.table, self.partition.column])

    def abandon(self, context: Context) -> list[Action]:  # noqa: ARG002 (a month is made as a whole or not at all)
        """Nothing."""
        return []

    def pending(self, context: Context) -> list[Action]:
        """Make the months that are missing. A plain table is never converted on the way."""
        table = catalog.existing(context.conn, context.config.schema_, self.partition.table)
        if not table.partitioned:
            return conversion.postponed(context, self.partition, table)
        return months_ahead(context, self.partition, table)


@dataclass(frozen=True, slots=True)
class ConversionStep:
    """A plain table that becomes one of monthly partitions, because a person asked for it."""

    partition: Partition

    @property
    def id(self) -> str:
        """Its name in reports."""
        return f"convert:{self.partition.table}"

    @property
    def checksum(self) -> str:
        """Of its definition."""
        return PartitionStep(self.partition).checksum

    def abandon(self, context: Context) -> list[Action]:
        """The CHECK goes: from its date on it would refuse writes."""
        return conversion.abandon(context, self.partition)

    def pending(self, context: Context) -> list[Action]:
        """Everything up to the switch, and the statistics after it."""
        table = catalog.existing(context.conn, context.config.schema_, self.partition.table)
        if table.partitioned:
            return months_ahead(context, self.partition, table)
        return [*conversion.pending(context, self.partition, table), analyze(table)]


def months_ahead(context: Context, partition: Partition, table: Table) -> list[Action]:
    """One action for each month that no partition covers, and statistics of the whole where there are none.

    Months whose rows lie in the default partition are written to the context's `failed`, and the others are made.

    Raises:
        BlockedError: if a month is covered in part, or the name of its partition is taken.
        RunError: if the table is partitioned by something else.
    """
    months, held = lacking(context, partition, table)
    if held:
        context.failed[PartitionStep(partition).id] = in_default(context, partition, table, held)
    actions = [_make(context, table, month) for month in months]
    if actions or not _analyzed(context, table):
        actions.append(analyze(table))
    return actions


def lacking(context: Context, partition: Partition, table: Table) -> tuple[list[Month], list[Month]]:
    """The months that no partition covers: those that can be made, and those whose rows lie in the default partition.

    Raises:
        BlockedError: if a month is covered in part.
        RunError: if the table is partitioned by something else.
    """
    _check_key(context, partition, table)
    there = catalog.partitions(context.conn, table.oid)
    missing = [month for month in ahead(context.today, partition.months_ahead) if not _covered(table, month, there)]
    held = [month for month in missing if holds(context, partition, table, month)]
    return [month for month in missing if month not in held], held


def _make(context: Context, table: Table, month: Month) -> Action:
    why = f"partition of {table.name} for {month.suffix.replace('_', '-')}"
    name = name_of(table.name, month)
    if catalog.table(context.conn, table.schema, name):
        raise BlockedError(
            f"{why}: {table.schema}.{name} exists, but is no partition of it. Attach, rename or drop it."
        )
    statements = create(context.conn, table, month, pattern(context.conn, table))
    return Action(tuple(statements), why, table=(table.schema, table.name))


def analyze(table: Table) -> Action:
    """Autovacuum never looks at a partitioned table as a whole, and the planner needs its statistics."""
    statement = sql.SQL("ANALYZE {}").format(qualified(table.schema, table.name))
    return Action((statement,), f"statistics of {table.name} as a whole", "validate")


def _analyzed(context: Context, table: Table) -> bool:
    # PostgreSQL 14 and newer: -1 is "never analyzed", also for partitioned tables (its manual, 53.11 pg_class).
    row = one(context.conn, "SELECT reltuples <> -1 AS known FROM pg_class WHERE oid = %s", (table.oid,))
    return bool(row["known"])


def _covered(table: Table, month: Month, there: list[Bounds]) -> bool:
    for part in there:
        if part.default or part.pending:
            continue
        start, end = part.start or date.min, part.end or date.max
        if start <= month.start and month.end <= end:
            return True
        if start < month.end and month.start < end:
            raise BlockedError(
                f"partition {part.name} of {table.name} covers only a part of {month.start:%Y-%m}:"
                " partitions have to be whole months. Detach it, or make the rest by hand."
            )
    return False


def _check_key(context: Context, partition: Partition, table: Table) -> None:
    row = context.conn.execute("SELECT pg_get_partkeydef(%s::oid) AS key", (table.oid,)).fetchone()
    key = row["key"] if row else None
    wanted = f"RANGE ({sql.Identifier(partition.column).as_string(context.conn)})"
    if key not in (wanted, f"RANGE ({partition.column})"):
        raise RunError(
            f"table {table.name} is partitioned by {key}, and the config says by range of {partition.column}:"
            " correct the config."
        )
