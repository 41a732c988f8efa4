"""Reads the engine's event log: what it did, resource by resource, in a form programs can use."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NO_CHANGE = ("same", "read", "refresh")


@dataclass(frozen=True)
class Step:
    """One operation on one resource."""

    op: str
    urn: str
    type: str
    keys: tuple[str, ...] = ()  # the properties that made the engine replace it
    diffs: tuple[str, ...] = ()  # the properties that differ
    detail: dict[str, str] = field(default_factory=dict)  # path of a property: what happens to it, as "update-replace"
    custom: bool = False  # a resource of a provider's, as opposed to a component
    failed: bool = False

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rsplit("::", 1)[-1]

    @property
    def real(self) -> bool:
        """Whether it is about something that would exist in a cloud."""
        return self.custom and not self.type.startswith("pulumi:")


@dataclass
class Events:
    """What a run did."""

    steps: list[Step] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    changes: dict[str, int] = field(default_factory=dict)  # how many resources per operation; empty if it never ended

    @property
    def changed(self) -> dict[str, int]:
        """The operations that changed something."""
        return {op: count for op, count in self.changes.items() if op not in NO_CHANGE and count}


def read_events(log: Path) -> Events:
    """Everything of interest in an event log; a last line cut short by a crash is left out."""
    events = Events()
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return events
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        _take(events, event)
    return events


def _take(events: Events, event: dict[str, Any]) -> None:
    if "resourcePreEvent" in event:
        events.steps.append(_step(event["resourcePreEvent"]["metadata"]))
    elif "resOpFailedEvent" in event:
        events.steps.append(_step(event["resOpFailedEvent"]["metadata"], failed=True))
    elif "summaryEvent" in event:
        events.changes = dict(event["summaryEvent"].get("resourceChanges") or {})
    elif "diagnosticEvent" in event:
        severity = event["diagnosticEvent"].get("severity")
        message = str(event["diagnosticEvent"].get("message", "")).strip()
        if severity == "error" and message:
            events.errors.append(message)
        elif severity == "warning" and message:
            events.warnings.append(message)


def _step(metadata: dict[str, Any], *, failed: bool = False) -> Step:
    state = metadata.get("new") or metadata.get("old") or {}
    return Step(
        op=str(metadata.get("op", "")),
        urn=str(metadata.get("urn", "")),
        type=str(metadata.get("type", "")),
        keys=tuple(metadata.get("keys") or ()),
        diffs=tuple(metadata.get("diffs") or ()),
        detail={path: str(diff.get("diffKind", "")) for path, diff in (metadata.get("detailedDiff") or {}).items()},
        custom=bool(state.get("custom")),
        failed=failed,
    )
