"""Previews as the engine prints them, made of two renders without an engine."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from catalog import diff, paths
from catalog.schema import resource_schema
from catalog.values import SENTINELS
from infra.config.problems import SECRETS
from infra.wiring import build
from ops.engine.recorder import SECRET, UNKNOWN, Recorded
from ops.guard.collector import MASKED
from ops.guard.context import context_of
from ops.guard.judge import GuardVerdict, judge
from ops.guard.model import CostLimit
from ops.guard.reader import read
from ops.stackfile import PROJECT
from tests.unit.configs import config, settings
from tests.unit.runtime import STACK, record

STACK_URN = f"urn:pulumi:{STACK}::{PROJECT}::pulumi:pulumi:Stack::{PROJECT}-{STACK}"
# Mutations are made at a low stage where they can be: its renders take half as long.
BASE: dict[str, Any] = {"stage": 2, "regions": ["us-east-1", "eu-west-1"]}
Render = Mapping[str, Recorded]
_SENTINEL = sorted(SENTINELS)[0]


def render(**changes: Any) -> Render:
    """What the program registers for the tests' config with changes, as after an update."""
    return record(lambda: build(settings(**{**BASE, **changes})), live=True)


def preview(before: Render, after: Render, *, sames: bool = True, **changes: Any) -> dict[str, Any]:
    """What the engine would print of an update.

    Args:
        before, after: the stack as it is, and as it would be.
        sames: whether what stays the same is listed.
        changes: to the config, as for `render`. `was` holds the ones before.
    """
    was = {**BASE, **changes.pop("was", {})}
    values = config(**{**BASE, **changes})
    steps = [_step(urn, before.get(urn), after.get(urn), _providers(before, after)) for urn in {**before, **after}]
    own = {
        "op": "same",
        "urn": STACK_URN,
        "oldState": {"urn": STACK_URN, "outputs": _outputs(was) if before else {}},
        "newState": {"urn": STACK_URN},
    }
    counts = Counter(step["op"] for step in [own, *steps])
    return {
        "config": {f"{PROJECT}:{key}": _text(_hidden(key, value)) for key, value in values.items()},
        "steps": [own, *(step for step in steps if sames or step["op"] != "same")],
        "diagnostics": [{"message": "warning: nobody is told\n", "severity": "warning"}],
        "duration": 8_000_000_000,
        "changeSummary": dict(counts),
    }


def judged(document: Any, today: date | None = None, max_rise: CostLimit | None = None) -> GuardVerdict:
    """What the guard makes of a preview: a document, or the bytes of one."""
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    found = read(io.BytesIO(raw), "preview.json")
    return judge(found, context_of(found, max_rise=max_rise), today or datetime.now(UTC).date())


def _outputs(was: Mapping[str, Any]) -> dict[str, Any]:
    home = was["regions"][0]
    return {"stage": was["stage"], "primaryRegion": home, "writer": was.get("writer", home)}


def _hidden(path: str, value: Any) -> Any:
    """A value of the config, as far as it is no secret."""
    if isinstance(value, dict) and path not in SECRETS:
        return {key: _hidden(f"{path}.{key}", one) for key, one in value.items()}
    if path not in SECRETS:
        return value
    return dict.fromkeys(value, MASKED) if isinstance(value, dict) else MASKED


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _providers(*renders: Render) -> dict[str, str]:
    found = [one for side in renders for one in side.values() if one.type == "pulumi:providers:aws"]
    return {str(one.inputs["region"]): one.urn for one in found}


def _step(urn: str, before: Recorded | None, after: Recorded | None, providers: Mapping[str, str]) -> dict[str, Any]:
    changes = list(_differences(before, after))
    step: dict[str, Any] = {"op": _op(before, after, changes), "urn": urn}
    for side, one in (("oldState", before), ("newState", after)):
        if one is not None:
            step[side] = _state(one, providers)
    step["detailedDiff"] = {
        paths.render(one.path): {"kind": f"{one.kind}-replace" if one.replaces else one.kind, "inputDiff": True}
        for one in changes
    }
    return step


def _op(before: Recorded | None, after: Recorded | None, changes: Iterable[diff.PropertyChange]) -> str:
    if before is None:
        return "create"
    if after is None:
        return "delete"
    found = list(changes)
    return "replace" if any(one.replaces for one in found) else "update" if found else "same"


def _differences(before: Recorded | None, after: Recorded | None) -> Iterator[diff.PropertyChange]:
    if before is None or after is None or not after.custom or after.type.startswith("pulumi:"):
        return
    schema = resource_schema(after.type)
    assert schema is not None, after.type
    regions = (before.region or "", after.region or "")
    yield from diff.compare(schema, dict(before.inputs), dict(after.inputs), list(after.ignored), {}, regions).changes


def _state(one: Recorded, providers: Mapping[str, str]) -> dict[str, Any]:
    state: dict[str, Any] = {
        "urn": one.urn, "custom": one.custom, "type": one.type, "inputs": masked(one.inputs),
        "parent": one.parent or STACK_URN, "outputs": {"region": one.region} if one.region else {},
    }  # fmt: skip
    provider = providers.get(one.region or "")
    if provider and one.type.startswith("aws:"):
        state["provider"] = f"{provider}::04da6b54"
    # The engine leaves out what is not so.
    flags = {"protect": one.protect, "retainOnDelete": one.retained, "ignoreChanges": list(one.ignored)}
    return state | {name: value for name, value in flags.items() if value}


def masked(value: Any) -> Any:
    """A value as previews show it."""
    if value == SECRET:
        return MASKED
    if value == UNKNOWN:
        return _SENTINEL
    if isinstance(value, Mapping):
        return {key: masked(one) for key, one in value.items()}
    return [masked(one) for one in value] if isinstance(value, list | tuple) else value
