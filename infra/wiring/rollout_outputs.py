"""Outputs that `ascent rollout` reads: where the weights are, which groups serve, and which alarms stop it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from infra.components.compute.fleet import Fleet
from infra.components.compute.load_balancer import HttpsListener
from infra.config.models.rollout import Rollout
from infra.wiring.workload_context import WorkloadContext


def applied(rollout: Rollout) -> dict[str, Any]:
    """The rollout that this update applies, as an output.

    `since` is left out: when a step was finished is known only after the update, and would change the output each time.
    """
    return rollout.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"progress": {"since"}})


def rollout_outputs(
    workload: WorkloadContext, listener: HttpsListener, fleets: Mapping[str, Fleet]
) -> dict[str, pulumi.Input[object]]:
    """A region's outputs for `ascent rollout`.

    listener, weights: ARN of the HTTPS listener, and what it forwards in percent by target group.
    targetGroups: ARN by name; a name starts with its color.
    groups, alarms: autoscaling group, and names of the gate alarms, by running color.
    """
    balancer, gates = workload.balancer, workload.gates
    return {
        "listener": listener.arn,
        "weights": listener.weights,
        "targetGroups": {name: group.arn for name, group in balancer.target_groups.items()},
        "groups": {color: fleet.group_name for color, fleet in fleets.items()},
        "alarms": {
            color: gates.of(*(target for target in gates.targets if target.startswith(f"{color}-")))
            for color in workload.images
        },
    }
