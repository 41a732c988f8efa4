"""Made-up resources as the engine prints them after it looked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

STACK = "urn:pulumi:prod::ascent::pulumi:pulumi:Stack::ascent-prod"
PROGRESS = {"strategy": "canary", "phase": "forward", "to": "green"}


def urn(type_: str, name: str) -> str:
    """URN of a resource of production."""
    return f"urn:pulumi:prod::ascent::ascent:infra:Part${type_}::{name}"


def looked(
    type_: str,
    name: str,
    recorded: Mapping[str, Any],
    found: Mapping[str, Any] | None,
    ignored: Sequence[str] = (),
    **changed: str,
) -> dict[str, Any]:
    """One resource, with the inputs that the state has and those that were found; with None, it is gone.

    ignored: what the program leaves to others.
    changed: what the engine calls the difference, by property.
    """
    states: list[dict[str, Any] | None] = [
        {"type": type_, "inputs": one, "outputs": one, "ignoreChanges": ignored} if one is not None else None
        for one in (recorded, found)
    ]
    step: dict[str, Any] = {"urn": urn(type_, name), "oldState": states[0], "detailedDiff": None}
    if found is None:
        return {**step, "op": "delete"}
    if recorded == found:
        return {**step, "op": "refresh", "newState": states[1]}
    details = {path: {"kind": kind, "inputDiff": True} for path, kind in changed.items()}
    return {**step, "op": "update", "newState": states[1], "detailedDiff": details}


def itself(rollout: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The stack, as the first of what the engine looks at."""
    state = {"type": "pulumi:pulumi:Stack", "outputs": {"rollout": rollout or {}}}
    return {"urn": STACK, "op": "refresh", "oldState": state, "newState": state, "detailedDiff": None}


def written(directory: Path, *steps: Mapping[str, Any], rollout: Mapping[str, Any] | None = None) -> Path:
    """A file that holds the stack and these."""
    file = directory / "refresh.json"
    file.write_text(json.dumps({"steps": [itself(rollout), *steps]}))
    return file
