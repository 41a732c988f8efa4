"""Arithmetic on load, instances and connections. Pure functions of numbers, without Pulumi and settings."""

from __future__ import annotations

import math

from infra.thresholds import (
    POD_DISRUPTION,
    POD_SURGE,
    POOL_SIZE_MAX,
    POOL_SIZE_MIN,
    REQUESTS_PER_TARGET,
    REQUESTS_PER_USER,
)

WHOLE = 100  # percent


def pool_size(instances: int) -> int:
    """Database connections a pooler opens for `instances` application instances.

    (instances x 2) + 1, from the Horizontal Scaling Guide's "Connection Pool Best Practices", within the runbooks'
    bounds of 20 and 200.

    Raises:
        ValueError: when `instances` is negative.
    """
    if instances < 0:
        raise ValueError(f"a fleet cannot have {instances} instances")
    return min(max(instances * 2 + 1, POOL_SIZE_MIN.value), POOL_SIZE_MAX.value)


def survivors(instances: int, zones: int) -> int:
    """Instances left when the fullest of `zones` zones is lost, the instances being spread evenly.

    Raises:
        ValueError: when there is no zone, or a negative number of instances.
    """
    if zones < 1 or instances < 0:
        raise ValueError(f"cannot spread {instances} instances over {zones} zones")
    return instances - math.ceil(instances / zones)


def targets_for(users: int) -> int:
    """Targets that `users` concurrent users need, by the requests each target takes.

    Raises:
        ValueError: when `users` is negative.
    """
    if users < 0:
        raise ValueError(f"{users} users cannot be served")
    return math.ceil(users * REQUESTS_PER_USER.value / REQUESTS_PER_TARGET.value)


def carries(instances: int, zones: int, users: int) -> bool:
    """Whether `instances` still serve `users` concurrent users after the loss of a zone."""
    return survivors(instances, zones) >= targets_for(users)


def disruptable(pods: int) -> int:
    """How many of `pods` a drain may evict at once: the share in the disruption budget, which Kubernetes rounds up."""
    return math.ceil(pods * POD_DISRUPTION.value / WHOLE)


def at_most(maximum: int) -> int:
    """Most pods of a Deployment during an update: its maximum and the surge, which Kubernetes rounds up."""
    return maximum + math.ceil(maximum * POD_SURGE.value / WHOLE)


def load_of(users: int, weight: int, share: int) -> int:
    """Users of a color with `weight` percent on a runtime with `share` percent of the traffic, rounded up."""
    # Multiplied before it is divided, so that rounding a share loses no user.
    return math.ceil(users * weight * share / WHOLE**2)
