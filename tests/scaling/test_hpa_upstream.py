"""ops/scaling/hpa.py decides what the real controller of Kubernetes decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from ops.scaling.hpa import HpaReason
from scripts.hpa_controller import find_hpa_controller
from scripts.say import ProblemError
from tests.scaling.cases import KINDS, made
from tests.scaling.upstream import HpaCase, ours, theirs


@pytest.fixture(scope="session")
def program() -> Path:
    try:
        return find_hpa_controller()
    except ProblemError as problem:
        pytest.skip(f"there is no controller to compare with: {problem}")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_both_decide_the_same(kind: Callable[[Random], HpaCase], program: Path) -> None:
    cases = made(kind, KINDS[kind])
    for number, (case, answers) in enumerate(zip(cases, theirs(program, cases), strict=True)):
        for look, (own, other) in enumerate(zip(ours(case), answers, strict=True)):
            assert own == other, f"case {number}, look {look}: {case.rules}\n{case.looks[: look + 1]}"


def test_the_cases_reach_everything() -> None:
    reasons: Counter[HpaReason] = Counter()
    ways: Counter[str] = Counter()
    for kind, count in KINDS.items():
        for case in made(kind, count):
            before = 0
            for look, verdict in zip(case.looks, ours(case), strict=True):
                before = before if look.replicas is None else look.replicas
                reasons[verdict.reason] += 1
                ways["up" if verdict.replicas > before else "down" if verdict.replicas < before else "none"] += 1
                ways["stabilized"] += bool(verdict.stabilized)
                before = verdict.replicas
    assert set(reasons) == set(HpaReason)
    assert min(reasons.values()) > 200, reasons
    assert min(ways.values()) > 2000, ways
