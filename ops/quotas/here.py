"""The resources of a rendered plan, for computing a need: by type, in one region, with the sources of their inputs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops.engine.recorder import Recorded
    from ops.engine.render import RenderedStack


class Here:
    """The resources of one region, or of all of them."""

    def __init__(self, plan: RenderedStack, region: str | None = None) -> None:
        self._plan = plan
        self._by_urn = {one.urn: one for one in plan.resources}
        self._by_type: dict[str, list[Recorded]] = defaultdict(list)
        for one in plan.resources:
            if region is None or self._region(one) == region:
                self._by_type[one.type].append(one)

    def of(self, type_: str) -> list[Recorded]:
        """Resources of a type."""
        return self._by_type.get(type_, [])

    def made_of(self, one: Recorded, name: str) -> list[Recorded]:
        """The resources whose outputs an input of a resource is made of, sorted by URN."""
        trace = self._plan.traces[one.urn]
        return [self._by_urn[urn] for urn in sorted(trace.depends.get(name, ())) if urn in self._by_urn]

    def _region(self, one: Recorded) -> str | None:
        """Its own region, or that of its component: Kubernetes objects have none."""
        found: Recorded | None = one
        while found is not None and found.region is None:
            found = self._by_urn.get(found.parent or "")
        return found.region if found else None
