"""Separates changes by hand from those that other services may make, by the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog import paths
from catalog.data_loss import is_lost
from catalog.engine_steps import STACK_TYPE
from catalog.location import Locations
from catalog.schema import resource_schema
from catalog.sdk import SdkError
from infra.authoritative import told_by
from ops.drift import adopt
from ops.drift.exposure import opens, opens_gone
from ops.drift.ledger import LEDGER, Expected, left_by_the_program
from ops.drift.steps import Refreshed
from ops.drift.stopped import stopped
from ops.one_way import held

SECRET = {"secret": True}
# How the engine writes a secret: in its JSON, and in its events.
_BLINDED, _SIGNATURE = "[secret]", "4dabf18193072939515e22adb298388d"
CREATE, UPDATE, REPLACE, FAIL, HAND = "create", "update", "replace", "fail", "hand"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One property of a resource that is not as recorded.

    path: property path, as the engine writes it.
    recorded, found: plain data, None where there is nothing; `SECRET` for what must not be shown.
    """

    path: str
    recorded: Any
    found: Any

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"path": self.path, "recorded": self.recorded, "found": self.found}


@dataclass(frozen=True, kw_only=True, slots=True)
class Drifted:
    """A resource that was changed or deleted by hand.

    precious: whether its loss is a data loss.
    repair: what an update with --refresh does to it: create, update, replace; fail where it cannot be put back, hand
        where only the commands in `by_hand` do it.
    held: why it cannot be put back; empty if it can.
    by_hand: commands that put back what no update does.
    is_open: whether it admits clients that had no access before.
    keep: lines of the stack's file that keep the values that were found, where keys set them.
    """

    urn: str
    type: str
    name: str
    gone: bool
    precious: bool
    repair: str
    differences: tuple[Difference, ...]
    keep: tuple[str, ...]
    held: str = ""
    by_hand: tuple[str, ...] = ()
    is_open: bool = False

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """The order of resources: the lowest comes first."""
        return (not self.is_open, not self.precious, not self.gone)

    @property
    def cause(self) -> str:
        """Changes with the same cause are the same change on several resources."""
        return json.dumps(
            [self.is_open, self.precious, self.repair, self.held, self.type if self.gone else "", *self.by_hand]
            + [one.as_dict() for one in self.differences]
        )

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "urn": self.urn,
            "type": self.type,
            "gone": self.gone,
            "precious": self.precious,
            "open": self.is_open,
            "repair": self.repair,
            "properties": [one.as_dict() for one in self.differences],
            "keep": list(self.keep),
            "held": self.held or None,
            "byHand": list(self.by_hand),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Owned:
    """A property that its owner changed."""

    urn: str
    type: str
    name: str
    difference: Difference
    row: Expected

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "urn": self.urn,
            "type": self.type,
            **self.difference.as_dict(),
            "owner": self.row.owner,
            "reason": self.row.reason,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The drift of a stack.

    looked_at: number of resources that the engine compared.
    drifted: what has to be put back or kept: open access first, then precious resources, deletions before changes.
    owned: expected differences.
    """

    stack: str
    looked_at: int
    drifted: tuple[Drifted, ...]
    owned: tuple[Owned, ...]

    @property
    def groups(self) -> list[list[Drifted]]:
        """The drift by cause: the worst first, and among equals the cause with most resources."""
        found: dict[str, list[Drifted]] = {}
        for one in self.drifted:
            found.setdefault(one.cause, []).append(one)
        return sorted(found.values(), key=lambda alike: (*alike[0].rank, -len(alike)))

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "stack": self.stack,
            "lookedAt": self.looked_at,
            "drift": [one.as_dict() for one in self.drifted],
            "groups": [[one.urn for one in alike] for alike in self.groups],
            "expected": [one.as_dict() for one in self.owned],
        }


def judge(steps: Iterable[Refreshed], stack: str) -> Report:
    """Separate what the engine found into drift and expected differences."""
    steps = list(steps)
    outputs = next((one.recorded.outputs for one in steps if one.type == STACK_TYPE), {})
    authoritative, under_way = told_by(outputs), _rolls(outputs)
    locations = Locations()
    for step in steps:
        locations.take(step.urn, step.provider, step.recorded.inputs, step.recorded.outputs)
    drifted: list[Drifted] = []
    owned: list[Owned] = []
    looked_at = 0
    for step in steps:
        # Components and providers exist only in the program: no provider is asked about them.
        looked_at += bool(step.recorded.inputs) and not step.type.startswith("pulumi:")
        by_hand = dict(stopped(step.type, step.found.outputs)) if step.found else {}
        rows = dict(_expected(step, _rows(step, under_way=under_way)))
        expected = {path: row for path, row in rows.items() if path not in by_hand}
        owned += [_owned(step, path, row) for path, row in expected.items()]
        real = [path for path in step.changed if path not in expected and path not in by_hand]
        if real or by_hand or step.found is None:
            region = locations.of(step.urn, step.provider)
            precious = is_lost(step.urn, step.recorded.inputs, region, authoritative)
            drifted.append(_drifted(step, real, by_hand, precious=precious))
    drifted.sort(key=lambda one: (*one.rank, one.urn))
    return Report(stack=stack, looked_at=looked_at, drifted=tuple(drifted), owned=tuple(owned))


def _rows(step: Refreshed, *, under_way: bool) -> list[Expected]:
    """The rows of the ledger that apply to a resource."""
    rows = [one for one in LEDGER if one.type == step.type and (under_way or not one.in_rollout)]
    known = {one.path for one in rows}
    rows = [one for one in rows if one.path in step.ignored or not one.ignored]
    return rows + [left_by_the_program(step.type, path) for path in step.ignored if path not in known]


def _rolls(outputs: Mapping[str, Any]) -> bool:
    rollout = outputs.get("rollout")
    return isinstance(rollout, Mapping) and bool(rollout.get("progress"))


def _expected(step: Refreshed, rows: list[Expected]) -> Iterator[tuple[str, Expected]]:
    """Each property that its owner changed: those that the engine lists, and those that only the provider has.

    The engine compares what the program sets. It also reads the rest, such as a group's desired capacity, but then
    calls the resource the same.
    """
    for path in step.changed:
        for row in rows:
            if paths.covers(paths.parse(row.path), _parsed(path)):
                yield path, row
                break
    if step.found is None:
        return
    for row in rows:
        pattern = paths.parse(row.path)
        before = dict(paths.find(step.recorded.outputs, pattern))
        after = dict(paths.find(step.found.outputs, pattern))
        for place in before.keys() | after.keys():
            named = any(paths.covers(place, _parsed(path)) for path in step.changed)
            if before.get(place) != after.get(place) and not named:
                yield paths.render(place), row


def _owned(step: Refreshed, path: str, row: Expected) -> Owned:
    return Owned(urn=step.urn, type=step.type, name=step.name, difference=_difference(step, path), row=row)


def _drifted(step: Refreshed, changed: list[str], by_hand: Mapping[str, str], *, precious: bool) -> Drifted:
    gone = step.found is None
    differences = tuple(_difference(step, path) for path in sorted({*changed, *by_hand}))
    # The provider has told the engine whether putting it back takes a replacement.
    replaces = any(step.changed[path].endswith("-replace") for path in changed)
    lines = [adopt.line(step.type, step.name, one.path, one.found) for one in differences if one.found is not None]
    stuck = [held(step.type, one.path, one.recorded, one.found) for one in differences]
    why = next((one for one in stuck if one), "")
    return Drifted(
        urn=step.urn,
        type=step.type,
        name=step.name,
        gone=gone,
        precious=precious,
        repair=CREATE if gone else REPLACE if replaces else FAIL if why else UPDATE if changed else HAND,
        held=why,
        differences=differences,
        keep=tuple(one for one in lines if one),
        by_hand=tuple(by_hand.values()),
        is_open=opens_gone(step.type) if gone else any(_opens(step.type, one) for one in differences),
    )


def _opens(type_: str, one: Difference) -> bool:
    return one.found != SECRET and opens(type_, one.path, one.recorded, one.found)


def _difference(step: Refreshed, path: str) -> Difference:
    sides = [step.recorded, *([step.found] if step.found else [])]
    place = _parsed(path)
    states = [state.get(str(place[0])) for one in sides for state in (one.inputs, one.outputs)]
    if any(map(_has_secret, states)) or place[0] in _secrets(step.type):
        return Difference(path=path, recorded=SECRET, found=SECRET)
    # Properties that the program sets are compared by inputs; only the provider has the others.
    by_inputs = [paths.get(one.inputs, place) for one in sides]
    by_outputs = [paths.get(one.outputs, place) for one in sides]
    recorded, found = [*(by_outputs if all(one is None for one in by_inputs) else by_inputs), None][:2]
    return Difference(path=path, recorded=recorded, found=found)


def _secrets(type_: str) -> frozenset[str]:
    """Properties that the type's SDK marks as secret, even if the state does not."""
    try:
        schema = resource_schema(type_)
    except SdkError:
        # A type of another provider, whose SDK is not installed.
        return frozenset()
    return schema.secrets if schema else frozenset()


def _has_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return _SIGNATURE in value or any(map(_has_secret, value.values()))
    if isinstance(value, list):
        return any(map(_has_secret, value))
    return isinstance(value, str) and _BLINDED in value


def _parsed(path: str) -> paths.Path:
    try:
        return paths.parse(path) or (path,)
    except ValueError:
        return (path,)
