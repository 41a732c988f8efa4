"""Deleting and replacing what holds data or identity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ops.guard.model import GuardRule, Observation, RuleContext
from ops.guard.preview import PreviewStep


def _deleted(step: PreviewStep, context: RuleContext) -> Iterator[Observation]:
    if step.op != "delete" or not context.loses(step):
        return
    if step.before is not None and step.before.retained:
        yield Observation(step.urn, "", "it would leave the stack, and stay at the cloud where nothing manages it")
    else:
        yield Observation(step.urn, "", "it would be deleted, with what it holds")


def _replaced(step: PreviewStep, context: RuleContext) -> Iterator[Observation]:
    if step.op != "replace" or not context.loses(step):
        return
    by = step.replaced_by[0] if step.replaced_by else ""
    yield Observation(step.urn, by, "it would be made anew, empty, and the old one deleted")


def _gone(step: PreviewStep, context: RuleContext) -> Iterator[Observation]:
    """A resource that existed after the last update and is created now: it was deleted in between."""
    if step.op == "create" and step.is_real and context.loses(step) and (step.lost or _told(step, context)):
        yield Observation(
            step.urn, "", "it was there after the last update and is gone: an update makes another one, empty"
        )


def _told(step: PreviewStep, context: RuleContext) -> bool:
    """Whether the last update's outputs name it. After a refresh, the state no longer has a deleted resource."""
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
        reason="Its data or identity is gone with it. A rename without an alias deletes, too.",
        step=_deleted,
    ),
    GuardRule(
        name="data-gone",
        severity="critical",
        reason="Its data is gone already. New data in an empty one makes a restore harder: restore first.",
        step=_gone,
    ),
    GuardRule(
        name="data-replaced",
        severity="critical",
        reason="The new one has none of the old one's data, addresses or identity.",
        step=_replaced,
    ),
)
