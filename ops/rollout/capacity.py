"""Whether the new color could carry its share: at its maximum, with a zone lost, the stage's users on it."""

from __future__ import annotations

from infra.capacity.load import load_of, survivors, targets_for
from infra.config.settings import Settings
from infra.regions import REGIONS
from infra.thresholds import REQUESTS_PER_TARGET, REQUESTS_PER_USER
from ops.capacity.loads import EC2, KUBERNETES, maxima, share

# The key with the maximum of each runtime, and its unit.
BOUNDS = {EC2: ("fleet", "instances"), KUBERNETES: ("hpa", "pods")}


def overload(settings: Settings, color: str, weight: int) -> list[str]:
    """Why `color` could not carry `weight` percent of each region's users, with the sum; empty where it could."""
    zones = min(len(REGIONS[region].zones) for region in settings.active_regions)
    users = settings.row.users
    problems = []
    for runtime, maximum in maxima(settings).items():
        key, what = BOUNDS[runtime]
        asked = load_of(users, weight, share(settings, runtime))
        left, needed = survivors(maximum, zones), targets_for(asked)
        if left < needed:
            problems.append(
                f"{color} at {weight} % has {asked} of a region's {users} users on its {what}: {asked} x "
                f"{REQUESTS_PER_USER.value} requests a minute / {REQUESTS_PER_TARGET.value} each = {needed} of them; "
                f"ascent:{key}.maximum {maximum} leaves {left} with a zone lost; raise it"
            )
    return problems
