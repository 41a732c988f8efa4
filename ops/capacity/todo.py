"""What to change where a stack cannot take what its stage states: `todo` of `ascent capacity`, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.capacity.connections import CLASSES, MOST_CONNECTIONS, SERVERLESS, max_connections
from infra.capacity.load import survivors
from infra.capacity.nodes import NodeBudget
from infra.config.settings import Settings
from infra.regions import REGIONS
from ops.capacity.loads import EC2, KUBERNETES, Load

# AWS raises the limit at these capacities, and not above.
_ACUS = (1, 4, 8, 16, 32)


def room(settings: Settings, used: int, limit: int | None) -> Iterator[str]:
    """What to change where connections do not fit the database."""
    if limit is None or used <= limit:
        return
    size = settings.sizes.database
    lower = "lower ascent:fleet.maximum, ascent:hpa.maximum or ascent:workers.maximum"
    if size.instance_class == SERVERLESS:
        fits = [acu for acu in _ACUS if max_connections(size.instance_class, acu, MOST_CONNECTIONS) >= used]
        raise_ = f"raise ascent:database.maxAcu from {size.max_acu:g} to {fits[0]} or more" if fits else ""
        if used > size.max_connections and fits:
            told = f"ascent:database.maxConnections from {size.max_connections} to {used} or more, and restart"
            raise_ = f"{raise_} and {told}" if fits[0] > size.max_acu else f"raise {told}"
    else:
        names = [name for name, memory in CLASSES.items() if memory and max_connections(name, 0) >= used]
        raise_ = f"raise ascent:database.instanceClass from {size.instance_class} to {names[0]}" if names else ""
    yield f"{used} could connect and the database takes {limit}: {raise_ or 'no size of it takes so many'}; or {lower}"


def growth(loads: Sequence[Load]) -> Iterator[str]:
    """What to change for fleets that are too small. Every region has the same sizes."""
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


def nodes(budget: NodeBudget) -> Iterator[str]:
    """What to change where the nodes cannot hold all pods."""
    for need in budget.needs:
        if need.node is None:
            yield f"{need}: lower ascent:pods"
    for key, needed, given in (
        ("cpu", budget.cpu_needed, budget.cpu),
        ("memory", budget.memory_needed, budget.memory),
    ):
        if needed > given:
            yield (
                f"pods at their most need nodes with {needed} together, and these may have {given}: raise "
                f"ascent:nodes.{key} to {needed} or more; or lower ascent:hpa.maximum or ascent:workers.maximum"
            )
