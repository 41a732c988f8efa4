"""What else an update would change when a rollout starts, and which of that serves requests or judges the new version.

A stack that people work on is seldom without a pending change. What has no part in a request, and is not deleted or
replaced, comes along with the first step; the rest would be blamed on the new version, or the other way round.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from catalog.engine_steps import EngineStep

SAME = "same"
# Components are names for what they consist of, and the stack's own step is about its outputs.
WITHOUT_OWN = ("ascent:", "pulumi:pulumi:")
# Types that neither serve a request nor hold what one needs, by how they begin.
APART = (
    "aws:backup/",
    "aws:budgets/",
    "aws:cloudwatch/",
    "aws:ec2/flowLog:",
    "aws:ecr/",
    "aws:ecs/",
    "aws:kms/alias:",
    "aws:s3/bucketLifecycleConfiguration:",
    "aws:s3/bucketReplicationConfig:",
    "aws:scheduler/",
    "aws:sns/",
    "kubernetes:batch/v1:CronJob",
)
ALARMS = ("aws:cloudwatch/metricAlarm:", "aws:cloudwatch/compositeAlarm:")
TAGS = {"tags", "tagsAll"}


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingChange:
    """A change that waits for the next update.

    op: the engine's word for it. properties: those that differ, empty where it comes or goes.
    apart: whether it has no part in requests, nor in judging a new version.
    """

    urn: str
    type: str
    op: str
    properties: tuple[str, ...]
    apart: bool

    def __str__(self) -> str:
        """Operation, type, name and properties."""
        listed = f" ({', '.join(self.properties)})" if self.properties else ""
        return f"{self.op} {self.type.rpartition(':')[2]} {self.urn.rpartition('::')[2]}{listed}"


def waiting(steps: Iterable[EngineStep], gates: Collection[str]) -> list[PendingChange]:
    """The changes among an engine's steps, one for each resource.

    Args:
        steps: what an update would do, in order.
        gates: names of the alarms that send a new version back.
    """
    changes: dict[str, PendingChange] = {}
    for step in steps:
        if step.op == SAME or step.type.startswith(WITHOUT_OWN):
            continue
        changes_in_place = step.op in ("create", "update")
        properties = tuple(sorted({path.partition(".")[0].partition("[")[0] for path in step.kinds}))
        apart = changes_in_place and bool(properties) and set(properties) <= TAGS
        if changes_in_place and step.type.startswith(APART):
            apart = apart or not (step.type.startswith(ALARMS) and _name(step) in gates)
        change = PendingChange(urn=step.urn, type=step.type, op=step.op, properties=properties, apart=apart)
        changes.setdefault(step.urn, change)
    return list(changes.values())


def _name(step: EngineStep) -> object:
    state = step.new or step.old
    return state.inputs.get("name") if state else None
