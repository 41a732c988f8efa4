"""The one look of tables that commands print."""

from __future__ import annotations

from rich.table import Table


def plain_table(*columns: tuple[str, bool]) -> Table:
    """A table without lines. Its headings are bold, and left out where all of them are empty.

    columns: a heading and whether numbers are below it, which are aligned on the right. Columns that want something
        else are added to the table that this gives without any.
    """
    headed = not columns or any(heading for heading, _ in columns)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_header=headed)
    for heading, is_number in columns:
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    return table
