"""After an engine that was killed: what it was creating may or may not exist, and its state does not know.

With a real cloud, a person looks, and either adopts the resource or deletes it. Here it can be looked up: whatever
exists of the types that were being created and belongs to no stack came from that run, holds nothing yet, and is
removed, so that the next run can create it again under its name.
"""

import json
from collections.abc import Iterator
from typing import Any

from sandbox.commands import state
from sandbox.commands.layout import Layout
from sandbox.provider.world import World, WorldView

ANYWHERE = "*"
GLOBAL = ""  # the scope of what is in no region, such as a role
Known = tuple[str, str, str]  # type, id, region


def remove_leftovers(layout: Layout, stack: str) -> list[str]:
    """Remove what the stack's interrupted creations left in the world. Returns what it was."""
    types = {
        str(operation["resource"]["type"])
        for operation in state.pending(layout, stack)
        if operation.get("type") == "creating"
    }
    if not types or not layout.world.exists():
        return []
    known = _known_to_any_stack(layout)

    def remove(view: WorldView) -> list[str]:
        strays = list(_strays(view, types, known))
        for stray in strays:
            view.remove(*stray)
        return [f"{token} {identifier}" for token, identifier, _ in strays]

    return World(layout.world).transact(remove)


def ownerless(layout: Layout) -> set[Known]:
    """Resources of the world that no stack's state has: retained when their stack was deleted, or made by hand."""
    if not layout.world.exists():
        return set()
    content = json.loads(layout.world.read_text(encoding="utf-8"))
    types = {token for by_type in content["resources"].values() for token in by_type}
    known = _known_to_any_stack(layout)
    return World(layout.world).transact(lambda view: set(_strays(view, types, known)))


def remove_unanswered(layout: Layout, before: set[Known]) -> None:
    """Remove resources that a failed update made but the engine does not know, as a provider died before its answer.

    `before` is what had no owner before the update, and stays.
    """
    unanswered = ownerless(layout) - before

    def remove(view: WorldView) -> None:
        for stray in unanswered:
            view.remove(*stray)

    if unanswered:
        World(layout.world).transact(remove)


def _strays(view: WorldView, types: set[str], known: set[Known]) -> Iterator[Known]:
    for token in sorted(types):
        for identifier, entry in view.all(token):
            owners = {(token, identifier, ANYWHERE), (token, identifier, entry.scope)}
            if not owners & known:
                yield token, identifier, entry.scope


def _known_to_any_stack(layout: Layout) -> set[Known]:
    return {entry for name in state.stacks(layout) for entry in _known(state.resources(layout, name))}


def _known(resources: list[dict[str, Any]]) -> set[Known]:
    """Type, id and region of all that a state knows; the region is ANYWHERE where it is not told."""
    regions = {
        f"{resource['urn']}::{resource['id']}": _region(resource)
        for resource in resources
        if str(resource["type"]).startswith("pulumi:providers:") and resource.get("id")
    }
    known: set[Known] = set()
    for resource in resources:
        if resource.get("id"):
            what, identifier = str(resource["type"]), str(resource["id"])
            region = _region(resource) or regions.get(str(resource.get("provider", ""))) or ANYWHERE
            known |= {(what, identifier, region), (what, identifier, GLOBAL)}
    return known


def _region(resource: dict[str, Any]) -> str | None:
    for side in ("inputs", "outputs"):
        region = (resource.get(side) or {}).get("region")
        if isinstance(region, str):
            return region
    return None
