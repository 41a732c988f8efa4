"""The tables of docs/transitions.md."""

from __future__ import annotations

from functools import cache

from infra.stages import STAGES
from ops.console import short
from ops.transition.matrix import Matrix, offline
from ops.transition.update_constraints import LAWS

# Not whatever a checkout has: a team's own stack is no part of the document.
SHIPPED = ("dev", "prod", "sandbox", "staging")


@cache
def matrix(stack: str) -> Matrix:
    """All moves of a shipped stack."""
    return offline(stack)


def verdicts() -> str:
    """Every move of every shipped stack."""
    head = f"| stack | from | {' | '.join(f'to {stage}' for stage in STAGES)} |"
    lines = [head, f"|---|---|{'---|' * len(STAGES)}"]
    for stack in SHIPPED:
        found = matrix(stack)
        for came_from in STAGES:
            cells = [_verdict(found, came_from, to) for to in STAGES]
            lines.append(f"| {stack if came_from == min(STAGES) else ''} | {came_from} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _verdict(found: Matrix, came_from: int, to: int) -> str:
    if {came_from, to} & set(found.refused):
        return "-"
    if came_from == to:
        return ""
    (one,) = [one for one in found.transitions if (one.came_from, one.to) == (came_from, to)]
    route = found.several.get((came_from, to))
    way = "" if route is None else f" by {', '.join(str(step) for step in route.steps[:-1])}"
    return f"{'clear' if one.clear else 'LOSES'}{way}"


def leaving() -> str:
    """What is stateful and goes with a step down, by why nothing is lost, over all shipped stacks."""
    found: dict[tuple[int, str], set[str]] = {}
    for stack in SHIPPED:
        for one in matrix(stack).transitions:
            for change in one.changes if one.to == one.came_from - 1 else ():
                if change.rebuilt is not None:
                    found.setdefault((one.came_from, change.rebuilt), set()).add(short(change.type))
    lines = [
        f"| {stage} to {stage - 1} | {', '.join(sorted(types))} | {reason} |"
        for (stage, reason), types in sorted(found.items())
    ]
    return "\n".join(["| step | goes | why nothing is lost |", "|---|---|---|", *lines])


def laws() -> str:
    """What AWS refuses in one update."""
    lines = [f"| {law.name} | {law.reason} | {law.source} |" for law in LAWS]
    return "\n".join(["| law | why | source |", "|---|---|---|", *lines])
