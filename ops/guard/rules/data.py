"""Deleting and replacing what holds data or identity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ops.guard.model import GuardRule, Observation, RuleContext
from ops.guard.preview import PreviewStep


def _deleted(step: PreviewStep, context: RuleContext) -> Iterator[Observation]:
    if step.op != "delete" or not context.loses(step):
        return
    if step.before is not None and step.before.retained:
        yield Observation(step.urn, "", "it would leave the stack, and stay behind where nobody looks after it")
    else:
        yield Observation(step.urn, "", "it would be deleted, with what it holds")


def _replaced(step: PreviewStep, context: RuleContext) -> Iterator[Observation]:
    if step.op != "replace" or not context.loses(step):
        return
    by = step.replaced_by[0] if step.replaced_by else ""
    yield Observation(step.urn, by, "it would be made anew, empty, and the old one deleted")


def _gone(step: PreviewStep, context: RuleContext) -> Iterator[Observation]:
    """What was there after the last update and is created now: it was deleted since."""
    if step.op == "create" and step.is_real and context.loses(step) and (step.lost or _told(step, context)):
        yield Observation(
            step.urn, "", "it was there after the last update and is gone: an update makes another one, empty"
        )


def _told(step: PreviewStep, context: RuleContext) -> bool:
    """Whether the last update put it out. Of what is looked at beforehand, the state knows nothing any more."""
    data = context.outputs.get("data")
    if not context.ours or not isinstance(data, Mapping):
        return False
    if step.type == _BUCKET:
        buckets = data.get("buckets")
        return isinstance(buckets, Mapping) and any(step.name.endswith(f"-store-{kind}") for kind in buckets)
    return step.type == _CLUSTER and data.get("database") not in (None, "external")


_BUCKET, _CLUSTER = "aws:s3/bucket:Bucket", "aws:rds/cluster:Cluster"
RULES = (
    GuardRule(
        name="data-deleted",
        severity="critical",
        reason="What it holds, or is known by, is gone with it. A rename without an alias deletes, too.",
        step=_deleted,
    ),
    GuardRule(
        name="data-gone",
        severity="critical",
        reason="What it held is gone already. Writing into an empty one makes it harder to get back: restore first.",
        step=_gone,
    ),
    GuardRule(
        name="data-replaced",
        severity="critical",
        reason="The new one has none of the old one's data, addresses or identity.",
        step=_replaced,
    ),
)
