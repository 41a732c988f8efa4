"""What changes with any byte of a chart.

The provider compares a release's inputs, and of a local chart its path alone: an edited template would deploy nothing
(pulumi-kubernetes issue 2672).
"""

from __future__ import annotations

import hashlib

from charts.values import CHARTS

_LENGTH = 12


def digest(chart: str) -> str:
    """A short digest of a chart's files, their names and their contents."""
    found = hashlib.sha256()
    root = CHARTS / chart
    for path in sorted(one for one in root.rglob("*") if one.is_file()):
        content = path.read_bytes()
        found.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode() + content)
    return found.hexdigest()[:_LENGTH]
