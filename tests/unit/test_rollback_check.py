"""A stack's file that is behind the stack is refused: one from before a rollout's step, or from before a failover."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import boto3  # type: ignore[import-untyped]
import pulumi
import pytest
from botocore.stub import Stubber  # type: ignore[import-untyped]

from infra.config.models.rollout import Phase, Rollout, Strategy
from infra.wiring.rollback_check import refuse_rollback, undone_changes
from ops.rollout import state_machine
from ops.rollout.state_machine import Evidence
from tests.unit.configs import settings

OLD, NEW, NEWER = (f"public.ecr.aws/example/app:{tag}" for tag in ("1.0.0", "2.0.0", "3.0.0"))
HOME, OTHER = "us-east-1", "eu-west-1"
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def rollout(blue: int, *images: str | None, **progress: str) -> Rollout:
    """Blue's weight, the images of blue and green, and what is said of its progress."""
    colors = {
        name: {"weight": weight, **({"image": image} if image else {})}
        for name, weight, image in zip(("blue", "green"), (blue, 100 - blue), (*images, None), strict=False)
    }
    way = {"strategy": "blue-green", "phase": "forward", "to": "green", "before": OLD, "bake": 0, **progress}
    return Rollout.model_validate_json(json.dumps({**colors, **({"progress": way} if progress else {})}))


def way(strategy: Strategy) -> list[Rollout]:
    """All that a rollout puts into the file, from the start to the end, with its abort from half way."""
    now = rollout(100, OLD)
    found = [now]
    now = state_machine.start(now, strategy, NEW, NOW, 0)
    while now.progress is not None:
        found.append(now)
        ready = state_machine.settled(now, NOW)
        now = state_machine.step(ready, Evidence(waited=1e6)) if ready.progress else ready
    return [*found, now]


@pytest.mark.parametrize("strategy", Strategy)
def test_every_step_of_a_rollout_may_be_made_and_made_again_and_none_undone_changes(strategy: Strategy) -> None:
    steps = way(strategy)
    for before, after in pairwise(steps):
        assert list(undone_changes(before, after)) == []
        assert list(undone_changes(after, after)) == []
    for late, last in enumerate(steps):
        for now in steps[:late]:
            kept = all(
                now.colors[color].weight >= one.weight and now.colors[color].image == one.image
                for color, one in last.colors.items()
                if one.weight
            )
            # Once an update has left a rollout in place behind, another image is a release like any other.
            released = strategy is Strategy.ROLLING and last.progress is None
            assert list(undone_changes(last, now)) or kept or released, (last, now)


@pytest.mark.parametrize("strategy", Strategy)
def test_a_rollout_goes_back_from_every_step(strategy: Strategy) -> None:
    for now in way(strategy):
        last = now
        if last.progress is None or last.progress.phase is not Phase.FORWARD:
            continue
        back = state_machine.abort(last)
        while back.progress is not None:
            assert list(undone_changes(last, back)) == []
            last, ready = back, state_machine.settled(back, NOW)
            back = state_machine.step(ready, Evidence(waited=1e6)) if ready.progress else ready
        assert list(undone_changes(last, back)) == []
        assert back.colors == rollout(100, OLD).colors


@pytest.mark.parametrize("strategy", Strategy)
def test_a_rollout_that_went_back_may_be_tried_again_and_is_not_to_be_gone_on_with(strategy: Strategy) -> None:
    begun = state_machine.settled(state_machine.start(rollout(100, OLD), strategy, NEW, NOW, 0), NOW)
    taken = begun if strategy is Strategy.ROLLING else state_machine.step(begun, Evidence(waited=1e6))
    back = state_machine.abort(taken)
    last = (
        back
        if strategy is Strategy.ROLLING
        else state_machine.step(state_machine.settled(back, NOW), Evidence(waited=1e6))
    )
    over = state_machine.settled(last, NOW)
    assert over.progress is None
    again = state_machine.start(over, strategy, NEW, NOW.replace(hour=1), 0)
    assert list(undone_changes(last, again)) == []
    assert "the stack is further" in next(undone_changes(last, taken), "")


@pytest.mark.parametrize(
    ("last", "now", "said"),
    [
        # A merge during a blue-green at half, and after it.
        (rollout(50, OLD, NEW, phase="forward"), rollout(100, OLD), "the stack is in a rollout: blue 50 %"),
        (rollout(0, None, NEW, phase="cleaning"), rollout(100, OLD), "the stack sends 100 % to green, which runs"),
        (rollout(0, None, NEW), rollout(100, OLD), "Take its traffic away first"),
        (rollout(0, None, NEW), rollout(50, OLD, NEW, phase="forward"), "has left that rollout behind"),
        (rollout(75, OLD, NEW, phase="back"), rollout(50, OLD, NEW, phase="forward"), "the stack is further"),
        (rollout(100, NEW, strategy="rolling", to="blue"), rollout(100, OLD), "the stack has a newer image"),
        # Another one, while one is under way.
        (
            rollout(50, OLD, NEW, phase="forward"),
            rollout(50, OLD, NEWER, strategy="canary"),
            "the stack is in a rollout",
        ),
    ],
)
def test_a_file_from_before_is_refused(last: Rollout, now: Rollout, said: str) -> None:
    assert said in next(undone_changes(last, now), "")


