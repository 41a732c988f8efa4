"""Whether a stack's instances are what its last update asked for: refreshed, and healthy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from infra.config.settings import Settings
from ops.polling import polled
from ops.rollout.gates import Refresh, TargetHealth


class GroupState(StrEnum):
    """The state of an autoscaling group."""

    FINE = "fine"
    WAITING = "under way"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class AutoscalingGroup:
    """An autoscaling group.

    name: its logical name. group: its name at AWS.
    healthy: number of healthy targets; None for workers, which have none, and where it is unknown.
    least: its minimum of instances.
    refresh: its newest instance refresh, in words.
    """

    region: str
    name: str
    group: str
    state: GroupState
    healthy: int | None
    least: int
    refresh: str

    def as_dict(self) -> dict[str, Any]:
        """As `ascent fleet --json` prints it."""
        return asdict(self)


def fleets(
    settings: Settings, regions: Mapping[str, Mapping[str, Any]], gates: TargetHealth
) -> Iterator[AutoscalingGroup]:
    """Look at every autoscaling group of a stack, but for those of a region that is lost.

    Args:
        settings: of the stack.
        regions: its output of that name.
        gates: reads the state of groups and targets at AWS.

    Raises:
        GateError: when AWS does not answer.
    """
    for region, known in regions.items():
        if region == settings.unreachable:
            continue
        colors = {group: color for color, group in known["rollout"]["groups"].items()}
        for name, group in sorted(known["autoscalingGroups"].items()):
            refresh = gates.refresh(region, group)
            color, healthy, least = colors.get(group), None, _workers(settings)
            if color is not None:
                healthy = gates.healthy(region, known["rollout"]["targetGroups"][f"{color}-ec2"])
                least = settings.sizes.fleet.minimum
            yield AutoscalingGroup(
                region=region,
                name=name,
                group=group,
                state=_state(refresh, healthy, least),
                healthy=healthy,
                least=least,
                refresh=refresh.says or "none",
            )


def settled(
    look: Callable[[], list[AutoscalingGroup]], *, seconds: float, wait: Callable[[float], None], poll: float
) -> list[AutoscalingGroup]:
    """Poll until nothing is under way, a group has failed, or the time is up. Returns the last state."""

    def over(seen: list[AutoscalingGroup]) -> bool:
        states = {one.state for one in seen}
        return GroupState.WAITING not in states or GroupState.FAILED in states

    return polled(look, over, seconds=seconds, wait=wait, poll=poll)


def _workers(settings: Settings) -> int:
    workers = settings.sizes.workers
    return workers.minimum if workers else 0


def _state(refresh: Refresh, healthy: int | None, least: int) -> GroupState:
    if refresh.failed:
        return GroupState.FAILED
    return GroupState.FINE if refresh.done and (healthy is None or healthy >= least) else GroupState.WAITING
