"""The generated tables of docs/quotas.md. `python -m tests.documents` writes them."""

from __future__ import annotations

from infra.stages import STAGES
from ops import stackfile
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
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for quota in QUOTAS:
        cells = [number(most[quota.code]) if quota.code in most else "" for most in stages]
        first = [quota.title, f"`{quota.service}` {quota.code}", quota.scope, number(quota.default)]
        lines.append(f"| {' | '.join([*first, *cells, quota.source])} |")
    return "\n".join(lines)


def nodes_table() -> str:
    """vCPUs that the nodes of a cluster may have at each stage."""
    heads = ["stage", *map(str, STAGES)]
    system = SYSTEM_NODES * NODE_VCPUS
    cells = [str(stage.sizes.nodes.cpu + system) for stage in STAGES.values()]
    return "\n".join([f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", f"| {' | '.join(['vCPUs', *cells])} |"])
