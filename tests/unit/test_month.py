"""The simulated month: that it agrees with the arithmetic, and what it shows."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from infra.alarms import slo
from infra.stages import STAGES
from infra.thresholds import AVAILABILITY_TARGET
from infra.wiring.alarms import windows
from ops.documents import month
from tests.unit.configs import settings
from tests.unit.test_watching import objective

BEGIN, LONG = 5 * slo.DAY, 4 * slo.DAY


def _flat(share: Fraction) -> month.SimulatedMonth:
    """A thousand requests a minute, of which a share fails for four days."""
    bad = int(1000 * share)
    failed = [bad if BEGIN <= minute < BEGIN + LONG else 0 for minute in range(month.MINUTES)]
    return month.SimulatedMonth([1000] * month.MINUTES, failed)


@pytest.mark.parametrize("share", [Fraction(1), Fraction(1, 10), Fraction(1, 50), Fraction(1, 100), Fraction(1, 500)])
@pytest.mark.parametrize("window", slo.WINDOWS, ids=lambda one: one.name)
def test_an_alarm_is_on_when_the_arithmetic_says(window: slo.Window, share: Fraction) -> None:
    on = month.pair_on(_flat(share), window)
    shown = slo.detection(AVAILABILITY_TARGET, window.burn, window.period, share)
    # The newest period is the last of them to show it.
    sought = None if shown is None else shown + (window.periods - 1) * window.period
    first = next((minute for minute, one in enumerate(on) if one), None)
    if sought is None or sought >= LONG:
        assert first is None
        return
    # The long window is the slower of the two; an alarm looks once a minute, and wants more than the limit.
    assert first == BEGIN + math.floor(sought)
    last = max(minute for minute, one in enumerate(on) if one)
    off = slo.reset(AVAILABILITY_TARGET, window.burn, window.short, share)
    assert last + 1 - (BEGIN + LONG) == pytest.approx(float(off), abs=1)


@pytest.mark.parametrize("stage", STAGES)
def test_one_failure_sets_nothing_off_at_any_stage_or_hour(stage: int) -> None:
    quiet = month.month(STAGES[stage].users, outages=())
    kept, _ = windows(objective("availability"), settings(stage=stage))
    assert kept
    for hour in (month.QUIETEST, month.QUIETEST + 12):
        failed = [0] * month.MINUTES
        failed[BEGIN + hour * slo.HOUR] = 1
        assert not any(any(month.pair_on(month.SimulatedMonth(quiet.requests, failed), one)) for one in kept)


def test_the_month_shows_what_pages_what_waits_and_what_is_let_be() -> None:
    seen = month.month(STAGES[4].users)
    found = month.lanes(seen, slo.WINDOWS)

    def told(number: int, *, page: bool) -> list[str]:
        one = month.OUTAGES[number - 1]
        return [
            lane.name for lane in found if lane.page is page if any(one.start <= s.start < one.end for s in lane.spans)
        ]

    assert told(1, page=True) == told(1, page=False) == []
    assert told(2, page=True) == ["burn rate 14.4x", "burn rate 6x", "errors above 5 % for 2 min"]
    assert told(5, page=True) == ["burn rate 6x"]
    assert [told(number, page=True) for number in (6, 7)] == [[], []]
    assert told(7, page=False) == ["burn rate 1x"]
    # Nothing fires but in an outage.
    for lane in found:
        assert all(any(one.start <= span.start < one.end for one in month.OUTAGES) for span in lane.spans)
