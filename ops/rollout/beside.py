"""Pending changes when a rollout starts, and which of them concern resources that serve requests or judge the version.

A stack in daily use is seldom without a pending change. Changes that do not concern requests, and delete or replace
nothing, are made with the first step. The faults of others would be blamed on the new version, or the reverse.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from catalog.engine_steps import EngineStep

SAME = "same"
# Components only group resources, and the step of the stack is about its outputs.
WITHOUT_OWN = ("ascent:", "pulumi:pulumi:")
# Prefixes of types that requests do not depend on.
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

    op: the engine's operation. properties: those that differ, empty for a creation or deletion.
    apart: whether neither requests nor the judgement of a new version depend on it.
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
        gates: names of the alarms that roll a new version back.
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
