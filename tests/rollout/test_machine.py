"""The machine of steps: whatever people, alarms and time do, in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from infra.config.models.rollout import WEIGHT_STEP, WEIGHTS, Phase, Rollout, Strategy
from infra.thresholds import ERROR_RATE, ERROR_RATE_MINUTES, GATE_REQUESTS, UNHEALTHY_MINUTES
from ops.rollout import state_machine
from ops.rollout.state_machine import AlarmedError, Evidence, NotYetError, RolloutRefusedError, Traffic
from ops.rollout.strategies import STRATEGIES

OLD, NEW = "registry.example.com/app:1.0.0", "registry.example.com/app:2.0.0"
BEGAN = datetime(2026, 11, 25, tzinfo=UTC)
DRAIN = 60.0


def idle(color: str = "blue") -> Rollout:
    return Rollout.model_validate({color: {"image": OLD, "weight": WEIGHTS}})


class Rollouts(RuleBasedStateMachine):
    """Somebody who does anything at any time, with a color that gets ill and well again."""

    def __init__(self) -> None:
        super().__init__()
        self.rollout = idle()
        self.now = datetime(2026, 11, 25, tzinfo=UTC)
        self.settled_at = self.now
        self.alarms: tuple[str, ...] = ()
        self.unhealthy: tuple[str, ...] = ()

    @property
    def evidence(self) -> Evidence:
        waited = (self.now - self.settled_at).total_seconds()
        return Evidence(alarms=self.alarms, unhealthy=self.unhealthy, waited=waited, drain=DRAIN)

    def _goes(self, new: Rollout) -> None:
        old, self.rollout = self.rollout, new
        if old.progress is None:
            return
        to = old.progress.to
        grew = new.colors[to].weight - old.colors[to].weight
        if grew > 0:
            assert (self.alarms, self.unhealthy) == ((), ())
            assert old.progress.since is not None
        # A color loses its image only where it had no weight before, so never in the update that moves the weights.
        for color, one in old.colors.items():
            if one.image is not None and new.colors[color].image is None:
                assert one.weight == 0

    @rule(strategy=st.sampled_from(Strategy), image=st.sampled_from([OLD, NEW]), bake=st.none() | st.integers(0, 60))
    def start(self, strategy: Strategy, image: str, bake: int | None) -> None:
        try:
            self._goes(state_machine.start(self.rollout, strategy, image, self.now, bake))
        except RolloutRefusedError:
            return

    @rule(move=st.sampled_from([state_machine.step, state_machine.promote]))
    def forward(self, move: type) -> None:
        try:
            self._goes(move(self.rollout, self.evidence))
        except AlarmedError:
            assert self.rollout.progress is not None
            assert self.rollout.colors[self.rollout.progress.to].weight > 0
        except RolloutRefusedError:
            return

    @rule()
    def abort(self) -> None:
        before = self.rollout
        try:
            self._goes(state_machine.abort(self.rollout))
        except RolloutRefusedError:
            assert before.progress is None or before.progress.phase is Phase.CLEANING
            return
        progress = before.progress
        assert progress is not None
        running = self.rollout.colors[self.rollout.leading]
        assert (running.image, running.weight) == (progress.before, WEIGHTS)

    @precondition(lambda self: self.rollout.progress is not None)
    @rule()
    def settle(self) -> None:
        self._goes(state_machine.settled(self.rollout, self.now))
        self.settled_at = self.now

    @rule(minutes=st.integers(1, 45))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(alarms=st.sampled_from([(), ("errors",)]), unhealthy=st.sampled_from([(), ("1 of 2",)]))
    def health_changes(self, alarms: tuple[str, ...], unhealthy: tuple[str, ...]) -> None:
        self.alarms, self.unhealthy = alarms, unhealthy

    @invariant()
    def the_weights_add_up(self) -> None:
        shares = [one.weight for one in self.rollout.colors.values()]
        assert sum(shares) == WEIGHTS
        assert all(weight % WEIGHT_STEP == 0 for weight in shares)
        assert all(one.image for one in self.rollout.colors.values() if one.weight)

    @invariant()
    def every_way_ends(self) -> None:
        """Healthy, it comes to its end by steps alone; aborted, at what was before."""
        for aborting in (False, True):
            rollout, steps = self.rollout, 0
            progress = rollout.progress
            if progress is None:
                return
            if aborting and progress.phase is not Phase.CLEANING:
                rollout = state_machine.abort(rollout)
            while rollout.progress is not None:
                steps += 1
                assert steps <= 2 * len(STRATEGIES[progress.strategy].weights) + 6
                if rollout.progress.since is None:
                    rollout = state_machine.settled(rollout, self.now)
                else:
                    rollout = state_machine.step(rollout, Evidence(waited=10**9, drain=DRAIN))
            running = [one for one in rollout.colors.values() if one.image]
            assert [one.weight for one in running] == [WEIGHTS]
            if aborting and progress.phase is not Phase.CLEANING:
                assert running[0].image == progress.before


TestRollouts = Rollouts.TestCase
TestRollouts.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize("strategy", Strategy)
def test_a_step_is_watched_longer_than_an_alarm_takes_to_fire(strategy: Strategy) -> None:
    plan = STRATEGIES[strategy]
    longest = max(ERROR_RATE_MINUTES.value, UNHEALTHY_MINUTES.value)
    # Instance refreshes watch their alarms themselves, at each checkpoint.
    assert plan.bake > longest or plan.in_place
    assert list(plan.weights) == sorted(set(plan.weights))
    assert not plan.weights or plan.weights[-1] == WEIGHTS


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        (
            {"blue": {"image": OLD, "weight": 90}, "green": {"image": NEW, "weight": 10}},
            "shared .blue 90 % and green 10 %",
        ),
        ({"blue": {"image": NEW, "weight": 100}}, "runs registry.example.com/app:2.0.0 already"),
        ({"blue": {"image": OLD, "weight": 100}, "green": {"image": "a:1"}}, "still runs a:1 without traffic"),
    ],
)
def test_what_a_rollout_cannot_start_from_is_refused(said: dict[str, object], refusal: str) -> None:
    with pytest.raises(RolloutRefusedError, match=refusal):
        state_machine.start(Rollout.model_validate(said), Strategy.CANARY, NEW, BEGAN)


def test_one_rollout_at_a_time() -> None:
    begun = state_machine.start(idle(), Strategy.CANARY, NEW, BEGAN)
    with pytest.raises(RolloutRefusedError, match="a canary to green is under way"):
        state_machine.start(begun, Strategy.CANARY, "a:3", BEGAN)


def test_a_step_that_is_not_finished_is_not_followed_by_another() -> None:
    begun = state_machine.start(idle(), Strategy.CANARY, NEW, BEGAN)
    with pytest.raises(RolloutRefusedError, match="not finished"):
        state_machine.step(begun, Evidence(waited=10**9))


def test_alarms_without_traffic_wait_and_with_traffic_send_back() -> None:
    ready = state_machine.settled(state_machine.start(idle(), Strategy.CANARY, NEW, BEGAN), datetime.now(UTC))
    with pytest.raises(NotYetError, match="alarms of green: errors"):
        state_machine.step(ready, Evidence(alarms=("errors",)))
    moved = state_machine.settled(state_machine.step(ready, Evidence()), datetime.now(UTC))
    with pytest.raises(AlarmedError):
        state_machine.step(moved, Evidence(alarms=("errors",)))


@given(bake=st.integers(0, 60), waited=st.floats(0, 7200))
def test_a_color_with_traffic_is_watched_for_all_of_its_time(bake: int, waited: float) -> None:
    ready = state_machine.settled(state_machine.start(idle(), Strategy.CANARY, NEW, BEGAN, bake), datetime.now(UTC))
    moved = state_machine.settled(state_machine.step(ready, Evidence()), datetime.now(UTC))
    early = waited < bake * 60
    try:
        state_machine.step(moved, Evidence(waited=waited))
    except NotYetError:
        assert early
    else:
        assert not early


def watched(bake: int | None = None) -> Rollout:
    """A canary whose new color has its first weight."""
    ready = state_machine.settled(state_machine.start(idle(), Strategy.CANARY, NEW, BEGAN, bake), datetime.now(UTC))
    return state_machine.settled(state_machine.step(ready, Evidence()), datetime.now(UTC))


def seen(requests: int, failed: int = 0) -> Evidence:
    return Evidence(waited=10**9, drain=DRAIN, traffic=Traffic(requests=requests, failed=failed))


@pytest.mark.parametrize(("requests", "failed"), [(0, 0), (1, 1), (10, 1), (GATE_REQUESTS.value - 1, 0)])
def test_a_canary_with_too_few_requests_neither_passes_nor_goes_back(requests: int, failed: int) -> None:
    with pytest.raises(NotYetError, match=f"too few requests to tell: green got {requests} since the last step"):
        state_machine.step(watched(), seen(requests, failed))
    # Who goes on without is let.
    assert state_machine.promote(watched(), seen(requests, failed)).green.weight == WEIGHTS


def test_one_failure_among_the_fewest_requests_sends_nothing_back() -> None:
    assert 100 <= GATE_REQUESTS.value * ERROR_RATE.value < 100 + ERROR_RATE.value
    assert state_machine.step(watched(), seen(GATE_REQUESTS.value, 1)).green.weight > watched().green.weight
    for move in (state_machine.step, state_machine.promote):
        with pytest.raises(AlarmedError, match="2 of 20 requests of green failed since the last step"):
            move(watched(), seen(GATE_REQUESTS.value, 2))


def test_failures_too_rare_for_every_minutes_alarm_send_a_canary_back() -> None:
    # Ten requests a minute for half an hour, of which every third fails: no minute holds enough for its alarm.
    with pytest.raises(AlarmedError):
        state_machine.step(watched(), Evidence(waited=60, drain=DRAIN, traffic=Traffic(requests=300, failed=100)))


def test_requests_do_not_count_without_traffic_and_where_nothing_is_watched() -> None:
    ready = state_machine.settled(state_machine.start(idle(), Strategy.CANARY, NEW, BEGAN), datetime.now(UTC))
    assert state_machine.step(ready, seen(0)).green.weight > 0
    assert state_machine.step(watched(bake=0), seen(0)).green.weight > watched().green.weight
    back = state_machine.settled(state_machine.abort(watched()), datetime.now(UTC))
    assert state_machine.step(back, seen(0)).green.image is None
