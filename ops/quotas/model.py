"""What a quota is, and where it counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from infra.clients import Clients
from ops.quotas.here import Here

# Service Quotas answers for what has no region there.
GLOBAL_REGION = "us-east-1"

# How much of a quota the resources of a region need at most, or of the whole plan where the quota is the account's.
Need = Callable[[Here], float]
# How much of a quota the account uses in a region, as a describe call shows it.
Used = Callable[[Clients, str], float]


class Scope(StrEnum):
    """What a quota counts over.

    ACCOUNT: all regions together. REGION: a region of the account. ZONE: a zone of it, the fullest one.
    OWN: one thing that the stack makes for itself, such as its VPC: nothing else in the account uses of it.
    """

    ACCOUNT = "account"
    REGION = "region"
    ZONE = "zone"
    OWN = "own"


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """A quota of an AWS service.

    service, product: its code and its name in Service Quotas. code, name: the quota's.
    title: the same in a few words.
    unit: what it counts.
    default: AWS' default for an account that has asked for nothing.
    scope: what it counts over.
    source: where AWS documents it.
    need: how much of it a stack needs.
    used: how much the account uses, where Service Quotas names no metric that tells; None for what is the stack's own.
    raised_by: code of the quota of the same service that is raised instead, where AWS ties one to another.
    """

    service: str
    product: str
    code: str
    name: str
    title: str
    unit: str
    default: float
    scope: Scope
    source: str
    need: Need
    used: Used | None = None
    raised_by: str | None = None

    @property
    def is_global(self) -> bool:
        """Whether all regions share it."""
        return self.scope is Scope.ACCOUNT
