"""Reads the engine's event log: what it did, resource by resource, in a form programs can use."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalog.engine_steps import EngineStep, of_event

NO_CHANGE = ("same", "read", "refresh")


@dataclass
class Events:
    """What a run did."""

    steps: list[EngineStep] = field(default_factory=list)
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
        events.steps.append(of_event(event["resourcePreEvent"]["metadata"]))
    elif "resOpFailedEvent" in event:
        events.steps.append(of_event(event["resOpFailedEvent"]["metadata"], failed=True))
    elif "summaryEvent" in event:
        events.changes = dict(event["summaryEvent"].get("resourceChanges") or {})
    elif "diagnosticEvent" in event:
        severity = event["diagnosticEvent"].get("severity")
        message = str(event["diagnosticEvent"].get("message", "")).strip()
        if severity == "error" and message:
            events.errors.append(message)
        elif severity == "warning" and message:
            events.warnings.append(message)
