"""docs/transitions.md: the moves between stages, what they delete, and what cannot change in one update."""

from __future__ import annotations

from functools import cache

from infra.stages import STAGES
from ops.console import short
from ops.documents.model import Document, table
from ops.transition.matrix import Matrix, offline
from ops.transition.update_constraints import UPDATE_CONSTRAINTS

# Only the shipped stacks: a team's own stacks do not belong into the document.
SHIPPED = ("dev", "prod", "sandbox", "staging")


@cache
def matrix(stack: str) -> Matrix:
    """All moves of a shipped stack."""
    return offline(stack)


def verdicts() -> str:
    """Every move of every shipped stack."""
    rows = []
    for stack in SHIPPED:
        found = matrix(stack)
        for came_from in STAGES:
            cells = [_verdict(found, came_from, to) for to in STAGES]
            rows.append([stack if came_from == min(STAGES) else "", came_from, *cells])
    return table(["stack", "from", *(f"to {stage}" for stage in STAGES)], rows)


def _verdict(found: Matrix, came_from: int, to: int) -> str:
    if {came_from, to} & set(found.refused):
        return "-"
    if came_from == to:
        return ""
    (move,) = [one for one in found.transitions if (one.came_from, one.to) == (came_from, to)]
    route = found.several.get((came_from, to))
    way = "" if route is None else f" by {', '.join(str(step) for step in route.steps[:-1])}"
    return f"{'clear' if move.clear else 'LOSES'}{way}"


def leaving() -> str:
    """Stateful resources that a step down deletes, by the reason why nothing is lost, over all shipped stacks."""
    found: dict[tuple[int, str], set[str]] = {}
    for stack in SHIPPED:
        for move in matrix(stack).transitions:
            for change in move.changes if move.to == move.came_from - 1 else ():
                if change.rebuilt is not None:
                    found.setdefault((move.came_from, change.rebuilt), set()).add(short(change.type))
    rows = [
        [f"{stage} to {stage - 1}", ", ".join(sorted(types)), reason]
        for (stage, reason), types in sorted(found.items())
    ]
    return table(["step", "goes", "why nothing is lost"], rows)


def constraints() -> str:
    """What AWS refuses in one update."""
    return table(
        ["update constraint", "why", "source"], [[one.name, one.reason, one.source] for one in UPDATE_CONSTRAINTS]
    )


DOCUMENT = Document(
    file="docs/transitions.md", tables={"constraints": constraints}, renders={"verdicts": verdicts, "leaving": leaving}
)
