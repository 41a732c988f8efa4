"""Whether an account has what a stack needs of each quota."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ops.quotas.account import QuotaAnswer
from ops.quotas.model import GLOBAL_REGION, Quota, Scope
from ops.quotas.stacks import QuotaNeed
from ops.quotas.table import QUOTAS


class QuotaVerdict(StrEnum):
    """The answer for one quota, the worst first."""

    FAIL = "fail"
    WARN = "warn"
    UNKNOWN = "unknown"
    OK = "ok"


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotaRow:
    """A quota in a region, and what to do about it.

    needed: how much the stack needs, None where that is not known.
    given: how much the account has, None where AWS did not say.
    used: how much it uses, None where that is not known, or where only this stack can use it.
    why: the verdict as text, if it is not `ok`.
    adjustable: whether AWS raises it.
    """

    quota: Quota
    region: str | None
    needed: float | None
    given: float | None
    used: float | None
    verdict: QuotaVerdict
    why: str = ""
    adjustable: bool = True

    @property
    def ask(self) -> int | None:
        """The value to request; None where that is not needed, or AWS does not raise the quota."""
        if self.verdict not in (QuotaVerdict.FAIL, QuotaVerdict.WARN) or not self.adjustable or self.needed is None:
            return None
        return math.ceil(self.needed + (self.used or 0))

    @property
    def raised(self) -> Quota:
        """The quota to raise: itself, or the one that it depends on."""
        return next(one for one in QUOTAS if one.code == (self.quota.raised_by or self.quota.code))

    @property
    def place(self) -> str:
        """Region in which Service Quotas is asked."""
        return self.region or GLOBAL_REGION

    @property
    def command(self) -> str | None:
        """The shell command that raises it."""
        if self.ask is None:
            return None
        return " ".join(
            [
                "aws service-quotas request-service-quota-increase",
                f"--service-code {self.raised.service} --quota-code {self.raised.code}",
                f"--desired-value {self.ask} --region {self.place}",
            ]
        )

    @property
    def share(self) -> float:
        """The need as a share of the quota."""
        limit = self.quota.default if self.given is None else self.given
        return (self.needed or 0) / limit if limit else math.inf

    def as_dict(self) -> dict[str, Any]:
        """As `ascent doctor --json` prints it."""
        return {
            "verdict": str(self.verdict),
            "service": self.quota.service,
            "code": self.quota.code,
            "name": self.quota.name,
            "unit": self.quota.unit,
            "region": self.region,
            "need": self.needed,
            "default": self.quota.default,
            "quota": self.given,
            "used": self.used,
            "why": self.why,
            "raise": {"to": self.ask, "command": self.command} if self.ask is not None else None,
        }


def judged(need: QuotaNeed, answer: QuotaAnswer | None) -> QuotaRow:
    """The verdict on one quota.

    Args:
        need: of the stack.
        answer: of the account; None where it was not looked at.
    """
    told = answer or QuotaAnswer()
    verdict, why = _verdict(need, answer)
    return QuotaRow(
        quota=need.quota,
        region=need.region,
        needed=need.most,
        given=told.quota,
        used=told.used,
        verdict=verdict,
        why=why,
        adjustable=told.adjustable,
    )


def _verdict(need: QuotaNeed, answer: QuotaAnswer | None) -> tuple[QuotaVerdict, str]:
    quota, most = need.quota, need.most
    if most is None:
        return QuotaVerdict.UNKNOWN, need.why
    if answer is None or answer.quota is None:
        unseen = f": {answer.why}" if answer else ""
        if most > quota.default:
            return QuotaVerdict.WARN, f"more than AWS' default, and what the account has is not known{unseen}"
        return QuotaVerdict.UNKNOWN, f"what the account has is not known{unseen}"
    if most > answer.quota:
        return QuotaVerdict.FAIL, "more than the account has"
    if quota.scope is Scope.OWN:
        return QuotaVerdict.OK, ""
    if answer.used is None:
        return QuotaVerdict.UNKNOWN, f"what the account uses is not known: {answer.why or 'nothing tells'}"
    if most + answer.used > answer.quota:
        return QuotaVerdict.WARN, "more than is left, unless this stack is part of what is used"
    return QuotaVerdict.OK, ""


def ranked(rows: Iterable[QuotaRow]) -> list[QuotaRow]:
    """The worst first; among equal verdicts, the largest share of its quota."""
    order = list(QuotaVerdict)
    return sorted(rows, key=lambda row: (order.index(row.verdict), -row.share))


def looked(needs: Iterable[QuotaNeed], ask: Callable[[QuotaNeed], QuotaAnswer | None]) -> list[QuotaRow]:
    """Every need judged by the answer to it, the worst first."""
    return ranked(judged(need, ask(need)) for need in needs)
