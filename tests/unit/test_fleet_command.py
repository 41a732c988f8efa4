"""`ascent fleet`: what came of the instance refreshes after an update."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from ops import cli, stackfile
from ops.engine import updates
from ops.fleet import GroupState, fleets, settled
from ops.rollout import gates as gates_module
from ops.rollout.gates import GateError, Refresh
from tests.unit.configs import settings

REGION: dict[str, Any] = {
    "autoscalingGroups": {"test-use1-blue": "asg-blue", "test-use1-workers": "asg-workers"},
    "rollout": {"groups": {"blue": "asg-blue"}, "targetGroups": {"blue-ec2": "arn:blue", "green-ec2": "arn:green"}},
}
DONE, GOING = Refresh(done=True), Refresh(done=False, says="asg-blue: InProgress, 35 %")
FAILED = Refresh(done=False, failed=True, says="asg-blue: Failed, 35 % (alarm errors)")


class Eyes:
    """What is seen: refreshes by group, and healthy targets."""

    poll: float = 15

    def __init__(self, healthy: int | None = 9, **refreshes: Refresh) -> None:
        self._healthy = healthy
        self._refreshes = {f"asg-{name}": one for name, one in refreshes.items()}

    def refresh(self, region: str, group: str) -> Refresh:
        assert region in ("us-east-1", "eu-west-1")
        return self._refreshes.get(group, DONE)

    def healthy(self, region: str, target_group: str) -> int | None:
        assert (region, target_group) in (("us-east-1", "arn:blue"), ("eu-west-1", "arn:blue"))
        return self._healthy


def states(eyes: Eyes, **changes: Any) -> dict[str, GroupState]:
    chosen = settings(stage=changes.pop("stage", 6), **changes)
    return {f"{one.region} {one.name}": one.state for one in fleets(chosen, {"us-east-1": REGION}, eyes)}


@pytest.mark.parametrize(
    ("eyes", "blue", "workers"),
    [
        (Eyes(), GroupState.FINE, GroupState.FINE),
        (Eyes(healthy=None), GroupState.FINE, GroupState.FINE),
        (Eyes(blue=GOING), GroupState.WAITING, GroupState.FINE),
        (Eyes(blue=FAILED), GroupState.FAILED, GroupState.FINE),
        (Eyes(healthy=3), GroupState.WAITING, GroupState.FINE),
        (Eyes(workers=GOING), GroupState.FINE, GroupState.WAITING),
    ],
)
def test_a_group_is_fine_when_its_refresh_is_through_and_its_minimum_healthy(
    eyes: Eyes, blue: GroupState, workers: GroupState
) -> None:
    assert states(eyes) == {"us-east-1 test-use1-blue": blue, "us-east-1 test-use1-workers": workers}


def test_a_lost_region_is_not_asked() -> None:
    chosen = settings(stage=7, unreachable="eu-west-1")
    found = fleets(chosen, {"us-east-1": REGION, "eu-west-1": REGION}, Eyes())
    assert {one.region for one in found} == {"us-east-1"}


def test_it_is_waited_for_until_nothing_is_under_way() -> None:
    looks = iter([Eyes(blue=GOING), Eyes(blue=GOING), Eyes()])
    waits: list[float] = []
    found = settled(
        lambda: list(fleets(settings(stage=6), {"us-east-1": REGION}, next(looks))),
        seconds=600,
        wait=waits.append,
        poll=15,
    )
    assert {one.state for one in found} == {GroupState.FINE}
    assert waits == [15, 15]


def test_nothing_is_waited_for_once_one_has_failed_or_the_time_is_up() -> None:
    waits: list[float] = []

    def seen(eyes: Eyes, seconds: float) -> set[GroupState]:
        look = settings(stage=6)
        found = settled(
            lambda: list(fleets(look, {"us-east-1": REGION}, eyes)), seconds=seconds, wait=waits.append, poll=15
        )
        return {one.state for one in found}

    assert seen(Eyes(blue=FAILED, workers=GOING), 600) == {GroupState.FAILED, GroupState.WAITING}
    assert waits == []
    assert seen(Eyes(blue=GOING), 30) == {GroupState.WAITING, GroupState.FINE}
    assert waits == [15, 15]


def run(monkeypatch: pytest.MonkeyPatch, eyes: Eyes | Exception, *arguments: str) -> Any:
    def looked(_: str | None) -> Eyes:
        if isinstance(eyes, Exception):
            raise eyes
        return eyes

    monkeypatch.setattr(stackfile, "settings", lambda _: settings(stage=6))
    monkeypatch.setattr(updates.Automation, "outputs", lambda _: {"regions": {"us-east-1": REGION}})
    monkeypatch.setattr(gates_module, "gates", looked)
    return CliRunner().invoke(cli.app, ["fleet", "--stack", "prod", *arguments], env={"COLUMNS": "80", "NO_COLOR": "1"})


def test_what_it_prints_and_exits_with(monkeypatch: pytest.MonkeyPatch) -> None:
    fine = run(monkeypatch, Eyes())
    assert fine.exit_code == 0
    assert "test-use1-blue" in fine.output
    assert "9 of 4" in fine.output
    failed = run(monkeypatch, Eyes(blue=FAILED))
    assert failed.exit_code == 1
    assert "Failed, 35 % (alarm errors)" in " ".join(failed.output.split())
    assert "docs/procedures.md" in failed.output
    assert all(len(line) <= 80 for line in failed.output.splitlines())
    unseen = run(monkeypatch, GateError("autoscaling in us-east-1: no credentials"))
    assert unseen.exit_code == 2
    document = json.loads(run(monkeypatch, Eyes(blue=GOING), "--json").stdout)
    assert (document["stack"], document["ok"]) == ("prod", False)
    assert document["fleets"][0] == {
        "region": "us-east-1",
        "name": "test-use1-blue",
        "group": "asg-blue",
        "state": "under way",
        "healthy": 9,
        "least": 4,
        "refresh": "asg-blue: InProgress, 35 %",
    }
