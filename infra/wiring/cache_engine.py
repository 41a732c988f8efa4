"""Engine of ElastiCache, Redis or Valkey. Changes that ElastiCache does not support are refused beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from infra.config.settings import Settings
from infra.stages import STAGES, Capability

# Key in the output `data`: the engine after the last update.
ENGINE = "cacheEngine"
REDIS, VALKEY, NONE = "redis", "valkey", "none"


def cache_engine(settings: Settings, outputs: Mapping[str, Any]) -> str:
    """The engine of the stack's ElastiCache; `NONE` where the stack has another cache, or none.

    Args:
        settings: of the stack.
        outputs: its outputs after the last update. A stack without any, or without a cache, gets Valkey by default.

    Raises:
        pulumi.RunError: when ElastiCache cannot change to the engine, or not in a Global Datastore.
    """
    size, wanted = settings.sizes.cache, settings.cache.engine
    if size is None or size.in_cluster or settings.external_cache is not None:
        return NONE
    last = _previous_engine(outputs)
    if last == NONE:
        return wanted or VALKEY
    if wanted in (None, last):
        return last
    where = f"Pulumi.{pulumi.get_stack()}.yaml: ascent:cache.engine: given {wanted}; the cache has {last}"
    if wanted == REDIS:
        raise pulumi.RunError(f"{where}, and ElastiCache does not go back. Set {VALKEY}, or leave it out")
    if len(settings.active_regions) > 1 or len(outputs.get("regions") or ()) > 1:
        raise pulumi.RunError(
            f"{where}. No engine changes in a Global Datastore, nor while one comes or goes: set {last} for now, and "
            "see docs/upgrades.md"
        )
    return VALKEY


def _previous_engine(outputs: Mapping[str, Any]) -> str:
    """The engine after the last update. Older stacks have no such output: there, every cache was Redis."""
    engine = (outputs.get("data") or {}).get(ENGINE)
    if engine in (REDIS, VALKEY, NONE):
        return str(engine)
    stage = STAGES.get(int(outputs.get("stage") or 0))
    return REDIS if stage is not None and stage.has(Capability.CACHE) else NONE
