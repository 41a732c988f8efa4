"""Who gets the traffic: target groups and their weights, and DNS records."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from infra.components.compute.load_balancer import Target
from infra.config.models.domain import Dns
from infra.config.models.rollout import Rollout
from infra.config.settings import Settings
from infra.dns import CloudflareRecords, Records, Route53Records
from infra.stages import Capability


def targets(settings: Settings, cluster: str | None = None) -> Iterator[tuple[str, Target]]:
    """Target group by name: each color on each runtime, the weight of the color shared between the runtimes.

    `cluster` is the EKS cluster of the region whose pods are to be registered, where the stack makes one.
    """
    shares = settings.rollout.shares(settings.runtime)
    ranks = count(1)
    for color in settings.rollout.colors:
        ec2, pods = next(ranks), next(ranks)
        if (weight := shares.get(f"{color}-ec2")) is not None:
            yield f"{color}-ec2", Target(kind="instance", weight=weight, rank=ec2)
        if (weight := shares.get(f"{color}-k8s")) is not None:
            yield f"{color}-k8s", Target(kind="ip", weight=weight, rank=pods, cluster=cluster)


def applied(rollout: Rollout) -> dict[str, Any]:
    """The rollout as an output. When its step was finished is known only afterwards, and would change it each time."""
    return rollout.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"progress": {"since"}})


def records(settings: Settings) -> Records | None:
    """Whoever answers for the domain, or None where that is nobody we may ask."""
    zone_id = settings.domain.zone_id
    if zone_id is None:
        return None
    if settings.domain.dns is Dns.ROUTE53:
        return Route53Records(zone_id)
    return CloudflareRecords(zone_id, proxied=settings.row.has(Capability.PROXIED_DNS))
