"""What a rollout has to know of a region: where the weights are, who stands behind them, which alarms stop it."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from infra.components.compute.fleet import Fleet
from infra.wiring.workload_context import Surroundings


def release(around: Surroundings, fleets: Mapping[str, Fleet]) -> dict[str, pulumi.Input[object]]:
    """The region's outputs for `ascent rollout`.

    listener, weights: ARN of the HTTPS listener, and what it forwards in percent by target group.
    targetGroups: ARN by name; a name starts with its color.
    groups, alarms: autoscaling group, and names of the gate alarms, by running color.
    """
    balancer = around.balancer
    return {
        "listener": balancer.listener_arn,
        "weights": balancer.weights,
        "targetGroups": {name: group.arn for name, group in balancer.target_groups.items()},
        "groups": {color: fleet.group_name for color, fleet in fleets.items()},
        "alarms": {
            color: around.gates.of(*(target for target in around.gates.targets if target.startswith(f"{color}-")))
            for color in around.images
        },
    }
