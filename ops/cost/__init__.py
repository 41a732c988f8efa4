"""What a stack costs a month, as a range. `estimate(plan, settings)` is the door; `ascent cost` is its command."""

from __future__ import annotations

from ops.cost.estimate import Estimate, Row, Unpriced, estimate
from ops.cost.span import Span

__all__ = ["Estimate", "Row", "Span", "Unpriced", "estimate"]
