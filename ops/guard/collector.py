"""Puts a preview together from the engine's own words, and keeps of each step only what rules look at."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from catalog.values import SENTINELS, SIGNATURE
from ops.engine.recorder import STACK_TYPE, Recorded
from ops.guard.preview import OPS, Op, Preview, Step
from policy.model import SECRET, UNKNOWN

# What the engine writes for a secret, unless it writes a map with `SIGNATURE` in it.
MASKED = "[secret]"
# Longer text is a document that no rule looks at, such as a dashboard: policies are at most as long as S3's.
_LONGEST = 20_480
_PROVIDER = "pulumi:providers:"
_DOES: dict[str, Op] = {
    "same": "same",
    "create": "create",
    "import": "create",
    "update": "update",
    "delete": "delete",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "import-replacement": "replace",
}
# Operations that change nothing in a cloud.
_HARMLESS = frozenset(
    {
        "discard",
        "discard-replaced",
        "read",
        "read-discard",
        "read-replacement",
        "refresh",
        "remove-pending-replace",
    }
)
_COLOR = re.compile(r"<\{%[^}]*%\}>|\x1b\[[0-9;]*m")


class Collector:
    """Takes a preview part by part."""

    def __init__(self) -> None:
        self._steps: list[tuple[Step, str]] = []
        self._seen: Counter[str] = Counter()
        self._regions: dict[str, str] = {}
        self._looked_at: set[str] = set()
        self._outputs: Mapping[str, Any] = {}
        self._urn: str | None = None
        self._malformed = 0
        self._config: Mapping[str, Any] = {}
        self._diagnostics: Sequence[Any] = ()
        self._counts: dict[str, int] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing was a preview's."""
        return not (self._urn or self._config or self._diagnostics or self._counts)

    def take(self, raw: Any) -> None:
        """One step, as the engine wrote it."""
        if not isinstance(raw, dict) or not isinstance(raw.get("urn"), str) or raw["urn"].count("::") < 3:
            self._malformed += 1
            return
        urn, op = raw["urn"], str(raw.get("op"))
        self._urn = self._urn or urn
        self._seen[op] += 1
        old, new = _map(raw.get("oldState")), _map(raw.get("newState"))
        type_ = sys.intern(_type(urn))
        if type_ == STACK_TYPE:
            self._outputs = _map(plain(_map(old.get("outputs"))))
            return
        provider = urn
        if not type_.startswith(_PROVIDER):
            reference = raw.get("provider") or old.get("provider") or new.get("provider") or ""
            provider = str(reference).rpartition("::")[0]
        region = self._region(provider, old, new)
        if provider == urn and region is not None:
            self._regions[urn] = region
        if op == "refresh" and old:
            self._looked_at.add(urn)
        if op not in _DOES:
            return
        detail = _map(raw.get("detailedDiff"))
        forced = [path for path, one in detail.items() if str(_map(one).get("kind")).endswith("-replace")]
        replaced_by = tuple(str(one) for one in forced or _list(raw.get("replaceReasons")))
        step = Step(
            op=_DOES[op],
            urn=urn,
            type=type_,
            before=_resource(urn, type_, old, region),
            after=_resource(urn, type_, new, region),
            changed=tuple(dict.fromkeys(str(one) for one in [*detail, *_list(raw.get("diffReasons"))])),
            replaced_by=replaced_by,
            forced_by=tuple(dict.fromkeys(_sources(replaced_by, _map(new.get("propertyDependencies"))))),
        )
        self._steps.append((step, provider))

    def surroundings(self, config: Sequence[Any], diagnostics: Sequence[Any], counts: Sequence[Any]) -> None:
        """What is told of the stack as a whole: a map of config and one of counts at most, and diagnostics."""
        self._config = _map(next(iter(config), None))
        self._diagnostics = tuple(diagnostics)
        told = _map(next(iter(counts), None))
        self._counts = {op: int(count) for op, count in told.items() if _is_number(count)}

    def preview(self, name: str, broken: str | None) -> Preview:
        """All that was taken.

        Args:
            name: what to call the file in messages.
            broken: what is wrong with its end, or None.
        """
        parts = self._urn.split("::") if self._urn else []
        stack, project = (parts[0].rpartition(":")[2], parts[1]) if parts else (None, None)
        return Preview(
            stack=stack,
            project=project,
            config={key: str(value) for key, value in self._config.items()},
            steps=tuple(self._placed()),
            counts=self._counts,
            outputs=self._outputs,
            errors=tuple(self._errors(name, broken)),
        )

    def _placed(self) -> Iterator[Step]:
        """The steps, now that all regions are known that the preview tells of."""
        for step, provider in self._steps:
            if step.op == "create" and step.urn in self._looked_at:
                step = replace(step, lost=True)
            region = self._regions.get(provider)
            if step.region is None and region is not None:
                before, after = (one and replace(one, region=region) for one in (step.before, step.after))
                yield replace(step, before=before, after=after)
            else:
                yield step

    def _region(self, provider: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
        """Region of a resource where it says so itself. What it says without having been told, its provider told it."""
        if not provider.rpartition("::")[0].endswith(f"{_PROVIDER}aws"):
            return None
        told = next((one for side in (old, new) if (one := _text(_map(side.get("inputs")).get("region")))), None)
        known = _text(_map(old.get("outputs")).get("region"))
        if told is None and known is not None:
            self._regions.setdefault(provider, known)
        return told or known

    def _errors(self, name: str, broken: str | None) -> Iterator[str]:
        for one in map(_map, self._diagnostics):
            if one.get("severity") == "error":
                text = _COLOR.sub("", str(one.get("message", ""))).strip().removeprefix("error: ")
                about = str(one.get("urn") or "").rpartition("::")[2]
                yield f"{about}: {text}" if about else text
        if broken:
            yield f"{name} {broken}, after {sum(self._seen.values())} steps"
        elif not self._counts:
            yield f"{name} has no changeSummary: the preview did not come to its end"
        if self._malformed:
            yield f"{name}: {self._malformed} of its steps are none that the engine writes"
        for op in OPS:
            announced = self._counts.get(op, 0)
            # What stays the same is left out unless asked for.
            if op != "same" and not broken and self._seen[op] < announced:
                yield f"{name}: {announced} {op} steps are announced, and {self._seen[op]} are there"
        unknown = sorted(op for op in self._seen if op not in _DOES and op not in _HARMLESS)
        if unknown:
            yield f"{name}: the engine would do what is not known here: {', '.join(unknown)}"


def _sources(paths: Sequence[str], dependencies: Mapping[str, Any]) -> Iterator[str]:
    """URNs that properties come from; the engine tells them by the first part of a path."""
    for path in paths:
        yield from map(str, _list(dependencies.get(re.split(r"[.\[]", path, maxsplit=1)[0])))


def _resource(urn: str, type_: str, raw: Mapping[str, Any], region: str | None) -> Recorded | None:
    if not raw:
        return None
    parent = raw.get("parent")
    return Recorded(
        urn=urn,
        type=type_,
        name=urn.rpartition("::")[2],
        parent=None if not isinstance(parent, str) or _type(parent) == STACK_TYPE else parent,
        region=region,
        protect=raw.get("protect") is True,
        inputs=_map(plain(_map(raw.get("inputs")))),
        custom=raw.get("custom") is True,
        retained=raw.get("retainOnDelete") is True,
        ignored=tuple(str(one) for one in _list(raw.get("ignoreChanges"))),
    )


def plain(value: Any) -> Any:
    """A value as policies take it, without what is secret."""
    if isinstance(value, str):
        if value in SENTINELS or len(value) > _LONGEST:
            return UNKNOWN
        return SECRET if value == MASKED else value
    if isinstance(value, dict):
        if SIGNATURE in value:
            return SECRET
        return {sys.intern(key): plain(one) for key, one in value.items() if key != "__defaults"}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _type(urn: str) -> str:
    return "".join(urn.split("::")[2:3]).rpartition("$")[2]


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    known = isinstance(value, str) and value != MASKED and value not in SENTINELS
    return sys.intern(value) if known else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
