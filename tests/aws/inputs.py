"""Where the inputs of planned resources are in AWS' models."""

from __future__ import annotations

from collections.abc import Iterable

from tests.aws.judge import Planned
from tests.aws.translate import Place, translated

Found = dict[str, list[tuple[str, Place]]]


def places(resources: Iterable[Planned]) -> dict[str, Found]:
    """Type token to path of an input to the views in which it is, and where there."""
    found: dict[str, Found] = {}
    seen: set[tuple[str, str, tuple[str, ...], tuple[str, ...]]] = set()
    for one in resources:
        of_type = found.setdefault(one.type, {})
        for view in translated(one.type, one.inputs):
            for place in view.places:
                key = (one.type, view.name, place.origin, place.target)
                if key not in seen:
                    seen.add(key)
                    of_type.setdefault(written(place.origin), []).append((view.name, place))
    return found


def written(path: Iterable[str]) -> str:
    """A path as the catalog writes it: `rules[*].status`."""
    return ".".join(path).replace(".*", "[*]")
