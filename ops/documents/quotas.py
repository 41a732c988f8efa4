"""docs/quotas.md: the quotas that are looked at, and what a stack needs of them at each stage."""

from __future__ import annotations

from infra.stages import STAGES
from ops import stackfile
from ops.documents.model import Document, table
from ops.quotas.needs import NODE_VCPUS, SYSTEM_NODES
from ops.quotas.report import number
from ops.quotas.stacks import needed
from ops.quotas.table import QUOTAS

STACK = "sandbox"  # it overrides no size


def default_table() -> str:
    """Every quota, with what a plain stack needs of it at each stage in the region that needs most."""
    stages: list[dict[str, float]] = []
    for stage in STAGES:
        most: dict[str, float] = {}
        for need in needed(stackfile.settings(STACK, stage, judged=False), STACK):
            most[need.quota.code] = max(most.get(need.quota.code, 0), need.most or 0)
        stages.append(most)
    heads = ["quota", "code", "counts", "default", *map(str, STAGES), "source"]
    rows = []
    for quota in QUOTAS:
        cells = [number(most[quota.code]) if quota.code in most else "" for most in stages]
        first = [quota.title, f"`{quota.service}` {quota.code}", quota.scope, number(quota.default)]
        rows.append([*first, *cells, quota.source])
    return table(heads, rows)


def nodes_table() -> str:
    """vCPUs that the nodes of a cluster may have at each stage."""
    system = SYSTEM_NODES * NODE_VCPUS
    return table(["stage", *STAGES], [["vCPUs", *(stage.sizes.nodes.cpu + system for stage in STAGES.values())]])


DOCUMENT = Document(file="docs/quotas.md", tables={"nodes": nodes_table}, renders={"quotas": default_table})
