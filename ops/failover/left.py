"""What an update that failed has left as it was, of what the new writer needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from catalog.engine_steps import EngineStep
from catalog.location import Locations
from infra import naming

# In the engine's words. What only looks at the others can wait, and so can the program's own parts.
NOTHING = ("same", "read", "refresh")
CAN_WAIT = ("aws:cloudwatch/", "pulumi:", f"{naming.token('')}")


def left(foreseen: Iterable[EngineStep], away: Collection[str]) -> list[str]:
    """What an update would still change, except for resources of AWS and Kubernetes in some regions.

    Args:
        foreseen: what it would do to each resource, their providers among them: these say where a resource is.
        away: regions that are lost, or excluded from traffic.
    """
    steps = list(foreseen)
    locations = Locations()
    for step in steps:
        locations.take_step(step)

    def counts(step: EngineStep) -> bool:
        elsewhere = locations.of(step.urn, step.provider) not in away
        return step.op not in NOTHING and elsewhere and not step.type.startswith(CAN_WAIT)

    return [f"{step.op} {step.name}" for step in steps if counts(step)]
