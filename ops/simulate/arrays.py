"""Small things about arrays that the jumps of all autoscalers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Flags = NDArray[np.bool_]

PERCENT = 100
DIGITS = 6  # of a metric: sums of the same numbers in another order differ in the last ones
AHEAD, FURTHEST = 128, 8192  # moments that are looked at ahead: few after a change, more while nothing happens


def by(values: Array, step: int) -> tuple[Array, Array]:
    """Sums and peaks of each `step` seconds."""
    table = values.reshape(-1, step)
    return table.sum(axis=1), table.max(axis=1)


def runs(flags: Flags) -> NDArray[np.int64]:
    """For each place, how many in a row are true up to it."""
    places = np.arange(len(flags))
    broken = np.maximum.accumulate(np.where(flags, -1, places))
    return places - broken


def first(flags: Flags) -> int | None:
    """The first place that is true; None where none is."""
    place = int(flags.argmax()) if len(flags) else 0
    return place if len(flags) and flags[place] else None
