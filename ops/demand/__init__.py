"""A load that a stack is to carry, as `--load` gives it. `ascent capacity` and `ascent cost` answer for one."""

from __future__ import annotations

from ops.demand.model import FIELDS, Demand, derived
from ops.demand.reading import DemandError, demand_of

__all__ = ["FIELDS", "Demand", "DemandError", "demand_of", "derived"]
