"""Requests a second over time, second by second: read from a CSV file."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ops.errors import AscentError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MINUTE, HOUR, DAY = 60, 3600, 86_400  # seconds
MOST_SECONDS = 92 * DAY  # a quarter; each second takes some 50 bytes of memory
MOST_RATE = 1e7
TIME, RATE = "time", "requests_per_second"
_MOST = f"a quarter of a year at most, {MOST_SECONDS} seconds"


@dataclass(frozen=True, slots=True)
class TrafficCurve:
    """A load.

    name: of the file or of the shape.
    rates: requests in each second, from the first on; whole minutes of them.
    """

    name: str
    rates: NDArray[np.float64]

    @property
    def seconds(self) -> int:
        """How long it is."""
        return len(self.rates)


def read(path: Path) -> TrafficCurve:
    """A load from a CSV file: `time,requests_per_second`, one row for each change.

    A rate holds until the next row. Times are seconds, or dates with times (ISO 8601; UTC where they name no zone),
    and grow from row to row. The last row holds as long as the one before it did; the whole is rounded up to minutes.

    Raises:
        AscentError: with file, row and column, what was given and what is allowed.
    """
    import numpy as np

    starts, rates = _rows(path)
    starts.append(starts[-1] + (max(starts[-1] - starts[-2], 1) if len(starts) > 1 else MINUTE))
    if starts[-1] > MOST_SECONDS:
        raise AscentError(
            f"{path.name}: {starts[-1]} seconds, as the last row holds as long as the one before it; a simulation "
            f"takes {_MOST}"
        )
    ends = np.array(starts, dtype=np.int64)
    lengths = ends[1:] - ends[:-1]
    lengths[-1] += -starts[-1] % MINUTE
    return TrafficCurve(path.name, np.repeat(np.array(rates, dtype=np.float64), lengths))


def _rows(path: Path) -> tuple[array[int], array[float]]:
    """Of each row, how many seconds after the first it begins, and its rate. A file of a row for each second is long:
    no more of it is kept."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _parsed(path, csv.reader(file))
    except OSError as error:
        raise AscentError(f"{path}: cannot be read: {error.strerror}; give a CSV file, or --shape") from None
    except (UnicodeDecodeError, csv.Error):
        raise AscentError(f"{path.name}: is no CSV in UTF-8; give a table with the columns {TIME},{RATE}") from None


def _parsed(path: Path, lines: Iterator[list[str]]) -> tuple[array[int], array[float]]:
    head = next(lines, [])
    if [one.strip() for one in head] != [TIME, RATE]:
        given = ",".join(head)
        raise AscentError(f"{path.name}: row 1: given {given[:80]!r}; the columns are {TIME},{RATE}")
    begin = 0.0
    starts, rates = array("q"), array("d")
    for number, line in enumerate(lines, start=2):
        if not line:
            continue
        if len(line) != len((TIME, RATE)):
            raise AscentError(f"{path.name}: row {number}: given {len(line)} columns; a row has two, {TIME},{RATE}")
        text = line[0].strip()
        moment = _moment(path, number, text)
        begin = begin if starts else moment
        if moment - begin > MOST_SECONDS:
            raise AscentError(
                f"{path.name}: row {number}, column {TIME}: given {text!r}, too long after the first row; a simulation "
                f"takes {_MOST}"
            )
        if starts and (moment < begin or round(moment - begin) <= starts[-1]):
            raise AscentError(
                f"{path.name}: row {number}, column {TIME}: given {text!r}; it should be at least a second later than "
                "the row before"
            )
        starts.append(round(moment - begin))
        rates.append(_rate(path, number, line[1].strip()))
    if not starts:
        raise AscentError(f"{path.name}: has no rows below its columns; give at least one")
    return starts, rates


def _moment(path: Path, number: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        try:
            date = datetime.fromisoformat(text)
            # Without a zone it is not the time of whoever runs this: the same file would be another load elsewhere.
            return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
        except ValueError:
            value = math.nan
    if not math.isfinite(value):
        raise AscentError(
            f"{path.name}: row {number}, column {TIME}: given {text!r}; it should be seconds, such as 60, or a date "
            "with a time, such as 2026-11-27T09:00:00Z"
        )
    return value


def _rate(path: Path, number: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= MOST_RATE:
        raise AscentError(
            f"{path.name}: row {number}, column {RATE}: given {text!r}; it should be a number from 0 to {MOST_RATE:.0f}"
        )
    return value
