"""Where a rollout is, as `status` tells it."""

from __future__ import annotations

from infra.choices import Strategy
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
    first, alarms, unhealthy, following = found.lines()
    assert first == "canary to green, forward: 30 min 00 s of watching left."
    assert alarms == "Alarms: green-errors"
    assert unhealthy.startswith("1 of ")
    assert following == "Next: ascent rollout step --stack test --all"


def test_without_a_rollout_there_is_nothing_to_do_and_no_workers_where_there_are_none() -> None:
    found = status_of(stack().walk, ["done"])
    assert (found.under_way, found.workers, found.next, found.done) == (False, None, None, ["done"])
    assert found.colors == {"blue": {"image": OLD, "weight": 100}, "green": {"image": None, "weight": 0}}
    assert found.lines() == ["No rollout is under way."]
