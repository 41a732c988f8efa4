"""How fast the HorizontalPodAutoscaler may change the number of pods, and what it remembers for that."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

PERCENT, PODS = "Percent", "Pods"


class Select(Enum):
    """Which of several policies of a direction holds: the one that changes most, the one that changes least, or none,
    which forbids the direction. autoscaling/v2, HPAScalingRules.selectPolicy."""

    MAX = "Max"
    MIN = "Min"
    DISABLED = "Disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class HpaPolicy:
    """How much may change in a while.

    kind: PERCENT of the pods at the beginning of the period, or PODS.
    value: percent or pods, above 0.
    period: seconds, 1 to 1800.
    """

    kind: str
    value: int
    period: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HpaDirection:
    """One direction of a behavior.

    window: stabilization in seconds: up takes the least, down the most that was recommended in it. None is the default:
        none on the way up, `HpaRules.downscale_window` on the way down.
    policies, select: how fast. An empty tuple is the default of autoscaling/v2.
    tolerance: of this direction alone, in place of `HpaRules.tolerance`.
    """

    window: int | None = None
    policies: tuple[HpaPolicy, ...] = ()
    select: Select = Select.MAX
    tolerance: float | None = None


# pkg/apis/autoscaling/v2/defaults.go.
DEFAULT_UP = (HpaPolicy(kind=PODS, value=4, period=15), HpaPolicy(kind=PERCENT, value=100, period=15))
DEFAULT_DOWN = (HpaPolicy(kind=PERCENT, value=100, period=15),)
DEFAULT_UP_WINDOW = 0


class Change(NamedTuple):
    """Pods that came or went at once."""

    at: float
    pods: int


class Changes:
    """What was changed in one direction: storeScaleEvent and getReplicasChangePerPeriod."""

    def __init__(self, policies: tuple[HpaPolicy, ...]) -> None:
        self._longest = max((policy.period for policy in policies), default=0)
        self._kept: list[Change] = []

    def add(self, now: float, pods: int) -> None:
        """Remember a change, in place of the latest one that no policy of its own direction needs any more.

        Policies of the other direction may have longer periods, and then miss the one that it replaced, as upstream.
        """
        old = [index for index, change in enumerate(self._kept) if change.at < now - self._longest]
        if old:
            self._kept[old[-1]] = Change(now, pods)
        else:
            self._kept.append(Change(now, pods))

    def since(self, now: float, period: int) -> int:
        """Pods that changed in a period until now."""
        return sum(change.pods for change in self._kept if change.at > now - period)


def most(now: float, replicas: int, direction: HpaDirection, came: Changes, went: Changes) -> int:
    """Pods that there may be now: calculateScaleUpLimitWithScalingRules."""

    def grown(begin: int, policy: HpaPolicy) -> int:
        # Rounded up: a percentage of few pods would otherwise never be one.
        return math.ceil(begin * (1 + policy.value / 100)) if policy.kind == PERCENT else begin + policy.value

    return _limit(now, replicas, direction, (came, went), grown, max if direction.select is Select.MAX else min)


def least(now: float, replicas: int, direction: HpaDirection, came: Changes, went: Changes) -> int:
    """Pods that have to stay now: calculateScaleDownLimitWithBehaviors."""

    def shrunk(begin: int, policy: HpaPolicy) -> int:
        return int(begin * (1 - policy.value / 100)) if policy.kind == PERCENT else begin - policy.value

    return _limit(now, replicas, direction, (came, went), shrunk, min if direction.select is Select.MAX else max)


def _limit(
    now: float,
    replicas: int,
    direction: HpaDirection,
    changes: tuple[Changes, Changes],
    after: Callable[[int, HpaPolicy], int],
    of: Callable[[list[int]], int],
) -> int:
    if direction.select is Select.DISABLED:
        return replicas
    came, went = changes
    return of(
        [
            after(replicas - came.since(now, policy.period) + went.since(now, policy.period), policy)
            for policy in direction.policies
        ]
    )
