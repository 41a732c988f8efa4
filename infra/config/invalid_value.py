"""A value of a stack's file that breaks a rule, as data. `infra.config.problems` makes a message of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


class FromFile:
    """Stands for a value that the message quotes from the stack's file as it is written there."""


FROM_FILE: Final = FromFile()


@dataclass(frozen=True, kw_only=True, slots=True)
class InvalidValue:
    """A value that breaks a rule.

    key: where it is, below `ascent:`, parts joined by dots: `edge.sites.prod.app`.
    given: the value to quote; None where it is missing.
    reason: what it should be, and what to do.
    """

    key: str
    given: object = FROM_FILE
    reason: str
