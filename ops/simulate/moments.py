"""Moments of a simulation in words, and the other way round."""

from __future__ import annotations

import re

from ops.errors import AscentError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_FORM = re.compile(r"(?:(\d{1,9})([smhd])|(\d{1,4}):([0-5]\d)(?::([0-5]\d))?)")
_DAY, _HOUR, _MINUTE = 86_400, 3600, 60


def second_of(text: str, option: str, seconds: int) -> int:
    """A moment as it is written on the command line: `90m`, `6h`, `2d`, `16:00`, all counted from the start.

    Raises:
        AscentError: for another form, or a moment that is not within so many seconds.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise AscentError(f"{option}: given {text!r}; write a time from the start, such as 90m, 6h, 2d or 16:00")
    number, unit, hours, minutes, rest = found.groups()
    at = int(number) * _UNITS[unit] if number else int(hours) * _HOUR + int(minutes) * _MINUTE + int(rest or 0)
    if at >= seconds:
        raise AscentError(f"{option}: given {text!r}; the traffic ends after {span(seconds)}, so give an earlier time")
    return at


def moment(second: int) -> str:
    """A second as a time from the start: `16:00:00`, or with the day before it."""
    days, rest = divmod(second, _DAY)
    clock = f"{rest // _HOUR:02}:{rest % _HOUR // _MINUTE:02}:{rest % _MINUTE:02}"
    return f"day {days + 1}, {clock}" if days else clock


def span(seconds: float) -> str:
    """How long something is, in the two largest units: `1 h 30 min`."""
    whole = round(seconds)
    parts = (
        (whole // _DAY, "d"),
        (whole % _DAY // _HOUR, "h"),
        (whole % _HOUR // _MINUTE, "min"),
        (whole % _MINUTE, "s"),
    )
    said = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(said[:2]) or "0 s"
