"""Whether a stack can take what its stage states: the connection budget by whom, and every fleet with a zone lost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from infra.capacity import survivors, targets_for
from infra.connections import CLASSES, max_connections
from infra.regions import REGIONS
from infra.settings import Settings
from infra.thresholds import CONNECTIONS_PER_INSTANCE, CONNECTIONS_PER_WORKER

_WHOLE = 100  # percent
EC2, KUBERNETES = "ec2", "kubernetes"


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """Connections that some may hold at most.

    who: application, pooler, workers, jobs or reserve.
    runtime, region: where they are, None where that does not matter.
    connections: at most.
    how: where the number comes from.
    """

    who: str
    runtime: str | None = None
    region: str | None = None
    connections: int
    how: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """One fleet or Deployment, and what it has to carry.

    traffic: its share of the region's users, in percent.
    users: concurrent ones, of those that the stage states.
    needed: targets that so many users need.
    maximum: instances or pods at most.
    left: how many of those are left when a zone is lost.
    """

    region: str
    runtime: str
    color: str
    traffic: float
    users: int
    needed: int
    maximum: int
    left: int

    @property
    def holds(self) -> bool:
        """Whether what is left is enough."""
        return self.left >= self.needed


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """All of it.

    limit: connections that the database takes; None where an external one keeps its own.
    uses, loads: who connects, and who carries.
    todo: what to change, one sentence each; empty where all holds.
    """

    limit: int | None
    uses: tuple[Use, ...]
    loads: tuple[Load, ...]
    todo: tuple[str, ...]

    @property
    def total(self) -> int:
        """Connections of all together."""
        return sum(use.connections for use in self.uses)

    @property
    def connects(self) -> bool:
        """Whether all can connect at once."""
        return self.limit is None or self.total <= self.limit

    @property
    def holds(self) -> bool:
        """Whether the answer is yes."""
        return self.connects and all(load.holds for load in self.loads)

    def as_dict(self) -> dict[str, Any]:
        """The verdict as plain data, for `--json`."""
        headroom = None if self.limit is None else self.limit - self.total
        return {
            "holds": self.holds,
            "connections": {
                "holds": self.connects,
                "limit": self.limit,
                "used": self.total,
                "headroom": headroom,
                "by": [asdict(use) for use in self.uses],
            },
            "fleets": [{**asdict(load), "holds": load.holds} for load in self.loads],
            "todo": list(self.todo),
        }


def verdict(settings: Settings) -> Verdict:
    """Whether a stack can take what its stage states."""
    uses, loads = tuple(_uses(settings)), tuple(_loads(settings))
    limit = None if settings.external_database else settings.connections.limit
    todo = [*_room(settings, sum(use.connections for use in uses), limit), *_growth(loads)]
    return Verdict(limit=limit, uses=uses, loads=loads, todo=tuple(todo))


def _runtimes(settings: Settings) -> dict[str, int]:
    """Most instances or pods of one color in one region, by runtime."""
    size = settings.sizes
    found = {EC2: size.fleet.maximum} if settings.runtime.on_ec2 else {}
    return found | ({KUBERNETES: size.hpa.maximum} if settings.runtime.on_kubernetes else {})


def _running(settings: Settings) -> dict[str, int]:
    """Weight of each color that runs."""
    return {name: color.weight for name, color in settings.rollout.colors.items() if color.image is not None}


def _uses(settings: Settings) -> Iterator[Use]:
    budget, size, colors = settings.connections, settings.sizes, len(_running(settings))
    if settings.pooled:
        instances = sum(_runtimes(settings).values()) * colors * len(settings.active_regions)
        yield Use(who="pooler", connections=budget.application, how=f"a pool for {instances} instances")
    else:
        each = CONNECTIONS_PER_INSTANCE.value
        for region in settings.active_regions:
            for runtime, maximum in _runtimes(settings).items():
                many = f" x {colors} colors" if colors > 1 else ""
                how = f"{maximum} instances{many} x {each}"
                count = maximum * colors * each
                yield Use(who="application", runtime=runtime, region=region, connections=count, how=how)
    workers = size.workers.maximum if size.workers else 0
    if workers:
        how = f"{workers} workers x {CONNECTIONS_PER_WORKER.value}"
        yield Use(who="workers", region=settings.regions[0], connections=budget.workers, how=how)
    yield Use(who="jobs", region=settings.regions[0], connections=budget.jobs, how="one each, and a spare")
    yield Use(who="reserve", connections=budget.reserve, how="superusers, monitoring and operators")


def _loads(settings: Settings) -> Iterator[Load]:
    for region in settings.active_regions:
        zones = len(REGIONS[region].zones)
        for runtime, maximum in _runtimes(settings).items():
            for color, weight in _running(settings).items():
                # In hundredths of a percent, so that no rounding of a share drops a user.
                share = weight * _of_runtime(settings, runtime)
                users = math.ceil(settings.row.users * share / _WHOLE**2)
                yield Load(
                    region=region,
                    runtime=runtime,
                    color=color,
                    traffic=share / _WHOLE,
                    users=users,
                    needed=targets_for(users),
                    maximum=maximum,
                    left=survivors(maximum, zones),
                )


def _of_runtime(settings: Settings, runtime: str) -> int:
    """Percent of the traffic that a runtime takes."""
    if not (settings.runtime.on_ec2 and settings.runtime.on_kubernetes):
        return _WHOLE
    pods = settings.rollout.kubernetes_share
    return pods if runtime == KUBERNETES else _WHOLE - pods


def _room(settings: Settings, used: int, limit: int | None) -> Iterator[str]:
    """What to do about connections that do not fit."""
    if limit is None or used <= limit:
        return
    size = settings.sizes.database
    lower = "lower ascent:fleet.maximum, ascent:hpa.maximum or ascent:workers.maximum"
    if size.instance_class == "db.serverless":
        fits = [acu for acu in _ACUS if max_connections(size.instance_class, size.min_acu, acu) >= used]
        raise_ = f"raise ascent:database.maxAcu from {size.max_acu:g} to {fits[0]} or more" if fits else ""
    else:
        names = [name for name, memory in CLASSES.items() if memory and max_connections(name, 0, 0) >= used]
        raise_ = f"raise ascent:database.instanceClass from {size.instance_class} to {names[0]}" if names else ""
    yield f"{used} could connect and the database takes {limit}: {raise_ or 'no size of it takes so many'}; or {lower}"


# AWS raises the limit at these capacities, and not above.
_ACUS = (1, 4, 8, 16, 32)


def _growth(loads: tuple[Load, ...]) -> Iterator[str]:
    """What to do about fleets that are too small; every region has the same sizes."""
    for runtime, key in ((EC2, "fleet"), (KUBERNETES, "hpa")):
        short = [load for load in loads if load.runtime == runtime and not load.holds]
        if not short:
            continue
        most = max(short, key=lambda load: load.needed)
        zones = len(REGIONS[most.region].zones)
        counts = range(most.maximum, 2 * most.needed + zones)
        enough = next(count for count in counts if survivors(count, zones) >= most.needed)
        yield (
            f"{most.users} users need {most.needed} targets, and {most.left} of {most.maximum} are left with a zone "
            f"lost: raise ascent:{key}.maximum to {enough} or more"
        )
