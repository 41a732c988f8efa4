"""A loss of capacity: fewer users than before, with both numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from infra.stages import STAGES
from ops.engine.recorder import Recorded
from ops.guard.model import GuardRule, Observation, RuleContext
from ops.guard.preview import PreviewStep
from policy.model import values

_CLUSTER, _INSTANCE = "aws:rds/cluster:Cluster", "aws:rds/clusterInstance:ClusterInstance"
_CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
# A fall by more than half is a finding. Autoscaling, colors and single readers stay within that.
_HALF = 0.5


def _sum(type_: str, path: str) -> Callable[[Sequence[Recorded]], float]:
    return lambda found: sum(
        float(value)
        for one in found
        if one.type == type_
        for value in values(one.inputs, path)
        if isinstance(value, int | float)
    )


MEASURES: Mapping[str, Callable[[Sequence[Recorded]], float]] = {
    "ACUs that the database may have": _sum(_CLUSTER, "serverlessv2ScalingConfiguration.maxCapacity"),
    "instances of the database": lambda found: float(sum(one.type == _INSTANCE for one in found)),
    "nodes of the cache": _sum(_CACHE, "numCacheClusters"),
}


def _stages(context: RuleContext) -> tuple[int, int]:
    """The stage before and after; the same where one is not known."""
    before, after = context.facts_before.stage, context.facts.stage
    if before not in STAGES or after not in STAGES:
        return 0, 0
    return before, after


def _dropped(_steps: Sequence[PreviewStep], context: RuleContext) -> Iterator[Observation]:
    before, after = _stages(context)
    if before - after > 1:
        users = STAGES[before].users, STAGES[after].users
        yield Observation(
            context.stack_urn,
            "stage",
            f"it goes from stage {before} to {after}: from {users[0]:,} users to {users[1]:,}, with a zone lost",
        )


def _less(_steps: Sequence[PreviewStep], context: RuleContext) -> Iterator[Observation]:
    before, after = _stages(context)
    if before - after == 1:
        users = STAGES[before].users, STAGES[after].users
        yield Observation(
            context.stack_urn, "stage", f"it carries {users[1]:,} users with a zone lost, before: {users[0]:,}"
        )
    if context.before is None or context.after is None:
        return
    for what, measure in MEASURES.items():
        had, has = measure(context.before), measure(context.after)
        if has < had * _HALF:
            yield Observation(context.stack_urn, "", f"{what}: {has:g}, before: {had:g}")


RULES = (
    GuardRule(
        name="stage-drops",
        severity="high",
        reason="Users above the lower stage's number get errors at the next busy hour. A typing error does it too.",
        whole=_dropped,
    ),
    GuardRule(
        name="carries-less",
        severity="medium",
        reason="Today's load has to fit afterwards: see ascent capacity, and the last busy hour.",
        whole=_less,
    ),
)
