"""Where commands write for people. Rich leaves out colors when NO_COLOR is set or nobody looks."""

from __future__ import annotations

from rich.console import Console

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False, soft_wrap=True)
