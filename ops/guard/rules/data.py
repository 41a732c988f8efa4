"""Deleting and replacing what holds data or identity."""

from __future__ import annotations

from collections.abc import Iterator

from ops.guard.model import Ground, Rule, Sight
from ops.guard.preview import Step


def _deleted(step: Step, ground: Ground) -> Iterator[Sight]:
    if step.op != "delete" or not ground.loses(step):
        return
    if step.before is not None and step.before.retained:
        yield Sight(step.urn, "", "it would leave the stack, and stay behind where nobody looks after it")
    else:
        yield Sight(step.urn, "", "it would be deleted, with what it holds")


def _replaced(step: Step, ground: Ground) -> Iterator[Sight]:
    if step.op != "replace" or not ground.loses(step):
        return
    by = step.replaced_by[0] if step.replaced_by else ""
    yield Sight(step.urn, by, "it would be made anew, empty, and the old one deleted")


RULES = (
    Rule(
        name="data-deleted",
        severity="critical",
        reason="What it holds, or is known by, is gone with it. A rename without an alias deletes, too.",
        step=_deleted,
    ),
    Rule(
        name="data-replaced",
        severity="critical",
        reason="The new one has none of the old one's data, addresses or identity.",
        step=_replaced,
    ),
)
