"""The schedule of a CronJob: five fields, or a word such as @daily, as Kubernetes' parser takes it."""

from __future__ import annotations

import re

_WORDS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_DAYS = {name: number for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
# Of each field: its least and greatest value, and the names of its values.
_FIELDS: tuple[tuple[int, int, dict[str, int]], ...] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, _MONTHS),
    (0, 6, _DAYS),
)
_EVERY = re.compile(r"@every ((\d+(\.\d+)?|\.\d+)(ns|us|µs|ms|s|m|h))+")


class _BadFieldError(Exception):
    pass


def problem(schedule: str) -> str | None:
    """Why a schedule is none, or None where it is one."""
    if "TZ" in schedule:
        return "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
    if schedule.startswith("@every "):
        return None if _EVERY.fullmatch(schedule) else f"failed to parse duration {schedule}"
    if schedule.startswith("@"):
        return None if schedule in _WORDS else f"unrecognized descriptor: {schedule}"
    fields = schedule.split()
    if len(fields) != len(_FIELDS):
        return f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
    try:
        for text, (low, high, names) in zip(fields, _FIELDS, strict=True):
            for part in text.split(","):
                _range(part, low, high, names)
    except _BadFieldError as error:
        return str(error)
    return None


def _range(part: str, low: int, high: int, names: dict[str, int]) -> None:
    """Refuse what is no range: `*`, `5`, `1-5`, each with an optional `/step`.

    Raises:
        _BadFieldError: saying why.
    """
    span, *steps = part.split("/")
    first, *rest = span.split("-")
    if len(rest) > 1:
        raise _BadFieldError(f"too many hyphens: {part}")
    if len(steps) > 1:
        raise _BadFieldError(f"too many slashes: {part}")
    if first in ("*", "?"):
        start, end = low, high
    else:
        start = _number(first, names)
        end = _number(rest[0], names) if rest else high if steps else start
    step = _number(steps[0], {}) if steps else 1
    if start < low:
        raise _BadFieldError(f"beginning of range ({start}) below minimum ({low}): {part}")
    if end > high:
        raise _BadFieldError(f"end of range ({end}) above maximum ({high}): {part}")
    if start > end:
        raise _BadFieldError(f"beginning of range ({start}) beyond end of range ({end}): {part}")
    if step == 0:
        raise _BadFieldError(f"step of range should be a positive number: {part}")


def _number(text: str, names: dict[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if not re.fullmatch(r"\d+", text):
        raise _BadFieldError(f"failed to parse int from {text}")
    return int(text)
