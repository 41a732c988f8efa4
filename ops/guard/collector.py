"""Builds a preview from the engine's output, and keeps of each step only what rules read."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from catalog import engine_steps
from catalog.engine_steps import STACK_TYPE, EngineState, as_mapping
from catalog.location import KUBERNETES, Locations
from catalog.urns import type_of
from catalog.values import SENTINELS, SIGNATURE
from ops.engine.recorder import Recorded
from ops.guard.preview import OPS, Op, Preview, PreviewStep
from policy.model import SECRET, UNKNOWN

# What the engine writes for a secret, unless it writes a map with `SIGNATURE` in it.
MASKED = "[secret]"
# Longer text is a document that no rule reads, such as a dashboard: policies are at most as long as S3's.
_LONGEST = 20_480
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
    """Takes the parts of a preview one by one."""

    def __init__(self) -> None:
        self._steps: list[tuple[PreviewStep, str]] = []
        self._seen: Counter[str] = Counter()
        self._locations = Locations()
        self._looked_at: set[str] = set()
        self._outputs: Mapping[str, Any] = {}
        self._urn: str | None = None
        self._malformed = 0
        self._config: Mapping[str, Any] = {}
        self._diagnostics: Sequence[Any] = ()
        self._counts: dict[str, int] = {}

    @property
    def is_empty(self) -> bool:
        """Whether no part of a preview was found."""
        return not (self._urn or self._config or self._diagnostics or self._counts)

    def take(self, raw: Any) -> None:
        """One step, as the engine wrote it."""
        try:
            step = engine_steps.of_document(raw)
        except ValueError:
            self._malformed += 1
            return
        urn, type_ = step.urn, sys.intern(step.type)
        self._urn = self._urn or urn
        self._seen[step.op] += 1
        if type_ == STACK_TYPE:
            self._outputs = plain(step.old.outputs) if step.old else {}
            return
        self._locations.take_step(step)
        if step.op == "refresh" and step.old:
            self._looked_at.add(urn)
        if step.op not in _DOES:
            return
        replaced_by = step.replacing or step.keys
        dependencies = step.new.dependencies if step.new else {}
        change = PreviewStep(
            op=_DOES[step.op],
            urn=urn,
            type=type_,
            before=_resource(urn, type_, step.old),
            after=_resource(urn, type_, step.new),
            changed=tuple(dict.fromkeys([*step.kinds, *step.diffs])),
            replaced_by=replaced_by,
            forced_by=tuple(dict.fromkeys(_sources(replaced_by, dependencies))),
        )
        self._steps.append((change, step.provider))

    def surroundings(self, config: Sequence[Any], diagnostics: Sequence[Any], counts: Sequence[Any]) -> None:
        """Take the parts about the whole stack: the config, the counts and diagnostics."""
        self._config = as_mapping(next(iter(config), None))
        self._diagnostics = tuple(diagnostics)
        told = as_mapping(next(iter(counts), None))
        self._counts = {op: int(count) for op, count in told.items() if _is_number(count)}

    def preview(self, name: str, broken: str | None) -> Preview:
        """The preview of all parts.

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

    def _placed(self) -> Iterator[PreviewStep]:
        """The steps with their regions, which are known once all steps were read."""
        for step, provider in self._steps:
            if step.op == "create" and step.urn in self._looked_at:
                step = replace(step, lost=True)
            region = self._locations.of(step.urn, provider)
            if region is not None:
                by_cluster = type_of(provider) == KUBERNETES
                before, after = (
                    one and _placed(one, region, by_cluster=by_cluster) for one in (step.before, step.after)
                )
                step = replace(step, before=before, after=after)
            yield step

    def _errors(self, name: str, broken: str | None) -> Iterator[str]:
        for one in map(as_mapping, self._diagnostics):
            if one.get("severity") == "error":
                text = _COLOR.sub("", str(one.get("message", ""))).strip().removeprefix("error: ")
                about = str(one.get("urn") or "").rpartition("::")[2]
                yield f"{about}: {text}" if about else text
        if broken:
            yield f"{name} {broken}, after {sum(self._seen.values())} steps"
        elif not self._counts:
            yield f"{name} has no changeSummary: the preview was not completed"
        if self._malformed:
            yield f"{name}: {self._malformed} of its steps are not in the form that the engine writes"
        for op in OPS:
            announced = self._counts.get(op, 0)
            # Without --show-sames, the engine leaves out what stays the same.
            if op != "same" and not broken and self._seen[op] < announced:
                yield f"{name}: {announced} {op} steps are announced, and {self._seen[op]} are there"
        unknown = sorted(op for op in self._seen if op not in _DOES and op not in _HARMLESS)
        if unknown:
            yield f"{name}: it has operations that this version does not know: {', '.join(unknown)}"


def _placed(one: Recorded, region: str, *, by_cluster: bool) -> Recorded:
    return replace(one, cluster_region=region) if by_cluster else replace(one, region=region)


def _sources(paths: Sequence[str], dependencies: Mapping[str, Any]) -> Iterator[str]:
    """URNs that properties come from; the engine lists them by the first part of a path."""
    for path in paths:
        urns = dependencies.get(re.split(r"[.\[]", path, maxsplit=1)[0])
        yield from map(str, urns if isinstance(urns, list) else ())


def _resource(urn: str, type_: str, state: EngineState | None) -> Recorded | None:
    if state is None:
        return None
    return Recorded(
        urn=urn,
        type=type_,
        name=urn.rpartition("::")[2],
        parent=None if state.parent is None or type_of(state.parent) == STACK_TYPE else state.parent,
        region=None,
        protect=state.protect,
        inputs=plain(state.inputs),
        custom=state.custom,
        retained=state.retained,
        ignored=state.ignored,
    )


def plain(value: Any) -> Any:
    """A value as policies read it, without secrets."""
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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
