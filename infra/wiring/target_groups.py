"""Target groups of a region's load balancer, and the share of the traffic that each one gets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from infra.components.compute.load_balancer import Target
from infra.config.settings import Settings


def target_groups(settings: Settings, cluster: str | None = None) -> Iterator[tuple[str, Target]]:
    """Target group by name: one for each color on each runtime. The runtimes share the weight of the color.

    `cluster` is the EKS cluster that the stack makes in the region, whose pods register; None where there is none.
    """
    shares = settings.rollout.shares(settings.runtime)
    ranks = count(1)
    for color in settings.rollout.colors:
        ec2, pods = next(ranks), next(ranks)
        if (weight := shares.get(f"{color}-ec2")) is not None:
            yield f"{color}-ec2", Target(kind="instance", weight=weight, rank=ec2)
        if (weight := shares.get(f"{color}-k8s")) is not None:
            yield f"{color}-k8s", Target(kind="ip", weight=weight, rank=pods, cluster=cluster)
