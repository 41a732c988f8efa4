"""Whole walks, with an engine that obeys at once: what happens in which order, and what is left after a stop."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest

from catalog.engine_steps import EngineState, EngineStep
from infra.config.models.rollout import Rollout, Strategy
from infra.config.problems import SettingsError
from ops.engine.updates import EngineError
from ops.rollout import state_machine
from ops.rollout.gates import GateError, Refresh
from ops.rollout.runner import RolloutRunner
from ops.rollout.state_machine import Evidence, RolloutRefusedError, Traffic
from ops.rollout.strategies import STRATEGIES
from tests.rollout.fakes import NEW, OLD, Fakes, Killed, stack

CANARY = [(100, 0, "forward"), (95, 5, "forward"), (75, 25, "forward"), (50, 50, "forward"), (0, 100, "forward")]


def begun(strategy: Strategy = Strategy.CANARY, steps: int = 0, **config: object) -> Fakes:
    """A stack with a rollout that has taken `steps` steps."""
    fakes = stack(**config)
    fakes.walk.start(strategy, NEW, bake=0)
    for _ in range(steps):
        fakes.time = fakes.time.replace(hour=fakes.time.hour + 1)
        fakes.walk.step()
    return fakes


def images(rollout: Rollout) -> tuple[str | None, str | None]:
    return rollout.blue.image, rollout.green.image


def test_a_canary_takes_the_runbooks_steps_and_then_the_old_color_away() -> None:
    fakes = stack()
    fakes.walk.start(Strategy.CANARY, NEW)
    began = fakes.time
    fakes.walk.rest()
    # The old color loses its weight in one update, and its image in a later one.
    assert fakes.updates == [*CANARY, (0, 100, "cleaning")]
    assert fakes.said == fakes.applied.model_copy(update={"progress": None})
    assert images(fakes.said) == (None, NEW)
    # Four weights, thirty minutes each.
    assert (fakes.time - began).total_seconds() == pytest.approx(4 * 30 * 60, abs=60)


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("runtime", ["ec2", "kubernetes", "both"])
def test_every_strategy_goes_alike_on_both_runtimes(strategy: Strategy, runtime: str) -> None:
    share = {"kubernetesShare": 20} if runtime == "both" else {}
    fakes = stack(runtime=runtime, rollout={"blue": {"image": OLD, "weight": 100}, **share})
    fakes.walk.start(strategy, NEW)
    fakes.walk.rest()
    plan = STRATEGIES[strategy]
    assert [green for _, green, phase in fakes.updates if phase == "forward"] == [0, *plan.weights]
    assert images(fakes.said) == ((NEW, None) if plan.in_place else (None, NEW))
    assert sum(fakes.applied.shares(fakes.settings.runtime).values()) == 100


def test_blue_green_goes_the_other_way_where_green_has_the_traffic() -> None:
    fakes = stack(rollout={"green": {"image": OLD, "weight": 100}})
    fakes.walk.start(Strategy.BLUE_GREEN, NEW)
    fakes.walk.rest()
    assert [update[0] for update in fakes.updates] == [0, 10, 25, 50, 100, 100]
    assert images(fakes.said) == (NEW, None)


def test_a_rolling_release_waits_for_the_refresh_and_changes_no_weight() -> None:
    fakes = stack()
    fakes.refreshes = [Refresh(done=False, says="35 %"), Refresh(done=False, says="70 %")]
    fakes.walk.start(Strategy.ROLLING, NEW)
    assert [line for line in fakes.lived if line in ("35 %", "70 %")] == ["35 %", "70 %"]
    fakes.walk.rest()
    assert fakes.updates == [(100, 0, "forward")]
    assert images(fakes.said) == (NEW, None)
    assert fakes.said.progress is None


@pytest.mark.parametrize(
    "trouble",
    [
        lambda fakes: setattr(fakes, "passing", lambda _: setattr(fakes, "alarms", ["blue-errors"])),
        lambda fakes: fakes.refreshes.append(Refresh(done=False, failed=True, says="RollbackSuccessful")),
    ],
)
def test_a_rolling_release_that_goes_wrong_puts_the_old_image_back(trouble: Callable[[Fakes], None]) -> None:
    fakes = stack()
    trouble(fakes)
    with pytest.raises(RolloutRefusedError, match="went back"):
        fakes.walk.start(Strategy.ROLLING, NEW)
    assert fakes.updates == [(100, 0, "forward"), (100, 0, "back")]
    assert images(fakes.said) == images(fakes.applied) == (OLD, None)


def test_an_alarm_counts_that_came_and_went_while_pods_were_replaced() -> None:
    fakes = stack(runtime="kubernetes")
    fakes.update_takes = timedelta(minutes=10)
    fakes.fired_at = {"blue-errors": fakes.time + timedelta(minutes=5)}
    with pytest.raises(RolloutRefusedError, match=r"blue-errors.*went back"):
        fakes.walk.start(Strategy.ROLLING, NEW)
    assert images(fakes.said) == images(fakes.applied) == (OLD, None)


def test_one_step_at_a_time_refuses_to_come_early() -> None:
    fakes = stack()
    fakes.walk.start(Strategy.CANARY, NEW)
    fakes.walk.step()
    with pytest.raises(RolloutRefusedError, match="30 min 00 s of watching are left"):
        fakes.walk.step()
    assert fakes.updates == CANARY[:2]


def test_an_alarm_while_watching_sends_it_back_at_once() -> None:
    fakes = stack()
    fakes.walk.start(Strategy.CANARY, NEW)

    def at_25(_: datetime) -> None:
        if fakes.said.green.weight == 25:
            fakes.alarms = ["green-errors"]

    fakes.passing = at_25
    with pytest.raises(RolloutRefusedError, match=r"green-errors.*went back"):
        fakes.walk.rest()
    assert fakes.updates == [*CANARY[:3], (100, 0, "back"), (100, 0, "cleaning")]
    assert images(fakes.said) == (OLD, None)
    assert fakes.said.progress is None


def test_a_canary_at_night_waits_for_requests_and_then_says_that_they_are_too_few() -> None:
    fakes = stack()
    fakes.walk.start(Strategy.CANARY, NEW)
    fakes.requests = Traffic(requests=3, failed=0)
    with pytest.raises(RolloutRefusedError, match="too few requests to tell: green got 3"):
        fakes.walk.rest()
    # It stays where it is, and goes on from there once there are more.
    assert fakes.said.green.weight == 5
    fakes.requests = Traffic(requests=300, failed=0)
    fakes.walk.rest()
    assert images(fakes.said) == (None, NEW)


def test_a_version_whose_failures_no_minute_shows_goes_back() -> None:
    fakes = stack()
    fakes.walk.start(Strategy.CANARY, NEW)
    fakes.walk.step()
    fakes.requests = Traffic(requests=40, failed=3)
    with pytest.raises(RolloutRefusedError, match="3 of 40 requests of green failed"):
        fakes.walk.step()
    assert images(fakes.said) == (OLD, None)


def test_a_color_without_alarms_is_not_taken_for_a_quiet_one(monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = begun()
    outputs = fakes.engine.outputs()
    outputs["regions"]["us-east-1"]["rollout"]["alarms"] = {"blue": ["blue-errors"]}
    monkeypatch.setattr(fakes.engine, "outputs", lambda **_: outputs)
    with pytest.raises(RolloutRefusedError, match="no gate alarms of green in us-east-1"):
        fakes.walk.step()


def test_nothing_starts_beside_an_alarm_of_what_runs_unless_it_is_to_end_that() -> None:
    fakes = stack()
    fakes.alarms = ["blue-errors"]
    with pytest.raises(
        RolloutRefusedError, match=r"1 of the 1 gate alarms of blue fires: blue-errors; .* --beside-alarms"
    ):
        fakes.walk.start(Strategy.CANARY, NEW)
    assert fakes.updates == []
    assert images(fakes.said) == (OLD, None)
    fakes.walk.start(Strategy.CANARY, NEW, beside_alarms=True)
    assert images(fakes.said) == (OLD, NEW)


def test_an_alarm_of_the_old_color_stops_nothing() -> None:
    fakes = begun()
    fakes.alarms = ["blue-errors"]
    fakes.walk.rest()
    assert images(fakes.said) == (None, NEW)


def test_a_color_that_does_not_come_up_never_gets_traffic() -> None:
    fakes = stack()
    fakes.healthy_targets = 1
    with pytest.raises(RolloutRefusedError, match="did not become healthy within 15 minutes"):
        fakes.walk.start(Strategy.CANARY, NEW)
    with pytest.raises(RolloutRefusedError, match="1 of 2 targets of green-ec2 in us-east-1"):
        fakes.walk.step()
    assert {update[1] for update in fakes.updates} == {0}
    fakes.walk.abort()
    assert images(fakes.said) == (OLD, None)


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_abort_leads_back_from_every_step(steps: int) -> None:
    fakes = begun(steps=steps)
    fakes.walk.abort()
    # First the weights, then the color: the other way round its requests would be answered with 503.
    assert fakes.updates[-2:] == [(100, 0, "back"), (100, 0, "cleaning")]
    assert images(fakes.said) == (OLD, None)
    assert fakes.said.progress is None


def test_abort_before_any_traffic_takes_the_color_away_at_once() -> None:
    fakes = begun()
    fakes.walk.abort()
    assert fakes.updates == [(100, 0, "forward"), (100, 0, "cleaning")]


def test_abort_works_when_the_last_update_failed() -> None:
    fakes = begun(steps=1)
    fakes.fails = ["no such listener"]
    with pytest.raises(EngineError):
        fakes.walk.step()
    assert fakes.said.green.weight == 25
    fakes.walk.abort()
    assert images(fakes.said) == (OLD, None)


def test_promote_skips_the_weights_between_but_not_the_last_watch() -> None:
    fakes = stack()
    fakes.walk.start(Strategy.CANARY, NEW)
    began = fakes.time
    fakes.walk.promote()
    assert fakes.updates == [(100, 0, "forward"), (0, 100, "forward"), (0, 100, "cleaning")]
    assert (fakes.time - began).total_seconds() >= 30 * 60


def test_weights_that_the_provider_reset_are_seen() -> None:
    fakes = begun(steps=2)
    fakes.resets_weights = True
    with pytest.raises(
        RolloutRefusedError, match=r"the state in us-east-1 has blue-ec2 1, green-ec2 1, and Pulumi\.test\.yaml says"
    ):
        fakes.walk.step()


def test_a_region_that_is_lost_stops_a_rollout_until_the_file_says_so() -> None:
    fakes = stack(stage=7)
    fakes.lost = "eu-west-1"
    with pytest.raises(GateError, match="eu-west-1"):
        fakes.walk.start(Strategy.CANARY, NEW)
    assert fakes.updates == []
    fakes = stack(stage=7, unreachable="eu-west-1")
    fakes.lost = "eu-west-1"
    fakes.walk.start(Strategy.CANARY, NEW)
    fakes.walk.rest()
    assert images(fakes.said) == (None, NEW)


def other(kind: str, op: str = "update", name: str = "one", **detail: str) -> EngineStep:
    """A step that an engine foresees."""
    state = EngineState(inputs={"name": name}, custom=True)
    return EngineStep(op=op, urn=f"urn:pulumi:test::ascent::{kind}::{name}", old=state, new=state, kinds=detail)


TEMPLATE = other("aws:ec2/launchTemplate:LaunchTemplate", imageId="update")


def test_nothing_starts_while_an_update_would_change_more_of_what_serves() -> None:
    fakes = stack()
    before = fakes.said
    fakes.other_changes = [other("aws:budgets/budget:Budget", limitAmount="update"), TEMPLATE]
    with pytest.raises(RolloutRefusedError) as refused:
        fakes.walk.start(Strategy.CANARY, NEW)
    assert "  update LaunchTemplate one (imageId)\nFirst: pulumi up --stack test" in str(refused.value)
    assert "Budget" not in str(refused.value)
    assert (fakes.said, fakes.updates, fakes.told) == (before, [], [])


def test_it_starts_where_somebody_says_so() -> None:
    fakes = stack()
    fakes.other_changes = [TEMPLATE]
    fakes.walk.start(Strategy.CANARY, NEW, with_changes=True)
    assert fakes.told[0] == "Also changes: update LaunchTemplate one (imageId)"
    assert fakes.updates == CANARY[:1]


@pytest.mark.parametrize(
    "change",
    [
        other("aws:budgets/budget:Budget", limitAmount="update"),
        other("aws:cloudwatch/dashboard:Dashboard", dashboardBody="update"),
        other("aws:cloudwatch/metricAlarm:MetricAlarm", threshold="update"),
        other("aws:sns/topicSubscription:TopicSubscription", op="create"),
        other("aws:rds/cluster:Cluster", **{"tags.team": "add", "tagsAll.team": "add"}),
        other("kubernetes:batch/v1:CronJob", **{"spec.schedule": "update"}),
    ],
)
def test_what_has_no_part_in_requests_comes_along(change: Any) -> None:
    fakes = stack()
    fakes.other_changes = [change]
    fakes.walk.start(Strategy.CANARY, NEW)
    (line,) = [line for line in fakes.told if line.startswith("Also changes")]
    assert " one" in line
    assert fakes.updates == CANARY[:1]


@pytest.mark.parametrize(
    "change",
    [
        other("aws:autoscaling/group:Group", maxSize="update"),
        other("aws:cloudwatch/metricAlarm:MetricAlarm", name="blue-errors", threshold="update"),
        other("aws:rds/cluster:Cluster", **{"tags.team": "add", "engineVersion": "update"}),
        other("aws:iam/rolePolicy:RolePolicy", op="delete"),
        # Copies of the database are no small thing to lose.
        other("aws:backup/vault:Vault", op="delete"),
        other("aws:ecr/repository:Repository", op="replace", name="update-replace"),
        other("aws:rds/cluster:Cluster", op="replace", **{"tags.team": "update-replace"}),
        other("aws:secretsmanager/secretVersion:SecretVersion", op="create"),
        other("cloudflare:index/ruleset:Ruleset", rules="update"),
        other("kubernetes:core/v1:Secret", data="update"),
        other("pulumi:providers:kubernetes", kubeconfig="update"),
    ],
)
def test_what_serves_or_judges_does_not(change: Any) -> None:
    fakes = stack()
    fakes.other_changes = [change]
    with pytest.raises(RolloutRefusedError, match="would change more of what serves requests"):
        fakes.walk.start(Strategy.CANARY, NEW)
    assert fakes.updates == []


def test_what_a_rollout_keeps_back_does_not_stop_it() -> None:
    fakes = stack()
    # A newer machine image: while a rollout is under way, the template keeps the one that it has.
    fakes.other_changes = fakes.kept = [TEMPLATE]
    fakes.walk.start(Strategy.CANARY, NEW)
    assert fakes.updates == CANARY[:1]


def test_a_target_that_could_not_carry_the_load_is_refused_with_the_sum() -> None:
    fakes = stack(stage=6, fleet={"maximum": 25})
    with pytest.raises(
        RolloutRefusedError, match=r"10000 of a region's 10000 users.* = 20 of them; ascent:fleet.maximum 25 leaves 16 "
    ):
        fakes.walk.start(Strategy.CANARY, NEW)
    assert fakes.calls == 0


def test_a_second_color_that_breaks_the_connection_budget_is_refused_and_nothing_written() -> None:
    fakes = stack(fleet={"maximum": 8}, database={"maxAcu": 2})
    with pytest.raises(SettingsError, match="more could connect"):
        fakes.walk.start(Strategy.CANARY, NEW)
    assert fakes.calls == 0


def test_workers_change_once_and_it_is_said_when() -> None:
    fakes = stack(stage=6)
    fakes.walk.start(Strategy.CANARY, NEW)
    fakes.walk.rest()
    (line,) = [line for line in fakes.told if "workers" in line]
    assert line == f"With this step the workers change to {NEW}."
    # With equal shares they stay: the step after it is the one to all of the traffic.
    assert "blue 0 %, green 100 %" in fakes.told[fakes.told.index(line) + 1]


def test_a_machine_that_knows_of_nothing_takes_over_from_the_stack() -> None:
    fakes = begun(steps=2)
    fakes.said = stack().said
    fakes.walk.rest()
    assert images(fakes.said) == (None, NEW)
    assert any("taken over" in line for line in fakes.told)
    with pytest.raises(RolloutRefusedError, match="no rollout of test is under way"):
        fakes.walk.step()


def test_a_machine_with_an_older_file_goes_on_from_where_the_stack_is() -> None:
    fakes = begun(steps=2)
    older = fakes.said
    fakes.time = fakes.time.replace(hour=5)
    fakes.walk.step()
    fakes.said = older
    fakes.walk.step()
    assert any("was older than the stack: taken over" in line for line in fakes.told)
    # The step that the stack had taken is watched before the next.
    assert (fakes.said.green.weight, fakes.applied.green.weight) == (50, 50)
    fakes.walk.rest()
    assert images(fakes.said) == (None, NEW)


def test_an_abort_moves_the_weights_before_any_update() -> None:
    fakes = begun(steps=3)
    before = fakes.calls
    fakes.walk.abort()
    # The first thing that changes anything, and one call.
    assert fakes.forwarded == [("us-east-1", before + 1)]
    assert fakes.updates[-2:] == [(100, 0, "back"), (100, 0, "cleaning")]
    assert fakes.told[-4] == "All traffic is taken off green in us-east-1, before any update."


def test_an_alarm_moves_the_weights_before_any_update_too() -> None:
    fakes = begun(steps=1)
    fakes.alarms = ["green-errors"]
    with pytest.raises(RolloutRefusedError, match="went back"):
        fakes.walk.step()
    assert [region for region, _ in fakes.forwarded] == ["us-east-1"]


def test_every_region_gets_its_weights_and_one_that_does_not_answer_keeps_none_of_the_others() -> None:
    fakes = begun(steps=1, stage=7)
    regions = fakes.settings.active_regions
    fakes.lost = regions[0]
    fakes.walk.divert()
    assert [region for region, _ in fakes.forwarded] == list(regions[1:])


def test_an_abort_goes_on_with_an_update_where_the_balancer_does_not_let_it() -> None:
    fakes = begun(steps=1)
    fakes.lost = "us-east-1"

    def found(*_: object) -> dict[str, int]:
        return {f"arn:{name}": one for name, one in fakes.applied.shares(fakes.settings.runtime).items() if one}

    fakes.gates.weights = found  # type: ignore[method-assign, assignment]
    fakes.walk.abort()
    assert images(fakes.said) == (OLD, None)
    assert any("left to an update: elbv2 in us-east-1" in line for line in fakes.told)


def test_a_rollout_whose_traffic_was_taken_away_elsewhere_goes_back() -> None:
    fakes = begun(steps=2)
    # Another process, with the same stack and a file of its own.
    fakes.walk.divert()
    with pytest.raises(RolloutRefusedError, match=r"the traffic was taken off green\. The rollout went back"):
        fakes.walk.step()
    assert images(fakes.said) == (OLD, None)
    assert fakes.updates[-2:] == [(100, 0, "back"), (100, 0, "cleaning")]


def test_while_it_watches_it_notices_that_its_traffic_was_taken_away() -> None:
    fakes = stack()
    fakes.walk.start(Strategy.CANARY, NEW)

    def at_25(_: datetime) -> None:
        if fakes.said.green.weight == 25 and not fakes.forwarded:
            fakes.walk.divert()

    fakes.passing = at_25
    with pytest.raises(RolloutRefusedError, match="the traffic was taken off green"):
        fakes.walk.rest()
    assert fakes.updates == [*CANARY[:3], (100, 0, "back"), (100, 0, "cleaning")]


def test_weights_are_held_until_an_update_goes_back_too() -> None:
    fakes = begun(steps=2)

    def soon(_: datetime) -> None:
        # An update that was under way gives the new color its traffic again.
        if fakes.diverted and len(fakes.forwarded) == 1:
            fakes.diverted = {}
        elif len(fakes.forwarded) == 2 and fakes.applied.green.weight:
            fakes.passing = lambda _: None
            fakes.walk.abort()

    fakes.passing = soon
    fakes.walk.hold()
    assert images(fakes.said) == (OLD, None)
    assert len(fakes.forwarded) == 2


def test_weights_that_nobody_follows_are_told() -> None:
    fakes = begun(steps=2)
    with pytest.raises(
        RolloutRefusedError, match="no update has gone back within 45 minutes; the traffic is off green"
    ):
        fakes.walk.hold()


@pytest.mark.parametrize(("strategy", "steps"), [(Strategy.CANARY, 5), (Strategy.ROLLING, 0)])
def test_there_is_nothing_to_hold_after_the_end_and_in_place(strategy: Strategy, steps: int) -> None:
    fakes = begun(strategy, steps=steps)
    assert fakes.walk.divert() is False
    with pytest.raises(RolloutRefusedError, match="has weights to move back"):
        fakes.walk.hold()
    assert fakes.forwarded == []


def test_a_hold_from_before_any_traffic_takes_away_what_the_next_step_gives() -> None:
    fakes = begun()

    def goes_on(_: datetime) -> None:
        # Whoever runs the rollout takes its next step, and looks after it.
        fakes.passing = lambda _: None
        with pytest.raises(RolloutRefusedError, match="the traffic was taken off green"):
            fakes.walk.rest()

    def first(now: datetime) -> None:
        # The step's update moves the weights, the next look of the hold takes them back, and the runner notices.
        fakes.passing = goes_on if fakes.applied.green.weight else first
        if not fakes.applied.green.weight:
            moved = state_machine.step(fakes.said, Evidence(waited=1e6))
            fakes.said, fakes.applied = state_machine.settled(moved, now), moved

    fakes.passing = first
    fakes.walk.hold()
    assert images(fakes.said) == (OLD, None)
    assert [region for region, _ in fakes.forwarded] == ["us-east-1"]


def test_a_color_that_is_on_its_way_out_gets_no_traffic_back() -> None:
    fakes = begun(steps=4)
    fakes.healthy_targets = 0
    fakes.walk.divert()
    assert fakes.forwarded == []
    assert fakes.told[-1] == "The weights are left to an update: blue has no healthy target in us-east-1"


def test_weights_that_were_moved_while_the_old_color_went_are_put_right() -> None:
    fakes = begun(steps=4)
    old = {f"arn:{name}": 100 for name in ("blue-ec2",)}

    def meanwhile(_: datetime) -> None:
        # While the update takes blue away, an abort elsewhere knows nothing of it yet.
        if fakes.said.blue.image is None and not fakes.forwarded:
            fakes.diverted["us-east-1"] = old

    fakes.passing = meanwhile
    fakes.walk.rest()
    assert images(fakes.said) == (None, NEW)
    assert fakes.diverted["us-east-1"] == {"arn:green-ec2": 100}
    assert any("had other weights than the update has set" in line for line in fakes.told)


def test_a_hold_that_comes_too_late_says_so_and_leaves_the_traffic_where_it_is_served() -> None:
    fakes = begun(steps=4)

    def ends(_: datetime) -> None:
        fakes.passing = lambda _: None
        fakes.said = fakes.applied = state_machine.step(fakes.said, Evidence(waited=1e6))

    fakes.passing = ends
    with pytest.raises(RolloutRefusedError, match="came to its end before: green has all the traffic"):
        fakes.walk.hold()
    assert fakes.diverted["us-east-1"] == {"arn:green-ec2": 100}


def test_a_file_that_cleans_up_what_got_traffic_elsewhere_goes_back_from_there() -> None:
    fakes = begun()
    stale = state_machine.abort(fakes.said)
    assert stale.green.image is None
    fakes.walk.step()
    fakes.said = stale
    fakes.walk.abort()
    assert images(fakes.said) == images(fakes.applied) == (OLD, None)
    assert fakes.updates[-2:] == [(100, 0, "back"), (100, 0, "cleaning")]


def test_an_abort_of_what_went_back_is_fine_and_of_what_went_on_is_not() -> None:
    fakes = begun(steps=2)
    fakes.walk.abort()
    fakes.walk.abort()
    assert fakes.told[-1] == f"The rollout went back already: blue runs {OLD}."
    fakes = begun(steps=5)
    assert fakes.said.progress is None
    with pytest.raises(
        RolloutRefusedError, match=r"is under way, and green runs .*:2\.0\.0; an older version is brought by"
    ):
        fakes.walk.abort()


def test_a_file_of_another_runtime_does_not_keep_an_abort_from_moving_the_weights() -> None:
    fakes = begun(steps=2)
    outputs = fakes.engine.outputs()
    fakes.engine.outputs = lambda **_: outputs  # type: ignore[method-assign]
    fakes.config["runtime"] = "kubernetes"
    assert fakes.walk.divert() is True
    assert fakes.diverted["us-east-1"] == {"arn:blue-ec2": 100}


def test_what_cannot_be_moved_at_once_is_told_once() -> None:
    fakes = begun(steps=2)
    fakes.lost = "us-east-1"
    walk = fakes.walk
    walk.divert()
    walk.divert()
    assert [line for line in fakes.told if "left to an update" in line] == [
        "The weights are left to an update: elbv2 in us-east-1: could not connect"
    ]


def finish(walk: RolloutRunner) -> None:
    if walk.file.rollout().progress is None:
        walk.start(Strategy.CANARY, NEW, bake=1)
    walk.rest()


def retreat(walk: RolloutRunner) -> None:
    try:
        walk.abort()
    except RolloutRefusedError:
        # Already being cleaned up, or nothing was begun.
        if walk.file.rollout().progress is not None:
            walk.rest()


@pytest.mark.parametrize(("end", "left"), [(finish, (None, NEW)), (retreat, (OLD, None))])
def test_killed_at_any_moment_it_goes_on_or_back_from_there(
    end: Callable[[RolloutRunner], None], left: tuple[str | None, str | None]
) -> None:
    whole = stack()
    finish(whole.walk)
    assert whole.calls > 50
    for moment in range(1, whole.calls + 1):
        fakes = stack()
        fakes.die_at = moment
        with pytest.raises(Killed):
            finish(fakes.walk)
        over = fakes.said.progress is None and fakes.said.green.image == NEW
        cleaning = fakes.said.blue.image is None
        if not over or end is finish:
            if over:
                continue
            end(fakes.walk)
        expected = (None, NEW) if over or cleaning else left
        assert images(fakes.said) == expected, moment
        assert fakes.said.progress is None
        assert fakes.applied.colors == fakes.said.colors
        assert all(blue + green == 100 for blue, green, _ in fakes.updates)


@pytest.mark.parametrize("steps", [1, 3])
def test_an_abort_that_is_killed_at_any_moment_is_gone_on_with(steps: int) -> None:
    whole = begun(steps=steps)
    before = whole.calls
    whole.walk.abort()
    for moment in range(before + 1, whole.calls + 1):
        fakes = begun(steps=steps)
        fakes.die_at = moment
        with pytest.raises(Killed):
            fakes.walk.abort()
        for again in (RolloutRunner.abort, RolloutRunner.rest):
            if fakes.said.progress is not None:
                with suppress(RolloutRefusedError):
                    # Being cleaned up already, it is finished and not gone back from.
                    again(fakes.walk)
        assert images(fakes.said) == images(fakes.applied) == (OLD, None), moment
        assert fakes.said.progress is None
