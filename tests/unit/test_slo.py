"""The arithmetic of burn rates, against the tables that others have published, and as properties."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.alarms import slo
from infra.thresholds import Threshold

THREE_NINES = Threshold(9990, "per 10 000", "the example of the SRE Workbook")
ALL_BAD = Fraction(1)
targets = st.integers(min_value=5000, max_value=9999).map(lambda value: Threshold(value, "per 10 000", "a test"))
shares = st.fractions(min_value=Fraction(1, 10_000), max_value=1)
rates = st.fractions(min_value=Fraction(1, 60), max_value=Fraction(10_000))


def test_the_windows_are_the_workbooks() -> None:
    # SRE Workbook, chapter 5: the parameters recommended for several windows and burn rates, and the example's alerts.
    rows = [(float(one.burn), one.share, one.long, one.short, one.page) for one in slo.WINDOWS]
    assert rows == [
        (14.4, 2, 60, 5, True),
        (6, 5, 360, 30, True),
        (3, 10, 1440, 120, False),
        (1, 10, 4320, 360, False),
    ]


def test_a_window_of_days_is_as_many_daily_ones() -> None:
    # CloudWatch User Guide, Metrics concepts, Periods: as long as one day.
    assert [(one.period, one.periods) for one in slo.WINDOWS] == [(60, 1), (360, 1), (1440, 1), (1440, 3)]


@pytest.mark.parametrize(
    ("burn", "error_percent", "minutes"),
    # SRE Workbook, chapter 5, burn rates and the time to complete budget exhaustion, for a 99.9 % objective.
    [(1, 0.1, 30 * 1440), (2, 0.2, 15 * 1440), (10, 1, 3 * 1440), (1000, 100, 43.2)],
)
def test_burn_rates_exhaust_a_budget_as_published(burn: int, error_percent: float, minutes: float) -> None:
    assert float(slo.limit(THREE_NINES, Fraction(burn)) * 100) == pytest.approx(error_percent)
    assert float(slo.exhaustion(Fraction(burn))) == pytest.approx(minutes)
    assert slo.consumed(Fraction(burn), slo.exhaustion(Fraction(burn))) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("share", "minutes", "burn"),
    # SRE Workbook, chapter 5, budget consumed within a window, and the burn rate that does it.
    [(2, 60, 14.4), (5, 360, 6), (10, 4320, 1), (5, 60, 36)],
)
def test_a_share_of_the_budget_within_a_window_is_a_burn_rate(share: int, minutes: int, burn: float) -> None:
    assert float(slo.burn_rate(Fraction(share, 100), minutes)) == burn
    assert slo.consumed(Fraction(str(burn)), minutes) == Fraction(share, 100)


@pytest.mark.parametrize(
    ("burn", "window", "bad", "seconds"),
    [
        (Fraction(1), 10, ALL_BAD, 0.6),  # alert 1: ten minutes, a complete outage is seen within 0.6 seconds
        (Fraction(1), 36 * 60, ALL_BAD, 129.6),  # alert 2: 36 hours, within 2 minutes and 10 seconds
        (Fraction(36), 60, ALL_BAD, 129.6),  # alert 4: a burn rate of 36 over an hour
        (Fraction(72, 5), 60, ALL_BAD, 51.84),  # a page at 14.4x over an hour
    ],
)
def test_an_outage_is_detected_after_as_long_as_published(
    burn: Fraction, window: int, bad: Fraction, seconds: float
) -> None:
    found = slo.detection(THREE_NINES, burn, window, bad)
    assert found is not None
    assert float(found * 60) == pytest.approx(seconds)


def test_an_alarm_ends_after_as_long_as_published() -> None:
    # SRE Workbook, chapter 5, on alert 4: 58 minutes until a burn rate of 36 over an hour resets.
    assert float(slo.reset(THREE_NINES, Fraction(36), 60, ALL_BAD)) == pytest.approx(58, abs=0.2)
    # A short window of a twelfth of the long one ends it within 5 minutes.
    assert slo.reset(THREE_NINES, Fraction(72, 5), 5, ALL_BAD) < 5


def test_a_burn_rate_just_below_the_alarms_is_never_detected_and_uses_the_budget_up() -> None:
    # The workbook's reason for several windows: 35x never fires an alarm at 36x, and empties the budget in 20.5 hours.
    assert slo.detection(THREE_NINES, Fraction(36), 60, slo.limit(THREE_NINES, Fraction(35))) is None
    assert float(slo.exhaustion(Fraction(35)) / 60) == pytest.approx(20.5, abs=0.1)


@given(targets, rates, shares)
def test_detection_comes_within_the_window_or_not_at_all(target: Threshold, burn: Fraction, bad: Fraction) -> None:
    found = slo.detection(target, burn, 60, bad)
    assert (found is None) == (bad <= slo.limit(target, burn))
    assert found is None or 0 < found < 60


@given(targets, rates, st.fractions(min_value=Fraction(1, 100), max_value=Fraction(99, 100)))
def test_a_worse_outage_is_detected_no_later(target: Threshold, burn: Fraction, bad: Fraction) -> None:
    worse, better = slo.detection(target, burn, 60, ALL_BAD), slo.detection(target, burn, 60, bad)
    assert better is None or (worse is not None and worse <= better)


@given(rates, st.integers(min_value=1, max_value=100_000))
def test_what_is_consumed_and_the_burn_rate_are_each_others_inverse(burn: Fraction, minutes: int) -> None:
    assert slo.burn_rate(slo.consumed(burn, minutes), minutes) == burn


@given(targets, rates)
def test_one_bad_event_is_never_enough_among_the_least_and_always_among_one_less(
    target: Threshold, burn: Fraction
) -> None:
    least = slo.least_events(target, burn)
    assert Fraction(1, least) <= slo.limit(target, burn)
    assert least == 1 or Fraction(1, least - 1) > slo.limit(target, burn)


@given(targets, st.fractions(min_value=0, max_value=100_000))
def test_a_window_is_kept_where_it_means_something_and_refused_with_a_reason_elsewhere(
    target: Threshold, events: Fraction
) -> None:
    kept, refused = slo.fitted(target, events, widen=True)
    assert len(kept) + len(refused) == len(slo.WINDOWS)
    assert all(one.reason for one in refused)
    for one in kept:
        least = slo.least_events(target, one.burn)
        assert slo.limit(target, one.burn) < 1
        assert events * one.long >= least
        # One bad event a period is as many as there are periods.
        assert one.periods > 1 or one.least(target) == least
        assert one.least(target) * one.periods >= least
        assert events * one.short >= least
        assert one.short <= one.long / 2


@given(targets, st.fractions(min_value=0, max_value=1000), st.fractions(min_value=0, max_value=1000))
def test_more_traffic_never_loses_a_window(target: Threshold, events: Fraction, more: Fraction) -> None:
    few, many = slo.fitted(target, events, widen=True)[0], slo.fitted(target, events + more, widen=True)[0]
    shorts = {one.share * one.long: one.short for one in many}
    for one in few:
        assert shorts[one.share * one.long] <= one.short


def test_one_failure_of_ten_an_hour_uses_up_as_much_as_published_and_pages_nobody() -> None:
    # SRE Workbook, chapter 5, "Low-traffic services": ten requests an hour, of which one fails.
    hourly = Fraction(10, 60)
    failed = Fraction(1, 10)
    assert float(slo.consumed(failed / slo.budget(THREE_NINES), 60)) == pytest.approx(0.139, abs=0.0005)
    assert int(hourly * slo.PERIOD * slo.budget(THREE_NINES)) == 7
    assert slo.fitted(THREE_NINES, hourly, widen=True)[0] == []


def test_a_short_window_grows_at_night_and_a_pair_that_holds_too_little_goes() -> None:
    # Ten requests a minute: five minutes hold 50, and 14.4x of a budget of 0.1 % takes 70 to outlive one failure.
    assert [one.short for one in slo.fitted(THREE_NINES, Fraction(10), widen=True)[0]] == [10, 30, 120, 360]
    # One request an hour is too few for every window.
    kept, refused = slo.fitted(THREE_NINES, Fraction(1, 60), widen=True)
    assert kept == []
    assert "60 minutes hold 1 events, and it takes 70" in [one.reason for one in refused]
    # No outage burns the budget of a 95 % objective 20 times as fast as allowed, let alone faster.
    half = Threshold(9000, "per 10 000", "a test")
    assert "does not burn that fast" in slo.fitted(half, Fraction(1000), widen=True)[1][0].reason


@given(targets, st.fractions(min_value=0, max_value=100_000))
def test_without_widening_the_windows_stay_and_the_long_one_still_outlives_a_failure(
    target: Threshold, events: Fraction
) -> None:
    for one in slo.fitted(target, events, widen=False)[0]:
        assert one in slo.WINDOWS
        assert events * one.long >= slo.least_events(target, one.burn)
