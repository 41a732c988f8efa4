"""The endpoints that clients have: an update that takes one away ends once no instance uses it any more.

Instances read their addresses when they boot. An endpoint that the program no longer declares is deleted when the
program has ended, and not at all when it ends in an error. So the program waits for the last instance that still has
the address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.config.settings import Settings
from infra.stages import STAGES, Capability

# The output that keeps what the last update gave to clients: names of endpoints, by region.
ENDPOINTS = "endpoints"
DATABASE, PROXY, PROXY_READS, CACHE = "database", "proxy", "proxy-reads", "cache"
# What a stack has that was last updated before there was such an output. It may have less: by its runtime, say.
_AT_MOST = {
    DATABASE: Capability.DATABASE,
    PROXY: Capability.POOLING,
    PROXY_READS: Capability.READERS,
    CACHE: Capability.CACHE,
}
Given = Mapping[str, frozenset[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoints:
    """What clients are given.

    now: by this update, by region. gone: what the last one gave and this one deletes, in regions that stay.
    """

    now: Given
    gone: Given


def given(settings: Settings, outputs: Mapping[str, Any]) -> Given:
    """The endpoints that clients have since the last update, by region; none before the first.

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
    """What comes and goes between what clients had `before` and what they get `now`."""
    after = {region: frozenset(names) for region, names in now.items()}
    gone = {region: before.get(region, frozenset()) - names for region, names in after.items()}
    return Endpoints(now=after, gone={region: names for region, names in gone.items() if names})


def keep(found: Endpoints, served: pulumi.Output[Sequence[bool]]) -> None:
    """Leave to the next update what this one gave to clients. `served`: of each group, whether it was seen to."""
    pulumi.export(ENDPOINTS, {region: sorted(names) for region, names in sorted(found.now.items())})

    def told(seen: Sequence[bool]) -> None:
        if found.gone and not all(seen):
            names = ", ".join(f"{name} in {region}" for region, all_ in found.gone.items() for name in sorted(all_))
            pulumi.log.warn(
                f"this update deletes endpoints ({names}), and not every instance was seen to have been replaced: "
                "those that still have them fail until their instance refresh is through"
            )

    if not pulumi.runtime.is_dry_run():
        served.apply(told)
