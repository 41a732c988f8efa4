"""Engines and their versions: changes that AWS refuses, and changes that cannot be undone."""

from __future__ import annotations

from collections.abc import Iterator

from ops.guard.model import GuardRule, Observation, RuleContext
from ops.guard.preview import PreviewStep
from ops.one_way import CLUSTER, GLOBAL_CLUSTER, ONE_WAY, held

VERSION = "engineVersion"


def _lowered(step: PreviewStep, _ground: RuleContext) -> Iterator[Observation]:
    if step.before is None or step.after is None:
        return
    for row in ONE_WAY:
        before, after = (side.inputs.get(row.path) for side in (step.before, step.after))
        if row.type == step.type and (why := held(step.type, row.path, after, before)):
            yield Observation(step.urn, row.path, f"it goes from {before} to {after}: {why}")


def _major(step: PreviewStep, _ground: RuleContext) -> Iterator[Observation]:
    if step.before is None or step.after is None or step.type not in (CLUSTER, GLOBAL_CLUSTER):
        return
    before, after = (str(side.inputs.get(VERSION, "")) for side in (step.before, step.after))
    if before and after and before.partition(".")[0] != after.partition(".")[0]:
        yield Observation(step.urn, VERSION, f"it goes from {before} to {after}")


RULES = (
    GuardRule(
        name="version-lowered",
        severity="critical",
        reason="AWS refuses it, and the update stops halfway. To keep the present version, set it in the stack's file.",
        step=_lowered,
    ),
    GuardRule(
        name="major-version-changed",
        severity="high",
        reason="The database is down for minutes and does not go back: docs/upgrades.md says what comes first.",
        step=_major,
    ),
)
