"""A quota and its scope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from infra.clients import Clients
from ops.quotas.here import Here

# Service Quotas has the global quotas in this region.
GLOBAL_REGION = "us-east-1"

# The most that the resources of a region need of a quota; those of the whole plan where the quota is the account's.
Need = Callable[[Here], float]
# How much of a quota the account uses in a region, as a describe call shows it.
Used = Callable[[Clients, str], float]


class Scope(StrEnum):
    """What a quota applies to.

    ACCOUNT: all regions together. REGION: a region of the account. ZONE: the fullest zone of a region.
    OWN: one resource of the stack, such as its VPC: nothing else in the account uses this quota.
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
    default: AWS' default, before any increase.
    scope: what it applies to.
    source: where AWS documents it.
    need: how much of it a stack needs.
    used: counts the account's use, where Service Quotas names no metric for it; None for OWN.
    raised_by: code of the quota of the same service that is raised instead, where one depends on another.
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
