"""Which regions are authoritative: the data there is the original. All others hold copies of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

# Outputs by which a stack tells them, as of its last update. One that has run once knows its home by the first.
HOME, WRITER = "primaryRegion", "writer"


class Regions(Protocol):
    """What settings say of them."""

    @property
    def home(self) -> str: ...
    @property
    def writing_region(self) -> str: ...


def authoritative_regions(*settings: Regions) -> frozenset[str]:
    """By any of these settings: the home, and the region that takes the writes.

    The home is one after a failover too: what was not copied before is there alone, and a stack goes back to it.
    """
    return frozenset(region for one in settings for region in (one.home, one.writing_region))


def told_by(outputs: Mapping[str, Any]) -> frozenset[str]:
    """By a stack's outputs. None where they tell none, as of a stack that was never brought up."""
    return frozenset(one for name in (HOME, WRITER) if isinstance(one := outputs.get(name), str))
