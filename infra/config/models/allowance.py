"""`ascent:allow`: findings that `ascent guard` accepts for a limited time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from infra.config.strict import Strict
from infra.thresholds import ALLOWANCE_DAYS


def _day(value: object) -> object:
    """A day from its text. Without quotes in the file, the engine passes it as a time in Go's format."""
    try:
        return date.fromisoformat(value.removesuffix(" 00:00:00 +0000 UTC")) if isinstance(value, str) else value
    except ValueError:
        raise PydanticCustomError("day", "it should be a day such as 2026-01-31") from None


def today() -> date:
    """Today in UTC. The last day of an allowance is counted from it."""
    return datetime.now(UTC).date()


def _soon(until: date) -> date:
    last = today() + timedelta(days=ALLOWANCE_DAYS.value)
    if until > last:
        raise PydanticCustomError(
            "until",
            "it should be {last} or before, which is {days} days ahead",
            {"last": last.isoformat(), "days": ALLOWANCE_DAYS.value, "given": until.isoformat()},
        )
    return until


class Allowance(Strict):
    """A finding that `ascent guard` accepts, once and for a limited time. The program does not read it."""

    what: str = Field(
        pattern=r"^[a-z][a-z0-9-]{1,60}$", description="The finding, by its name in the guard's output: data-lost."
    )
    resource: str = Field(
        min_length=1,
        max_length=1000,
        description="The one resource that it is about: its URN, or the name at the end of the URN.",
    )
    until: Annotated[date, BeforeValidator(_day), AfterValidator(_soon)] = Field(
        description=f"Last day (UTC) it is allowed, {ALLOWANCE_DAYS.value} days ahead at most."
    )
    why: Annotated[str, StringConstraints(strip_whitespace=True)] = Field(
        min_length=10, max_length=300, description="Why this is right, for the reviewer."
    )
