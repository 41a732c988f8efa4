"""What a stack costs a month, as a range. Callers use `estimate(plan, settings)`; `ascent cost` is its command."""

from __future__ import annotations

from ops.cost.estimate import CostRow, Estimate, Unpriced, estimate
from ops.cost.span import CostSpan

__all__ = ["CostRow", "CostSpan", "Estimate", "Unpriced", "estimate"]
