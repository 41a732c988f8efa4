"""Which engine ElastiCache has, Redis or Valkey, and the moves between them that are refused beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from infra.config.settings import Settings
from infra.stages import STAGES, Capability

# In the output `data`: what the last update left.
ENGINE = "cacheEngine"
REDIS, VALKEY, NONE = "redis", "valkey", "none"


def cache_engine(settings: Settings, outputs: Mapping[str, Any]) -> str:
    """The engine of the stack's ElastiCache; `NONE` where it has another cache, or none.

    Args:
        settings: of the stack.
        outputs: those of its last update. Without any, as before its first, Valkey is what a cache gets.

    Raises:
        pulumi.RunError: when ElastiCache does not go there, or not where the cache is.
    """
    size, told = settings.sizes.cache, settings.cache.engine
    if size is None or size.in_cluster or settings.external_cache is not None:
        return NONE
    last = _last(outputs)
    if last == NONE:
        return told or VALKEY
    if told in (None, last):
        return last
    where = f"Pulumi.{pulumi.get_stack()}.yaml: ascent:cache.engine: given {told}; the cache has {last}"
    if told == REDIS:
        raise pulumi.RunError(f"{where}, and ElastiCache does not go back. Set {VALKEY}, or leave it out")
    if len(settings.active_regions) > 1 or len(outputs.get("regions") or ()) > 1:
        raise pulumi.RunError(
            f"{where}. No engine changes in a Global Datastore, nor while one comes or goes: set {last} for now, and "
            "see docs/upgrades.md"
        )
    return VALKEY


def _last(outputs: Mapping[str, Any]) -> str:
    """What the last update left. Before it said so, every cache was Redis, and a stage had one or not."""
    left = (outputs.get("data") or {}).get(ENGINE)
    if left in (REDIS, VALKEY, NONE):
        return str(left)
    stage = STAGES.get(int(outputs.get("stage") or 0))
    return REDIS if stage is not None and stage.has(Capability.CACHE) else NONE
