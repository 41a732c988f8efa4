"""Gives the old color all the traffic by the load balancer's API: in seconds, and before any update.

An update takes minutes, and has to wait for another one to end. The update that follows sets the same weights, so it
changes nothing more.
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
    """Move the weights in every region where they differ. Returns why some could not be moved; empty if all were.

    A region whose old color has no healthy target keeps its weights: the old color may be in removal already.

    Raises:
        EngineError: when the stack's outputs cannot be read.
        RolloutRefusedError: when they do not name its listeners.
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
    """Restore the weights that an update has just set, on listeners where they were changed meanwhile.

    Only for a rollback and for the end: other weights would then lead to a color that is removed.

    Raises:
        GateError: when one cannot be read or moved.
    """
    for region, known in look.regions().items():
        if _point(look.gates, region, known, rollout):
            tell(f"The listener in {region} had other weights than the update has set; they are corrected.")


def is_diverted(look: Look, rollout: Rollout) -> bool:
    """Whether a region's listener sends no traffic to the new color, although the last update gave it some.

    During a rollback, the rollout itself does that.
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
    """Set a rollout's weights on a region's listener. Returns whether they were other ones."""
    wanted = _wanted(known, rollout)
    if named(known["targetGroups"], gates.weights(region, known["listener"])) == wanted:
        return False
    gates.forward(region, known["listener"], {known["targetGroups"][name]: one for name, one in wanted.items()})
    return True


def _serves(gates: Gates, region: str, known: Mapping[str, Any], color: str) -> bool:
    groups = [arn for name, arn in known["targetGroups"].items() if name.partition("-")[0] == color]
    return all(gates.healthy(region, arn) != 0 for arn in groups)


def _wanted(known: Mapping[str, Any], rollout: Rollout) -> dict[str, int]:
    """Weights of the target groups that the region has: the file may name another runtime by now."""
    kinds = {name.partition("-")[2] for name in known["targetGroups"]}
    runtime = Runtime.BOTH if len(kinds) > 1 else Runtime.EC2 if "ec2" in kinds else Runtime.KUBERNETES
    return {name: weight for name, weight in rollout.shares(runtime).items() if weight}
