"""What steps say while they wait, and how long they ask."""

from __future__ import annotations

import pytest

from infra.thresholds import ANSWER_WAIT, STILL_WAITING
from ops import steps


def test_who_watches_is_told_now_and_then_that_it_waits(capsys: pytest.CaptureFixture[str]) -> None:
    slept: list[float] = []
    wait = steps.Patience(slept.append)
    for _ in range(2 * STILL_WAITING.value // 5 + 1):
        wait(5)
    assert set(slept) == {5}
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.strip() for line in said.err.splitlines()] == [
        "waiting, 2 min in all so far...",
        "waiting, 4 min in all so far...",
    ]


@pytest.mark.parametrize(("after", "well"), [(0, True), (3, True), (1000, False)])
def test_an_answer_may_take_a_while(monkeypatch: pytest.MonkeyPatch, after: int, well: bool) -> None:  # noqa: FBT001
    asked: list[str] = []
    waited: list[float] = []

    def one(url: str) -> bool:
        asked.append(url)
        return len(asked) > after

    monkeypatch.setattr(steps, "_answers", one)
    assert steps.answers("https://app.example.com/api/health", waited.append) is well
    assert sum(waited) <= ANSWER_WAIT.value
    assert (after == 0) == (waited == [])
