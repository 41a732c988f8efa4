"""Each resource that a load can exhaust, one row each. What a unit carries is in ops/demand/assumptions.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from infra.thresholds import DATABASE_READS, EGRESS_GB, NARFE, REQUESTS_PER_TARGET
from ops.capacity import levels
from ops.capacity.levels import LevelOf
from ops.capacity.loads import EC2, KUBERNETES
from ops.demand import assumptions as facts


@dataclass(frozen=True, kw_only=True, slots=True)
class ScarceResource:
    """A row of the table.

    kind: `size` is set by the stage or the stack's file, `quota` by the vendor, and `runbook` is the number at which
        the runbooks move to the next stage, whatever the resources say.
    of: the level of one region; None where the stack has no such resource, or where it does not matter what is lost.
    keys: sizes that raise the limit, as (section, field), the first to try first.
    source: where need and limit come from.
    """

    name: str
    unit: str
    kind: Literal["size", "quota", "runbook"]
    of: LevelOf
    source: str
    keys: tuple[tuple[str, str], ...] = ()


_TARGETS = f"{REQUESTS_PER_TARGET.source}; with a zone lost, what infra/capacity/load.py leaves"
_CPU = "an ACU's CPU against a statement's, estimates"
RESOURCES = (
    ScarceResource(
        name="users",
        unit="users",
        kind="runbook",
        of=levels.USERS,
        source="infra/stages.py: concurrent users that the stage states; the next one begins above them",
    ),
    ScarceResource(
        name="instances",
        unit="instances",
        kind="size",
        of=levels.serving(EC2),
        source=_TARGETS,
        keys=(("fleet", "maximum"),),
    ),
    ScarceResource(
        name="pods",
        unit="pods",
        kind="size",
        of=levels.serving(KUBERNETES),
        source=_TARGETS,
        keys=(("hpa", "maximum"),),
    ),
    ScarceResource(
        name="nodes, CPU",
        unit="vCPUs",
        kind="size",
        of=levels.nodes(lambda one: (one.cpu_needed, one.cpu)),
        source="infra/capacity/nodes.py: the nodes of the pods at this load, with those of an update",
        keys=(("nodes", "cpu"),),
    ),
    ScarceResource(
        name="nodes, memory",
        unit="GiB",
        kind="size",
        of=levels.nodes(lambda one: (one.memory_needed, one.memory)),
        source="infra/capacity/nodes.py: the nodes of the pods at this load, with those of an update",
        keys=(("nodes", "memory"),),
    ),
    ScarceResource(
        name="writer",
        unit="ACUs",
        kind="size",
        of=levels.writer,
        source=f"{_CPU}; CPU of 70 % below stage 3 ({NARFE}, Stage 3), then 80 % (Stage 4)",
        keys=(("database", "max_acu"),),
    ),
    ScarceResource(
        name="readers",
        unit="ACUs",
        kind="size",
        of=levels.readers,
        source=f"{_CPU}; all readers of a region, without the one that becomes the writer",
        keys=(("readers", "maximum"), ("database", "max_acu")),
    ),
    ScarceResource(
        name="pool",
        unit="connections",
        kind="size",
        of=levels.pool,
        source="statements at work at once, each for as long as assumed, against the poolers' connections",
        keys=(("fleet", "maximum"), ("hpa", "maximum")),
    ),
    ScarceResource(
        name="connections",
        unit="connections",
        kind="size",
        of=levels.connections,
        source="infra/capacity/connections.py: what is open at this load, against the database's limit",
        keys=(("database", "max_acu"),),
    ),
    ScarceResource(
        name="reads, no cache",
        unit="reads/s",
        kind="runbook",
        of=levels.READS,
        source=f"{DATABASE_READS.source}; from stage 6 on there is a cache",
    ),
    ScarceResource(
        name="cache",
        unit="commands/s",
        kind="size",
        of=levels.cache,
        source="looks, which any node answers, and what is kept then, which each node runs; against what nodes take",
        keys=(("cache", "nodes"),),
    ),
    ScarceResource(
        name="egress, no CDN",
        unit="GB/month",
        kind="runbook",
        of=levels.EGRESS,
        source=f"{EGRESS_GB.source}; from stage 5 on there is a CDN",
    ),
    ScarceResource(
        name="CDN",
        unit="GB/month",
        kind="quota",
        of=levels.CDN,
        source="Cloudflare's plans have no number for traffic; its terms bar serving mostly video or large files",
    ),
    ScarceResource(
        name="balancer",
        unit="targets",
        kind="quota",
        of=levels.balancer,
        source=facts.BALANCER_TARGETS.source,
    ),
    ScarceResource(
        name="origin egress",
        unit="GB/month",
        kind="quota",
        of=levels.origin_egress,
        source="AWS names no limit: a load balancer grows with its traffic, and so does its price",
    ),
    ScarceResource(name="NAT", unit="Gbit/s", kind="quota", of=levels.nat, source=facts.NAT_GBPS.source),
)
