"""ops/scaling/hpa.py decides what the real controller of Kubernetes decides, for thousands of cases of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

import pytest

from ops.scaling.hpa import HpaReason
from scripts.hpa_controller import find_hpa_controller
from scripts.say import ProblemError
from tests.scaling.cases import KINDS, made
from tests.scaling.upstream import HpaCase, Verdict, ours, theirs


@pytest.fixture(scope="session")
def program() -> Path:
    try:
        return find_hpa_controller()
    except ProblemError as problem:
        pytest.skip(f"there is no controller to compare with: {problem}")


@cache
def _ours(kind: Callable[[Random], HpaCase]) -> list[list[Verdict]]:
    return [ours(case) for case in made(kind)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_both_decide_the_same(kind: Callable[[Random], HpaCase], program: Path) -> None:
    cases = made(kind)
    for number, (case, own, other) in enumerate(zip(cases, _ours(kind), theirs(program, cases), strict=True)):
        for look, (mine, real) in enumerate(zip(own, other, strict=True)):
            assert mine == real, f"case {number}, look {look}: {case.rules}\n{case.looks[: look + 1]}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_group_is_as_many_pods(kind: Callable[[Random], HpaCase]) -> None:
    assert [ours(case, grouped=True) for case in made(kind)] == _ours(kind)


def test_the_cases_reach_everything() -> None:
    reasons: Counter[HpaReason] = Counter()
    ways: Counter[str] = Counter()
    for kind in KINDS:
        for case, verdicts in zip(made(kind), _ours(kind), strict=True):
            before = 0
            for look, verdict in zip(case.looks, verdicts, strict=True):
                before = before if look.replicas is None else look.replicas
                reasons[verdict.reason] += 1
                ways["up" if verdict.replicas > before else "down" if verdict.replicas < before else "none"] += 1
                ways["stabilized"] += bool(verdict.stabilized)
                before = verdict.replicas
    assert set(reasons) == set(HpaReason)
    assert min(reasons.values()) > 200, reasons
    assert min(ways.values()) > 2000, ways
