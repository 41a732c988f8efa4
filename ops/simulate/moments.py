"""Moments of a simulation in words, and the other way round."""

from __future__ import annotations

import re

from ops.errors import AscentError
from ops.simulate.traffic import DAY, HOUR, MINUTE

_UNITS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY}
_FORM = re.compile(r"(?:(\d{1,9})([smhd])|(\d{1,4}):([0-5]\d)(?::([0-5]\d))?)")


def second_of(text: str, option: str, seconds: int) -> int:
    """A moment as it is written on the command line: `90m`, `6h`, `2d`, `16:00`, all counted from the start.

    Raises:
        AscentError: for another form, or a moment that is not within so many seconds.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise AscentError(f"{option}: given {text!r}; write a time from the start, such as 90m, 6h, 2d or 16:00")
    number, unit, hours, minutes, rest = found.groups()
    at = int(number) * _UNITS[unit] if number else int(hours) * HOUR + int(minutes) * MINUTE + int(rest or 0)
    if at >= seconds:
        raise AscentError(f"{option}: given {text!r}; the traffic ends after {span(seconds)}, so give an earlier time")
    return at


def moment(second: int) -> str:
    """A second as a time from the start: `16:00:00`, or with the day before it."""
    days, rest = divmod(second, DAY)
    clock = f"{rest // HOUR:02}:{rest % HOUR // MINUTE:02}:{rest % MINUTE:02}"
    return f"day {days + 1}, {clock}" if days else clock


def span(seconds: float) -> str:
    """How long something is, in the two largest units: `1 h 30 min`."""
    whole = round(seconds)
    parts = (
        (whole // DAY, "d"),
        (whole % DAY // HOUR, "h"),
        (whole % HOUR // MINUTE, "min"),
        (whole % MINUTE, "s"),
    )
    said = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(said[:2]) or "0 s"
