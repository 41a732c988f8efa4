"""The judgment as `ascent advise --json` prints it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ops.advise.measures import MEASURES
from ops.advise.model import JudgedSignal, Judgment
from ops.advise.remedy_table import WITHOUT, Remedy

if TYPE_CHECKING:
    from ops.advise.move import StageMove


def document(stack: str, at: str, found: Judgment, move: StageMove | None, first: Sequence[Remedy]) -> dict[str, Any]:
    """All of it, with the keys that the command's help lists."""
    changed = found.recommended != found.stage
    line = {"file": f"Pulumi.{stack}.yaml", "key": "ascent:stage", "before": found.stage, "after": found.recommended}
    return {
        "stack": stack,
        "stage": found.stage,
        "at": at,
        "recommended": found.recommended,
        "direction": found.direction.value,
        "fine": found.fine,
        "binding": found.binding.trigger.measure if found.binding else None,
        "load": {"by": found.load, "growth": _finite(found.growth)},
        "triggers": [
            {
                "stage": one.trigger.stage,
                "measure": one.trigger.measure,
                "unit": MEASURES[one.trigger.measure].unit,
                "value": one.value,
                "threshold": one.trigger.above.value,
                "source": one.trigger.above.source,
                "headroom": one.headroom,
                "rise": _finite(one.rise),
                "state": one.state.value,
            }
            for one in found.triggers
        ],
        "signals": [
            {
                "measure": one.measure,
                "unit": MEASURES[one.measure].unit,
                "value": one.value,
                "threshold": one.alarm.limit.value,
                "source": one.alarm.limit.source,
                "state": one.state.value,
                "procedure": one.alarm.procedure,
            }
            for one in found.signals
        ],
        "procedures": list(dict.fromkeys(_procedures(found))),
        "quiet": list(found.quiet),
        "first": [one.as_dict() for one in first],
        "passed": [one.as_dict() for one in move.passed] if move else [],
        "without": _without(found, move),
        "config": line if changed else None,
        "move": move.as_dict() if move else None,
        "next": _next(stack, found),
        "notJudged": list(found.unjudged),
        "notes": list(found.notes),
    }


def _without(found: Judgment, move: StageMove | None) -> dict[str, str] | None:
    """What relieves the bottleneck without the stages between that nothing asks for."""
    if move is None or not move.unneeded or found.recommended not in WITHOUT:
        return None
    says, source = WITHOUT[found.recommended]
    return {"says": says, "source": source}


def _finite(value: float | None) -> float | None:
    """JSON has no infinity: what was nothing before has grown by no number of times."""
    return None if value is None or value == float("inf") else value


def _procedures(found: Judgment) -> Sequence[str]:
    return [
        one.alarm.procedure if isinstance(one, JudgedSignal) else MEASURES[one.trigger.measure].procedure
        for one in found.incidents
    ]


def _next(stack: str, found: Judgment) -> str | None:
    if found.recommended != found.stage:
        return f"ascent transition {found.stage} {found.recommended} --stack {stack}"
    if found.incidents:
        return f"docs/procedures.md#{_procedures(found)[0]}"
    return None if found.fine else f"ascent capacity --stack {stack}"
