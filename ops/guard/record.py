"""A verdict as plain data, for `ascent guard --json`."""

from __future__ import annotations

from typing import Any

from ops.guard.allowances import lines
from ops.guard.causes import grouped
from ops.guard.judge import GuardVerdict
from ops.guard.preview import OPS


def record(verdict: GuardVerdict, stack: str) -> dict[str, Any]:
    """All of it; the command's help has the schema."""
    preview, context = verdict.preview, verdict.context
    settings, found = context.settings, verdict.capacity
    allow, passed = lines(verdict.findings, verdict.today), verdict.passed
    return {
        "stack": stack,
        "project": preview.project,
        "verdict": verdict.answer,
        "stage": {"from": preview.outputs.get("stage"), "to": settings.stage} if settings else None,
        "changes": {op: preview.counts.get(op, 0) for op in OPS},
        "data": {"lost": list(verdict.lost), "copies": list(verdict.copies), "rebuilt": list(verdict.rebuilt)},
        "cost": _cost(verdict),
        "capacity": {"holds": found.holds, "todo": list(found.todo)} if found else None,
        "findings": [
            {
                "what": one.rule,
                "severity": one.severity,
                "urn": one.urn,
                "property": one.path,
                "message": one.message,
                "reason": one.reason,
                "stops": one.stops,
                "passed": (one.rule, one.urn) in passed,
                "allow": allow[one.rule, one.urn],
            }
            for one in verdict.findings
        ],
        "groups": [
            {
                "what": group.first.rule,
                "severity": group.first.severity,
                "cause": group.cause.urn if group.cause else None,
                "message": group.first.message,
                "urns": list(dict.fromkeys(one.urn for one in group.findings)),
            }
            for group in grouped(verdict.findings, preview.steps)
        ],
        "allowed": [{**one.entry.model_dump(mode="json"), "use": one.use} for one in verdict.allowed],
        "skipped": [{"rules": list(one.rules), "reason": one.reason} for one in verdict.skipped],
        "errors": list(verdict.errors),
    }


def _cost(verdict: GuardVerdict) -> dict[str, Any] | None:
    bill = verdict.context.bill
    return bill.as_dict() if bill else None
