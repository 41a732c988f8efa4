"""Loads that are made rather than measured: a day, a launch, and a day in which a region is lost."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING

from infra.thresholds import QUIET_SHARE, REQUESTS_PER_USER
from ops.simulate.traffic import DAY, HOUR, MINUTE, TrafficCurve

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_QUIETEST = 4  # o'clock, as in the month of ops/documents/month.py
_LAUNCH_AT = HOUR  # an hour of the quietest load comes before, so that everything is at rest
_LAUNCH_RAMP = 300  # Ascent: five minutes from a link that is shared to all who follow it
_LAUNCH_LASTS = 4 * HOUR
_LAUNCH_FADES = 3 * HOUR  # after the launch: until half of them are gone
_SEED = 7
_NOISE = 0.03  # of the rate, at random each minute: no curve of real users is smooth


def _daily(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    quiet = QUIET_SHARE.value / 100
    turn = math.tau * (seconds / HOUR - _QUIETEST) / (DAY / HOUR)
    return quiet + (1 - quiet) * (1 - np.cos(turn)) / 2


def _launch(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    quiet, over = QUIET_SHARE.value / 100, _LAUNCH_AT + _LAUNCH_LASTS
    up = np.clip((seconds - _LAUNCH_AT) / _LAUNCH_RAMP, 0, 1)
    fades = np.where(seconds > over, 0.5 ** ((seconds - over) / _LAUNCH_FADES), 1)
    return quiet + (1 - quiet) * up * fades


SHAPES: MappingProxyType[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = MappingProxyType(
    {"daily": _daily, "launch": _launch, "region-loss": _daily, "zone-loss": _daily}
)
# When a shape loses something, seconds from its start: at the busiest time of the first day.
BUSIEST = (_QUIETEST + 12) * HOUR


def made(shape: str, users: int, days: int = 1) -> TrafficCurve:
    """The load of `users` concurrent users at the busiest, in a shape of the table.

    Each makes the requests a minute that the stage table counts with (REQUESTS_PER_USER). Some noise, the same in each
    run, lies over it.
    """
    import numpy as np

    seconds = np.arange(days * DAY, dtype=np.float64)
    busiest = users * REQUESTS_PER_USER.value / MINUTE
    noise = np.random.default_rng(_SEED).uniform(1 - _NOISE, 1, len(seconds) // MINUTE)
    rates = busiest * SHAPES[shape](seconds) * np.repeat(noise, MINUTE)
    return TrafficCurve(f"{shape} of {users} users", rates)
