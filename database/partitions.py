"""Monthly partitions, kept ahead of the clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from psycopg import sql

from database import catalog, conversion
from database.action import Action, qualified
from database.catalog import Bounds, Table
from database.config import Partition
from database.errors import RunError
from database.monthly import create, name_of
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

    def abandon(self, context: Context) -> list[Action]:
        """A conversion's CHECK goes: from its date on it would refuse writes."""
        return conversion.abandon(context, self.partition)

    def pending(self, context: Context) -> list[Action]:
        """Convert the table if it is a plain one, then make the months that are missing."""
        table = catalog.existing(context.conn, context.config.schema_, self.partition.table)
        if not table.partitioned:
            return conversion.pending(context, self.partition, table)
        return months_ahead(context, self.partition, table)


def months_ahead(context: Context, partition: Partition, table: Table) -> list[Action]:
    """One action for each month that no partition covers.

    Raises:
        RunError: if the table is partitioned by something else, or a month is covered in part.
    """
    _check_key(context, partition, table)
    there = catalog.partitions(context.conn, table.oid)
    actions = [
        Action(
            tuple(create(table, month)),
            f"partition of {table.name} for {month.suffix.replace('_', '-')}",
            table=(table.schema, table.name),
        )
        for month in ahead(context.today, partition.months_ahead)
        if not _covered(table, month, there)
    ]
    for action, month in zip(actions, _missing(context, partition, table, there), strict=True):
        name = name_of(table.name, month)
        if catalog.table(context.conn, table.schema, name):
            raise RunError(
                f"{action.why}: {table.schema}.{name} exists, but is no partition of it. Attach, rename or drop it."
            )
    if actions:
        # Autovacuum never looks at a partitioned table as a whole, and the planner needs its statistics.
        analyze = sql.SQL("ANALYZE {}").format(qualified(table.schema, table.name))
        actions.append(Action((analyze,), f"statistics of {table.name} as a whole", "validate"))
    return actions


def _missing(context: Context, partition: Partition, table: Table, there: list[Bounds]) -> Iterator[Month]:
    return (month for month in ahead(context.today, partition.months_ahead) if not _covered(table, month, there))


def _covered(table: Table, month: Month, there: list[Bounds]) -> bool:
    for one in there:
        if one.default or one.pending:
            continue
        start, end = one.start or date.min, one.end or date.max
        if start <= month.start and month.end <= end:
            return True
        if start < month.end and month.start < end:
            raise RunError(
                f"partition {one.name} of {table.name} covers only a part of {month.start:%Y-%m}:"
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
