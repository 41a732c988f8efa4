"""Where a rollout is, as `status` tells it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from infra.config.models.rollout import Strategy
from ops.rollout.gates import GateError
from ops.rollout.state_machine import RolloutRefusedError, Traffic
from ops.rollout.status import status_of
from tests.rollout.fakes import NEW, OLD, stack


def test_it_says_how_long_is_left_and_what_comes_next() -> None:
    fakes = stack(stage=6)
    fakes.walk.start(Strategy.CANARY, NEW)
    fakes.walk.step()
    fakes.alarms, fakes.healthy_targets = ["green-errors"], 1
    found = status_of(fakes.walk, [])
    assert (found.seconds_left, found.alarms, found.workers) == (30 * 60, ["green-errors"], "blue")
    assert found.weights == {"us-east-1": {"blue-ec2": 95, "green-ec2": 5}}
    assert found.as_dict()["colors"]["green"] == {"image": NEW, "weight": 5}
    first, alarms, targets, following = found.lines()
    assert first == "canary to green, forward: the next step goes back (alarms of green: green-errors)."
    assert alarms == "Alarms: 1 of the 1 gate alarms of green fires: green-errors."
    assert targets.startswith("Targets: 1 of ")
    assert "targets of green-ec2 in us-east-1 are healthy" in targets
    assert found.as_dict()["targets"] == [{"region": "us-east-1", "group": "green-ec2", "healthy": 1, "least": 4}]
    assert following == "Next: ascent rollout step --stack test --all"


def test_without_a_rollout_there_is_nothing_to_do_and_no_workers_where_there_are_none() -> None:
    found = status_of(stack().walk, ["done"])
    assert (found.under_way, found.workers, found.next, found.done) == (False, None, None, ["done"])
    assert found.colors == {"blue": {"image": OLD, "weight": 100}, "green": {"image": None, "weight": 0}}
    assert found.lines() == ["No rollout is under way.", "Alarms: none of the 1 gate alarms of blue fires."]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"alarms": ["green-errors"]}, "the next step goes back (alarms of green: green-errors)"),
        ({"healthy_targets": 0}, "not yet, green is not healthy: 0 of "),
        ({"requests": Traffic(requests=1, failed=0)}, "not yet, too few requests to tell: green got 1"),
        ({}, "ready"),
    ],
)
def test_ready_is_what_the_next_step_is_not_refused_for(change: dict[str, Any], said: str) -> None:
    fakes = stack()
    fakes.walk.start(Strategy.CANARY, NEW)
    fakes.walk.step()
    fakes.time += timedelta(minutes=30)
    for name, value in change.items():
        setattr(fakes, name, value)
    told = status_of(fakes.walk, [])
    assert (told.verdict or "").startswith(said)
    before = fakes.said
    if said == "ready":
        fakes.walk.step()
        assert fakes.said.colors["green"].weight == 25
    else:
        with pytest.raises(RolloutRefusedError):
            fakes.walk.step()
        assert fakes.said == before or fakes.said.progress is None


def test_what_cannot_be_seen_of_a_stack_that_is_not_in_a_rollout_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = stack()

    def blind(*_: object) -> Any:
        raise GateError("cloudwatch in us-east-1: could not connect")

    monkeypatch.setattr(fakes.gates, "fired", blind)
    monkeypatch.setattr(fakes.gates, "healthy", blind)
    assert status_of(fakes.walk, []).lines() == ["No rollout is under way."]
