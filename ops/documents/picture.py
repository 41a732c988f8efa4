"""A picture in docs/pictures/ that a function draws. `make docs` writes it anew."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ops.stackfile import ROOT

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG file, and the function that draws it with ops.plots.

    file: its path from the repository's root.
    """

    file: str
    draw: Callable[[], Figure]

    @property
    def path(self) -> Path:
        """Where it is."""
        return ROOT / self.file

    def fresh(self, *, renders: bool) -> str:
        """Its text, drawn anew if `renders` is true, and as it is otherwise."""
        if not renders:
            return self.path.read_text() if self.path.exists() else ""
        from ops.plots import save

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "picture.svg"
            save(self.draw(), path)
            # Git and editors would take the spaces that matplotlib leaves at the ends of lines for mistakes.
            return "".join(line.rstrip() + "\n" for line in path.read_text().splitlines())
