"""A document with generated parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ops.stackfile import ROOT

Parts = Mapping[str, Callable[[], str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A file with generated parts, each between `<!-- generated: NAME -->` and `<!-- end -->`.

    file: its path from the repository's root.
    tables: functions that make the tables from code, by name; those of all documents together take seconds.
    renders: functions that need renders of whole stacks, by name; one may take a minute.
    """

    file: str
    tables: Parts = field(default_factory=dict)
    renders: Parts = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Where it is."""
        return ROOT / self.file

    def fresh(self, *, renders: bool) -> str:
        """Its text with the tables up to date, and if `renders` is true all other generated parts as well.

        Raises:
            ValueError: when the text does not have exactly one place for a part.
        """
        parts = {**self.tables, **(self.renders if renders else {})}
        return generated(self.path.read_text(), parts, self.file)


def generated(text: str, parts: Parts, file: str) -> str:
    """`text` of `file` with these generated parts brought up to date.

    Raises:
        ValueError: when the text does not have exactly one place for a part.
    """
    for name, make in parts.items():
        start, end = f"<!-- generated: {name} -->\n", "<!-- end -->"
        pattern = f"{re.escape(start)}.*?{end}"
        found = len(re.findall(pattern, text, flags=re.DOTALL))
        if found != 1:
            raise ValueError(f"{file} should have one place for the generated part {name!r}, and has {found}")
        fresh = f"{start}{make()}\n{end}"
        text = re.sub(pattern, fresh.replace("\\", r"\\"), text, flags=re.DOTALL)
    return text


def table(heads: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    head, *lines = (f"| {' | '.join(map(str, row))} |" for row in [heads, *rows])
    return "\n".join([head, f"|{'---|' * len(heads)}", *lines])