@pytest.mark.parametrize(
    ("last", "now"),
    [
        (rollout(100, OLD), rollout(100, NEW)),
        (rollout(90, OLD, NEW), rollout(50, OLD, NEW)),
        (rollout(90, OLD, NEW), rollout(100, OLD, NEW)),
        (rollout(100, OLD, NEW), rollout(100, OLD)),
        # One in place is over in the file alone, and the next release comes by hand or by a rollout.
        (rollout(100, NEW, strategy="rolling", to="blue"), rollout(100, NEWER)),
        (
            rollout(100, NEW, strategy="rolling", to="blue"),
            rollout(100, NEW, NEWER, strategy="canary", before=NEW),
        ),
    ],
)
def test_what_is_no_step_back_is_let_pass(last: Rollout, now: Rollout) -> None:
    assert list(undone_changes(last, now)) == []


def refused(outputs: dict[str, Any], clients: Any = None, **changes: Any) -> None:
    refuse_rollback(settings(**changes), outputs, clients)


def test_numbers_are_whole_however_the_engine_hands_them_over() -> None:
    applied = {"blue": {"image": OLD, "weight": 100.0}, "green": {"weight": 0.0}, "kubernetesShare": 0.0}
    with pytest.raises(pulumi.RunError, match="Take its traffic away first"):
        refused({"rollout": applied}, rollout={"green": {"image": NEW, "weight": 100}, "blue": {"weight": 0}})


def test_what_is_refused_names_file_key_value_and_what_to_do() -> None:
    applied = rollout(50, OLD, NEW, phase="forward").model_dump(mode="json", by_alias=True, exclude_none=True)
    with pytest.raises(pulumi.RunError) as error:
        refused({"rollout": applied}, rollout={"blue": {"image": OLD, "weight": 100}})
    assert str(error.value) == (
        f"Pulumi.stack.yaml: ascent:rollout: given blue 100 % {OLD}, green 0 % without image, no rollout under way; "
        f"the stack is in a rollout: blue 50 % {OLD}, green 50 % {NEW}, blue-green to green (forward). This would end "
        "it at once. Take the file as it is where the rollout runs, or go on from here: ascent rollout step, or abort "
        "to go back"
    )


@pytest.mark.parametrize("outputs", [{}, {"rollout": {"what": "an older form"}}, {"writer": HOME}])
def test_a_stack_of_which_nothing_is_known_is_let_pass(outputs: dict[str, Any]) -> None:
    refused(outputs, stage=7)


@pytest.mark.parametrize("stage", [7, 6])
def test_a_file_from_before_a_failover_is_refused(stage: int) -> None:
    said = rf"ascent:writer: given nothing; the last update had {OTHER}.*failover --stack \S+ --to {HOME}"
    with pytest.raises(pulumi.RunError, match=said):
        refused({"writer": OTHER}, stage=stage)


def written(region: str) -> Any:
    """Clients by whose answer the database is written in a region."""
    rds = boto3.client("rds", HOME, aws_access_key_id="made-up", aws_secret_access_key="made-up")
    stub = Stubber(rds)
    members = [
        {"DBClusterArn": f"arn:aws:rds:{name}:123456789012:cluster:db", "IsWriter": name == region}
        for name in (HOME, OTHER)
    ]
    answer = {"GlobalClusters": [{"GlobalClusterIdentifier": "test-use1-global", "GlobalClusterMembers": members}]}
    stub.add_response("describe_global_clusters", answer, {"GlobalClusterIdentifier": "test-use1-global"})
    stub.activate()
    return lambda *_: rds


def test_where_aws_says_that_the_writes_are_elsewhere_the_file_is_refused() -> None:
    outputs = {"writer": HOME, "data": {"globalDatabase": "test-use1-global"}}
    with pytest.raises(pulumi.RunError, match=f"given {OTHER}; the database is written in {HOME}"):
        refused(outputs, written(HOME), stage=7, writer=OTHER)
    refused(outputs, written(OTHER), stage=7, writer=OTHER)


def test_where_aws_does_not_say_a_writer_that_is_named_is_believed() -> None:
    refused({"writer": HOME, "data": {"globalDatabase": "x"}}, None, stage=7, writer=OTHER)
    refused({"writer": HOME, "data": {}}, lambda *_: None, stage=7, writer=OTHER)
