"""What an update that failed has left as it was, of what the new writer needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from catalog.engine_steps import EngineStep
from infra import naming

# In the engine's words. What only looks at the others can wait, and so can the program's own parts.
NOTHING = ("same", "read", "refresh")
CAN_WAIT = ("aws:cloudwatch/", "pulumi:", f"{naming.token('')}")


def left(foreseen: Iterable[EngineStep], stack: str, away: Collection[str]) -> list[str]:
    """What an update would still change, but for what AWS and Kubernetes hold in some regions.

    Args:
        foreseen: what it would do to each resource.
        stack: its name.
        away: regions that are lost, or that no visitor is sent to.
    """
    bases = tuple(naming.regional(stack, region) for region in away)
    return [
        f"{step.op} {step.name}" for step in foreseen if step.op not in NOTHING and _counts(step.type, step.name, bases)
    ]


def _counts(kind: str, name: str, away: tuple[str, ...]) -> bool:
    there = kind.startswith(("aws:", "kubernetes:")) and name.startswith(away)
    return not there and not kind.startswith(CAN_WAIT)
