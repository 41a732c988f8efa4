"""Who gets the traffic: target groups and their weights, DNS records, and the images behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from infra.choices import WEIGHTS, Dns
from infra.components.load_balancer import Target
from infra.dns import CloudflareRecords, Records, Route53Records
from infra.settings import Settings
from infra.stages import Capability

ECR = re.compile(
    r"^(?P<registry>(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com)/(?P<path>[^:@]+)"
)


def targets(settings: Settings, cluster: str | None = None) -> Iterator[tuple[str, Target]]:
    """Target group by name: each color on each runtime, the weight of the color shared between the runtimes.

    `cluster` is the EKS cluster of the region whose pods are to be registered, where the stack makes one.
    """
    runtime, rollout = settings.runtime, settings.rollout
    on_pods = rollout.kubernetes_share if runtime.on_ec2 else WEIGHTS
    ranks = count(1)
    for color, one in rollout.colors.items():
        ec2, pods = next(ranks), next(ranks)
        if runtime.on_ec2:
            weight = one.weight * (WEIGHTS - on_pods) // WEIGHTS
            yield f"{color}-ec2", Target(kind="instance", weight=weight, rank=ec2)
        if runtime.on_kubernetes:
            yield f"{color}-k8s", Target(kind="ip", weight=one.weight * on_pods // WEIGHTS, rank=pods, cluster=cluster)


def records(settings: Settings) -> Records | None:
    """Whoever answers for the domain, or None where that is nobody we may ask."""
    zone_id = settings.domain.zone_id
    if zone_id is None:
        return None
    if settings.domain.dns is Dns.ROUTE53:
        return Route53Records(zone_id)
    return CloudflareRecords(zone_id, proxied=settings.row.has(Capability.PROXIED_DNS))


def repository(image: str) -> str | None:
    """ARN of the private ECR repository of `image`, or None where it comes from elsewhere."""
    ecr = ECR.match(image)
    return f"arn:aws:ecr:{ecr['region']}:{ecr['account']}:repository/{ecr['path']}" if ecr else None
