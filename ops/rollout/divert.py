"""Gives the old color all the traffic by the load balancer's API: in seconds, and before any update.

An update takes minutes, and waits for another one to end. What it does then is the same, and so changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from infra.config.models.rollout import Phase, Rollout
from infra.config.models.runtime import Runtime
from ops.rollout.gates import GateError, Gates, named
from ops.rollout.observer import Look, state
from ops.rollout.state_machine import OTHER, old_shares, under_way

Tell = Callable[[str], None]


def divert(look: Look, rollout: Rollout, tell: Tell) -> list[str]:
    """Move the weights of every region that has others. Returns why some could not be moved; empty where all are.

    A region whose old color has no healthy target keeps what it has: it may be on its way out already.

    Raises:
        EngineError: when the stack's outputs cannot be read.
        RolloutRefusedError: when they say nothing of its listeners.
    """
    back = old_shares(rollout)
    if back is None:
        return []
    old, moved, failed = OTHER[under_way(rollout).to], [], []
    for region, known in look.regions().items():
        try:
            if not _serves(look.gates, region, known, old):
                failed.append(f"{old} has no healthy target in {region}")
            elif _point(look.gates, region, known, back):
                moved.append(region)
        except GateError as error:
            failed.append(str(error))
    if moved:
        tell(f"All traffic is taken off {under_way(rollout).to} in {', '.join(moved)}, before any update.")
    return failed


def put_right(look: Look, rollout: Rollout, tell: Tell) -> None:
    """Give every listener the weights of a rollout that an update has just made, where they were moved meanwhile.

    For the way back and the end alone: weights that are moved then go to a color that is removed.

    Raises:
        GateError: when one cannot be read or moved.
    """
    for region, known in look.regions().items():
        if _point(look.gates, region, known, rollout):
            tell(f"The listener in {region} was moved by somebody else, and is put right.")


def is_diverted(look: Look, rollout: Rollout) -> bool:
    """Whether the traffic was taken off the new color in a region, to which the last update gave some.

    On the way back that is what the rollout does itself.
    """
    back = old_shares(rollout)
    if back is None or under_way(rollout).phase is not Phase.FORWARD:
        return False
    return any(
        state(known) != _wanted(known, back)
        and named(known["targetGroups"], look.gates.weights(region, known["listener"])) == _wanted(known, back)
        for region, known in look.regions().items()
    )


def _point(gates: Gates, region: str, known: Mapping[str, Any], rollout: Rollout) -> bool:
    """Have a region's listener forward by a rollout's weights. Says whether it did not."""
    wanted = _wanted(known, rollout)
    if named(known["targetGroups"], gates.weights(region, known["listener"])) == wanted:
        return False
    gates.forward(region, known["listener"], {known["targetGroups"][name]: one for name, one in wanted.items()})
    return True


def _serves(gates: Gates, region: str, known: Mapping[str, Any], color: str) -> bool:
    groups = [arn for name, arn in known["targetGroups"].items() if name.partition("-")[0] == color]
    return all(gates.healthy(region, arn) != 0 for arn in groups)


def _wanted(known: Mapping[str, Any], rollout: Rollout) -> dict[str, int]:
    """Weights by target group, of those that the region has: the file may speak of another runtime by now."""
    kinds = {name.partition("-")[2] for name in known["targetGroups"]}
    runtime = Runtime.BOTH if len(kinds) > 1 else Runtime.EC2 if "ec2" in kinds else Runtime.KUBERNETES
    return {name: weight for name, weight in rollout.shares(runtime).items() if weight}
