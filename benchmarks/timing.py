"""Measuring, and the results."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console


@dataclass(frozen=True, slots=True)
class Ratio:
    """Something measured against its floor, both in seconds and in the same run."""

    name: str
    floor_name: str
    seconds: float
    floor: float

    @property
    def ratio(self) -> float:
        """Its time divided by that of its floor."""
        return self.seconds / self.floor

    def as_dict(self) -> dict[str, str | float]:
        """Plain data."""
        return {
            "name": self.name,
            "floor": self.floor_name,
            "seconds": round(self.seconds, 3),
            "floorSeconds": round(self.floor, 3),
            "ratio": round(self.ratio, 2),
        }


def against(name: str, run: Callable[[], object], floor_name: str, floor: Callable[[], object], times: int) -> Ratio:
    """Measure both in turn, so that other load of the machine affects both, and take the best of `times`."""
    pairs = [(_seconds(run), _seconds(floor)) for _ in range(times)]
    return Ratio(name, floor_name, min(one for one, _ in pairs), min(other for _, other in pairs))


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


@contextmanager
def progress(text: str) -> Iterator[None]:
    """Say on standard error what is being measured."""
    with Console(stderr=True).status(text):
        yield
