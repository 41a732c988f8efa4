"""Endpoints that clients use. An update that removes one waits until no instance uses it any more.

Instances read the addresses when they boot. The engine deletes an endpoint that is no longer declared after the program
has ended, and never if the program fails. So the program waits until the last instance with the address is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.config.settings import Settings
from infra.stages import STAGES, Capability

# Output with the endpoints that the last update gave to clients: names by region.
ENDPOINTS = "endpoints"
DATABASE, PROXY, PROXY_READS, CACHE = "database", "proxy", "proxy-reads", "cache"
# Endpoints of a stack without this output yet, by its stage. It may have fewer, for example by its runtime.
_AT_MOST = {
    DATABASE: Capability.DATABASE,
    PROXY: Capability.POOLING,
    PROXY_READS: Capability.READERS,
    CACHE: Capability.CACHE,
}
Given = Mapping[str, frozenset[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoints:
    """Endpoints of clients.

    now: those of this update, by region.
    gone: those that the last update gave and this one deletes, in regions that stay.
    """

    now: Given
    gone: Given


def given(settings: Settings, outputs: Mapping[str, Any]) -> Given:
    """The endpoints that clients have since the last update, by region; empty before the first one.

    Args:
        settings: of the stack.
        outputs: its outputs after the last update.
    """
    known, stage = outputs.get(ENDPOINTS), outputs.get("stage")
    if isinstance(known, Mapping):
        return {str(region): frozenset(map(str, names)) for region, names in known.items()}
    if stage is None:
        return {}
    names = frozenset(name for name, capability in _AT_MOST.items() if STAGES[int(stage)].has(capability))
    return dict.fromkeys(settings.active_regions, names)


def compared(before: Given, now: Mapping[str, Sequence[str]]) -> Endpoints:
    """Compare the endpoints that clients had `before` with those that they get `now`."""
    after = {region: frozenset(names) for region, names in now.items()}
    gone = {region: before.get(region, frozenset()) - names for region, names in after.items()}
    return Endpoints(now=after, gone={region: names for region, names in gone.items() if names})


def keep(found: Endpoints, served: pulumi.Output[Sequence[bool]]) -> None:
    """Export the endpoints for the next update. `served`: for each group, whether all instances were seen replaced."""
    pulumi.export(ENDPOINTS, {region: sorted(names) for region, names in sorted(found.now.items())})

    def warn(seen: Sequence[bool]) -> None:
        if found.gone and not all(seen):
            names = ", ".join(f"{name} in {region}" for region, all_ in found.gone.items() for name in sorted(all_))
            pulumi.log.warn(
                f"this update deletes endpoints ({names}), and not every instance was seen to have been replaced: "
                "those that still have them fail until their instance refresh is through"
            )

    if not pulumi.runtime.is_dry_run():
        served.apply(warn)
