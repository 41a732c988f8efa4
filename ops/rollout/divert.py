"""Gives the old color all the traffic by the load balancer's API: in seconds, and before any update.

An update takes minutes, and waits for another one to end. What it does then is the same, and so changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from infra.choices import Rollout
from ops.rollout.gates import GateError, named
from ops.rollout.look import Look, state
from ops.rollout.machine import old_shares, under_way


def divert(look: Look, rollout: Rollout, tell: Callable[[str], None]) -> list[str]:
    """Move the weights of every region that has others. Returns why some could not be moved; empty where all are.

    Raises:
        EngineError: when the stack's outputs cannot be read.
        RefusedError: when they say nothing of its listeners.
    """
    back = old_shares(rollout)
    if back is None:
        return []
    wanted, moved, failed = _wanted(look, back), [], []
    for region, known in look.regions().items():
        try:
            if named(known["targetGroups"], look.gates.weights(region, known["listener"])) == wanted:
                continue
            arns = {known["targetGroups"][name]: weight for name, weight in wanted.items()}
            look.gates.forward(region, known["listener"], arns)
            moved.append(region)
        except GateError as error:
            failed.append(str(error))
    if moved:
        tell(f"All traffic is taken off {under_way(rollout).to} in {', '.join(moved)}, before any update.")
    return failed


def is_diverted(look: Look, rollout: Rollout) -> bool:
    """Whether somebody has taken the traffic off the new color in a region, to which the last update gave some."""
    back = old_shares(rollout)
    if back is None:
        return False
    wanted = _wanted(look, back)
    return any(
        state(known) != wanted and named(known["targetGroups"], look.gates.weights(region, known["listener"])) == wanted
        for region, known in look.regions().items()
    )


def _wanted(look: Look, rollout: Rollout) -> dict[str, int]:
    return {name: weight for name, weight in rollout.shares(look.file.settings().runtime).items() if weight}
