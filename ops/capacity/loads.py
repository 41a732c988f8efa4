"""The load of each fleet and Deployment, with a zone lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.capacity.load import WHOLE, disruptable, load_of, survivors, targets_for
from infra.config.settings import Settings
from infra.regions import REGIONS

EC2, KUBERNETES = "ec2", "kubernetes"


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """The load of one fleet or Deployment.

    traffic: its share of the region's users, in percent.
    users: concurrent ones, of those that the stage states.
    needed: targets that so many users need.
    maximum: instances or pods at most.
    left: how many of those are left when a zone is lost.
    drained: pods that the drain of a node may take at once while there are fewest; None for instances.
    """

    region: str
    runtime: str
    color: str
    traffic: float
    users: int
    needed: int
    maximum: int
    left: int
    drained: int | None

    @property
    def holds(self) -> bool:
        """Whether what is left is enough, and nodes can still be drained."""
        return self.left >= self.needed and self.drained != 0


def maxima(settings: Settings) -> dict[str, int]:
    """Most instances or pods of one color in one region, by runtime."""
    size = settings.sizes
    found = {EC2: size.fleet.maximum} if settings.runtime.on_ec2 else {}
    return found | ({KUBERNETES: size.hpa.maximum} if settings.runtime.on_kubernetes else {})


def running(settings: Settings) -> dict[str, int]:
    """Weight of each color that runs."""
    return {name: color.weight for name, color in settings.rollout.colors.items() if color.image is not None}


def loads(settings: Settings) -> Iterator[Load]:
    """Every fleet and Deployment of a stack."""
    for region in settings.active_regions:
        zones = len(REGIONS[region].zones)
        for runtime, maximum in maxima(settings).items():
            for color, weight in running(settings).items():
                part = share(settings, runtime)
                users = load_of(settings.row.users, weight, part)
                yield Load(
                    region=region,
                    runtime=runtime,
                    color=color,
                    traffic=weight * part / WHOLE,
                    users=users,
                    needed=targets_for(users),
                    maximum=maximum,
                    left=survivors(maximum, zones),
                    drained=disruptable(settings.sizes.hpa.minimum) if runtime == KUBERNETES else None,
                )


def share(settings: Settings, runtime: str) -> int:
    """Percent of the traffic that a runtime takes."""
    if not (settings.runtime.on_ec2 and settings.runtime.on_kubernetes):
        return WHOLE
    pods = settings.rollout.kubernetes_share
    return pods if runtime == KUBERNETES else WHOLE - pods
