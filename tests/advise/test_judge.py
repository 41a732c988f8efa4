"""When a trigger holds, when it is an incident, and that no value makes the recommendation go up and down."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.stages import STAGES
from infra.triggers import TRIGGERS
from ops.advise.judge import judge
from ops.advise.measures import lower
from ops.advise.model import Direction, State
from ops.advise.reading import Metrics
from ops.advise.series import Series
from tests.advise.support import NOW, constant, judged, series, since, trigger

BUSY, CALM = 800.0, 400.0  # requests a minute
GROWN = since(72, BUSY, CALM)


def test_the_threshold_itself_is_not_above_it() -> None:
    assert judged(2, requests=GROWN, database_cpu=since(72, 70, 40)).recommended == 2
    assert judged(2, requests=GROWN, database_cpu=since(72, 70.1, 40)).recommended == 3


@pytest.mark.parametrize(
    ("minutes", "days", "recommended"),
    [(60, 2, 3), (50, 2, 2), (60, 1, 2), (600, 1, 2), (60, 3, 3)],
    ids=["an hour on two days", "less than an hour", "one day", "one long day", "three days"],
)
def test_it_has_to_hold_for_an_hour_on_two_of_the_last_three_days(minutes: int, days: int, recommended: int) -> None:
    def cpu(left: float) -> float:
        # Ends five hours before the end of each day, so nothing is under way.
        return 90 if left < 24 * days and 5 <= left % 24 < 5 + minutes / 60 else 40

    assert judged(2, requests=GROWN, database_cpu=cpu).recommended == recommended


def test_days_longer_ago_do_not_count() -> None:
    old = judged(2, requests=BUSY, database_cpu=lambda left: 90 if 72 <= left < 144 else 40)
    assert old.recommended == 2


def test_a_day_off_between_two_does_not_matter() -> None:
    found = judged(2, requests=GROWN, database_cpu=lambda left: 40 if 24 <= left < 48 or left >= 72 else 90)
    assert found.recommended == 3


def test_the_value_is_what_was_reached_for_an_hour_on_two_days() -> None:
    found = judged(2, requests=GROWN, database_cpu=lambda left: 88 if left < 24 else 74 if left < 48 else 40)
    assert trigger(found, "database-cpu", 3).value == 74
    assert trigger(found, "database-cpu", 3).headroom == pytest.approx(1 - 74 / 70)


def test_what_rises_without_the_load_is_an_incident() -> None:
    found = judged(2, requests=constant(CALM), database_cpu=since(72, 90, 40))
    assert found.direction is Direction.STAY
    assert trigger(found, "database-cpu", 3).state is State.INCIDENT
    # 90 for 40 is 2.25 times as much, for the same load.
    assert trigger(found, "database-cpu", 3).rise == pytest.approx(2.25)
    assert found.growth == pytest.approx(1.0)


def test_an_incident_under_way_is_told_in_its_first_hour() -> None:
    found = judged(2, requests=constant(CALM), database_cpu=since(1, 90, 40))
    assert trigger(found, "database-cpu", 3).state is State.INCIDENT
    assert trigger(found, "database-cpu", 3).value == 90


def test_one_that_is_over_is_not() -> None:
    found = judged(2, requests=constant(CALM), database_cpu=lambda left: 90 if 3 <= left < 8 else 40)
    assert found.fine


def test_what_has_been_so_for_weeks_is_the_new_normal() -> None:
    assert judged(2, requests=constant(CALM), database_cpu=constant(75)).recommended == 3


def test_what_creeps_up_over_weeks_is_no_incident() -> None:
    # From 66 to 72 percent, with a tenth more requests.
    found = judged(2, requests=since(72, 440, 400), database_cpu=since(72, 72, 66))
    assert found.recommended == 3


@pytest.mark.parametrize(("load", "state"), [(1.19, State.INCIDENT), (1.21, State.HELD)])
def test_growth_begins_with_a_fifth_more(load: float, state: State) -> None:
    found = judged(2, requests=since(72, 400 * load, 400), database_cpu=since(72, 90, 40))
    assert trigger(found, "database-cpu", 3).state is state


@pytest.mark.parametrize(("cpu", "state"), [(71.9, State.HELD), (72.1, State.INCIDENT)])
def test_a_fault_begins_with_a_fifth_more_for_the_same_load(cpu: float, state: State) -> None:
    found = judged(2, requests=constant(400), database_cpu=since(72, cpu, 60))
    assert trigger(found, "database-cpu", 3).state is state


def test_a_night_is_not_compared_with_a_day() -> None:
    """Busy hours with busy hours: the load of the last hour says nothing, at four in the morning."""

    def day(left: float) -> float:
        return 400 if 8 <= left % 24 < 20 else 40

    found = judged(2, requests=day, database_cpu=lambda left: 75 if 8 <= left % 24 < 20 else 10)
    assert trigger(found, "database-cpu", 3).state is State.HELD


def test_one_day_of_a_campaign_hides_no_growth() -> None:
    """What was before is the middle of its days, and not the highest."""
    load = lambda left: 1200 if 168 <= left < 192 else 800 if left < 72 else 400  # noqa: E731
    found = judged(2, requests=load, database_cpu=since(72, 90, 40))
    assert trigger(found, "database-cpu", 3).state is State.HELD
    assert found.growth == pytest.approx(2)


def test_without_the_load_nobody_can_tell() -> None:
    found = judged(2, database_cpu=since(72, 90, 40))
    assert trigger(found, "database-cpu", 3).state is State.UNCLEAR
    assert (found.recommended, found.fine) == (2, False)
    assert "growth: neither requests nor concurrent-users is measured" in found.unjudged


def test_without_a_past_nobody_can_tell_either() -> None:
    found = judged(2, days=3, requests=GROWN, database_cpu=90)
    assert trigger(found, "database-cpu", 3).state is State.UNCLEAR
    assert any("requests is not known for a day before" in text for text in found.unjudged)


def test_load_itself_and_bandwidth_need_no_explanation() -> None:
    assert judged(2, egress=263).recommended == 5
    assert judged(1, concurrent_users=150).recommended == 2


def test_readers_come_after_tuning() -> None:
    found = judged(1, requests=GROWN, database_cpu=since(72, 90, 40))
    assert found.recommended == 3
    assert trigger(found, "database-cpu", 4).state is State.WAITS
    assert judged(3, requests=GROWN, database_cpu=since(72, 90, 40)).recommended == 4


def test_the_highest_stage_decides() -> None:
    found = judged(1, requests=GROWN, database_connections=since(72, 70, 40), egress=263)
    assert found.recommended == 5
    assert found.binding is not None
    assert found.binding.trigger.measure == "egress"


def test_an_incident_goes_before_a_stage() -> None:
    found = judged(2, requests=constant(CALM), egress=263, errors=since(1, 6, 0.1))
    assert (found.recommended, found.binding) == (2, None)
    assert [one.state for one in found.incidents] == [State.INCIDENT]


@pytest.mark.parametrize(
    ("measure", "value", "limit"),
    [
        # Narfe, Set Up Alerts; Oriva, Thresholds: by hand.
        ("errors", 5.1, 5), ("latency_p95", 3001, 3000), ("database_cpu", 95.1, 95), ("query_p95", 2001, 2000),
        ("pool_use", 90.1, 90), ("pool_waiting", 20.1, 20), ("connection_errors", 0.1, 0), ("rate_limited", 5.1, 5),
    ],
)  # fmt: skip
def test_an_alarm_is_an_incident_at_normal_load_and_busy_with_more(measure: str, value: float, limit: float) -> None:
    at: dict[str, Any] = {measure: since(1, value, limit / 2)}
    assert [one.state for one in judged(7, requests=constant(CALM), **at).signals] == [State.INCIDENT]
    assert [one.state for one in judged(7, requests=GROWN, **at).signals] == [State.BUSY]
    assert [one.state for one in judged(7, requests=GROWN, **{measure: limit}).signals] == [State.CLEAR]


def test_an_alarm_asks_for_its_own_time() -> None:
    # 429 for ten minutes: Oriva asks for 15; errors for ten: Narfe asks for 2.
    assert judged(7, requests=CALM, rate_limited=since(1 / 6, 50, 0)).incidents == []
    assert judged(7, requests=CALM, errors=since(1 / 6, 50, 0)).incidents != []


def test_a_plan_counts_as_load_and_holds_at_once() -> None:
    planned = judge(Metrics({}, {"registered-users": 50_000.0}), 6, NOW)
    assert planned.recommended == 7
    assert trigger(planned, "concurrent-users", 7).value == 20_000
    # 24 000 a minute at 2 each are 12 000.
    assert judge(Metrics({}, {"requests": 24_000.0}), 6, NOW).recommended == 7
    assert judge(Metrics({}, {"concurrent-users": 10_000.0}), 6, NOW).recommended == 6


def test_a_plan_is_no_reason_to_go_down() -> None:
    quiet = {
        "client-connections": series("client-connections", constant(5)),
        "requests": series("requests", constant(20)),
    }
    assert judge(Metrics(quiet), 2, NOW).recommended == 1
    assert judge(Metrics(quiet, {"concurrent-users": 90.0}), 2, NOW).recommended == 2


DOWN: dict[int, dict[str, Any]] = {
    2: {"client_connections": 21.0, "concurrent_users": 42.0},
    3: {"query_p95": 214.0, "database_cpu": 29.9, "concurrent_users": 100.0},
    4: {"database_cpu": 20.0, "reader_cpu": 14.0, "concurrent_users": 100.0},
    5: {"edge_egress": 85.0, "concurrent_users": 100.0},
    6: {"database_reads": 200.0, "cache_hits": 228.0, "concurrent_users": 100.0},
    7: {"concurrent_users": 4285.0},
}


@pytest.mark.parametrize("stage", DOWN)
def test_down_is_by_one_where_all_that_the_stage_is_for_stays_low(stage: int) -> None:
    """Three sevenths of each threshold: 30 for 70 %, by the Horizontal Scaling Guide, Auto-Scaling Triggers."""
    assert judged(stage, **DOWN[stage]).recommended == stage - 1
    for name, value in DOWN[stage].items():
        demand: dict[str, Any] = {other: constant(kept) for other, kept in DOWN[stage].items()}
        # Users count by what the stage below is made for, where the stage is not about them.
        more = value * 1.05 if name != "concurrent_users" or stage in (2, 7) else STAGES[stage - 1].users + 1
        assert judged(stage, **{**demand, name: more}).recommended == stage, name
        # Six days are no week.
        assert judged(stage, days=6, **demand).recommended == stage
        missing = {other: at for other, at in demand.items() if other != name}
        without = judged(stage, **missing)
        assert without.recommended == stage, name
        if missing:
            assert any(name.replace("_", "-") in text for text in without.unjudged), name


def test_one_busy_hour_in_the_week_keeps_the_stage() -> None:
    hour: dict[str, Any] = {
        "client_connections": lambda left: 30 if 150 <= left < 151 else 5.0,
        "concurrent_users": 10.0,
    }
    assert judged(2, **hour).recommended == 2
    less: dict[str, Any] = {
        "client_connections": lambda left: 30 if 150 <= left < 150.8 else 5.0,
        "concurrent_users": 10.0,
    }
    assert judged(2, **less).recommended == 1


def test_nothing_goes_below_the_first_stage() -> None:
    assert judged(1, concurrent_users=1, requests=2).recommended == 1


def test_users_follow_from_requests_and_from_accounts() -> None:
    assert trigger(judged(1, requests=240), "concurrent-users", 2).value == 120
    assert trigger(judged(1, registered_users=400), "concurrent-users", 2).value == pytest.approx(160)
    assert trigger(judged(1, requests=240, concurrent_users=30), "concurrent-users", 2).value == 30


# What each measure is worth before and after a stage relieves it, for a demand that stays the same.
MEASURED = {
    2: ("database_connections", "client_connections"),
    3: ("database_cpu", "database_cpu"),
    4: ("database_cpu", "database_cpu"),
    5: ("egress", "edge_egress"),
    6: ("database_reads", "database_reads"),
    7: ("concurrent_users", "concurrent_users"),
}


def limit_of(stage: int) -> int:
    measure = MEASURED[stage][0].replace("_", "-")
    return next(one.above.value for one in TRIGGERS if one.stage == stage and one.measure == measure)


def advised(stage: int, level: float, moving: int, wobble: float) -> int:
    """The recommendation at `stage`, where the demand on stage `moving` is `level` of its threshold, and wobbles."""

    def demand(left: float) -> float:
        return limit_of(moving) * level * (1 + wobble * (1 if int(left) % 2 else -1))

    before, after = MEASURED[moving]
    values: dict[str, Any] = {after if stage >= moving else before: demand}
    if moving == 3:
        values["query_p95"] = constant(50)
    if moving == 4 and stage >= 4:
        values["reader_cpu"] = constant(0)
    if moving == 6 and stage >= 6:
        values["cache_hits"] = constant(0)
    values.setdefault("concurrent_users", constant(1))
    values["requests"] = constant(2)
    return judged(stage, period=3600, **values).recommended


@settings(max_examples=60, deadline=None)
@given(
    moving=st.sampled_from(sorted(MEASURED)),
    level=st.floats(0.05, 1.25),
    wobble=st.floats(0, 0.25),
)
def test_no_demand_makes_the_recommendation_go_up_and_down(moving: int, level: float, wobble: float) -> None:
    """Whatever the demand, of the two moves between a stage and the one below at most one is recommended."""
    up = advised(moving - 1, level, moving, wobble) >= moving
    down = advised(moving, level, moving, wobble) < moving
    assert not (up and down)
    # And between the two thresholds nothing moves: its highest is not above, its lowest not low.
    if level * (1 + wobble) <= 1 and level * (1 + wobble) > lower(1):
        assert not up
        assert not down


@settings(max_examples=30, deadline=None)
@given(days=st.lists(st.floats(0, 1.6), min_size=20, max_size=30))
def test_following_the_advice_each_day_settles(days: list[float]) -> None:
    """A stack that follows each day moves up only after two days above, and down only after seven low ones."""
    stage, moves = 1, []
    for today in range(10, len(days)):
        past = days[today - 10 : today]

        def users(left: float, past: list[float] = past) -> float:
            return 100 * past[max(len(past) - 1 - int(left // 24), 0)]

        values = (
            {"concurrent_users": users, "client_connections": constant(5)}
            if stage == 2
            else {"concurrent_users": users}
        )
        to = min(judged(stage, days=10, period=3600, **values).recommended, 2)
        if to > stage:
            assert sum(one > 1 for one in past[-3:]) >= 2
        if to < stage:
            assert all(one <= lower(1) + 1e-9 for one in past[-7:])
        if to != stage:
            moves.append(today)
        stage = to
    gaps = [later - earlier for earlier, later in pairwise(moves)]
    # Two moves on neighboring days would be up and down at once; a move back takes a week of quiet, or two busy days.
    assert all(gap >= 2 for gap in gaps)


def test_a_series_of_long_periods_is_cut_at_the_days() -> None:
    whole = Series("egress", (series("egress", constant(1)).samples[0],))
    assert whole.level(NOW - 86_400, NOW) is None
