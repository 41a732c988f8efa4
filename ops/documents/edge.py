"""docs/edge.md: the rights that a Cloudflare token needs."""

from __future__ import annotations

from infra.config.models.edge import EdgeCertificate
from infra.edge.plans import ZonePlan
from infra.stages import STAGES
from ops import stackfile
from ops.documents.model import Document, table
from ops.edge.rights import Right, needed
from ops.engine.render import render

STACK = "sandbox"
# An option of the stack that needs another right.
_ALL = {"plan": ZonePlan.ENTERPRISE, "certificate": EdgeCertificate.ADVANCED}


def rights_table() -> str:
    """Every right, with the stage from which it is needed."""
    first: dict[Right, int] = {}
    for stage in STAGES:
        chosen = stackfile.settings(STACK, stage, judged=False)
        chosen = chosen.model_copy(update={"edge": chosen.edge.model_copy(update=_ALL)})
        for right in needed(render(chosen, STACK).resources):
            first.setdefault(right, stage)
    rows = [
        [stage, right.name, "account" if right.of_account else "zone", right.purpose]
        for right, stage in sorted(first.items(), key=lambda row: row[1])
    ]
    return table(["from stage", "permission", "of the", "for"], rows)


DOCUMENT = Document(file="docs/edge.md", renders={"rights": rights_table})
