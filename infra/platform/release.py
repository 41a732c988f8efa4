"""What a rollout has to know of a region: where the weights are, who stands behind them, which alarms stop it."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from infra.components.fleet import Fleet
from infra.components.gate_alarms import GateAlarms, GateAlarmsArgs
from infra.platform.surroundings import Surroundings


def release(around: Surroundings, fleets: Mapping[str, Fleet]) -> dict[str, pulumi.Input[object]]:
    """Declare what is missing, and return the region's outputs for `ascent rollout`.

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
            color: [*(fleets[color].alarm_names if color in fleets else []), *_pod_alarms(around, color)]
            for color in around.images
        },
    }


def _pod_alarms(around: Surroundings, color: str) -> list[pulumi.Output[str]]:
    """A fleet has gate alarms of its own, because its instance refresh needs them; pods get theirs here."""
    if not around.settings.runtime.on_kubernetes:
        return []
    target = f"{color}-k8s"
    return GateAlarms(
        f"{around.place.base}-{target}",
        GateAlarmsArgs(
            load_balancer=around.balancer.arn_suffix,
            target_group=around.balancer.target_groups[target].arn_suffix,
        ),
        opts=around.place.options,
    ).names
