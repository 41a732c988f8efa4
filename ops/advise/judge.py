"""The judgment: which triggers hold, whether they hold for growth or for a fault, and what stage follows from it.

A trigger holds where its measure is above the threshold for an hour on two of the last three days. A stage is not
needed any more where all that it was needed for stays at or below three sevenths of the threshold on all of the last
seven days (ops/advise/measures.py). Nothing is both, so no value flaps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from infra.alarms.model import SECONDS_A_MINUTE, Alarm, Kind
from infra.alarms.table import ALARMS
from infra.stages import STAGES, Capability
from infra.thresholds import REQUESTS_PER_USER
from infra.triggers import TRIGGERS, Trigger
from ops.advise.measures import (
    BASELINE_DAYS,
    CONCURRENT_SHARE,
    DOWN_DAYS,
    GROWTH,
    MEASURES,
    MILESTONES,
    ONGOING_MINUTES,
    UP_DAYS,
    UP_OF_DAYS,
    lower,
)
from ops.advise.model import JudgedSignal, JudgedTrigger, Judgment, State
from ops.advise.reading import Metrics
from ops.advise.series import MINUTE, Series, combined, scaled

USERS, REGISTERED, REQUESTS = "concurrent-users", "registered-users", "requests"
_GROWN = GROWTH.value / 100
# What is wrong now, whatever the stage: the row of the alarm table with its limit, by measure.
SIGNALS = {
    "errors": (Kind.BALANCER, "errors"),
    "latency-p95": (Kind.BALANCER, "latency"),
    "database-cpu": (Kind.DATABASE, "cpu-full"),
    "query-p95": (Kind.SLOW_LOG, "slow"),
    "pool-use": (Kind.PROXY, "use"),
    "pool-waiting": (Kind.APPLICATION, "waiting"),
    "connection-errors": (Kind.APPLICATION, "connection-errors"),
    "rate-limited": (Kind.APPLICATION, "limited-much"),
}


def judge(metrics: Metrics, stage: int, now: float) -> Judgment:
    """What the metrics say of a stack at `stage`.

    Args:
        metrics: of the stack.
        stage: its present stage.
        now: the time of the judgment, in seconds since 1970.
    """
    series, notes = _with_users(metrics.series)
    expected = _planned(metrics.expected)
    milestones = list(_milestones(metrics, stage, now))
    load = next((series[one] for one in (REQUESTS, USERS, REGISTERED) if one in series), None)
    judge_ = _Judge(series, expected, load, now)
    triggers = tuple(judge_.trigger(one, stage) for one in TRIGGERS)
    signals = tuple(judge_.signals())
    states = {one.state for one in signals} | {one.state for one in triggers}
    faulty = State.INCIDENT in states
    due = [one for one in triggers if one.state in (State.HELD, State.PLANNED)]
    binding = None if faulty else max(due, key=_weight, default=None)
    calm = states <= {State.CLEAR, State.UNKNOWN}
    lowness = judge_.lowness(stage) if calm and stage > 1 and not expected else Lowness()
    recommended = binding.trigger.stage if binding else stage - bool(lowness.low)
    return Judgment(
        stage=stage,
        recommended=recommended,
        triggers=triggers,
        signals=signals,
        binding=binding,
        load=load.measure if load else None,
        growth=judge_.growth(),
        quiet=lowness.low,
        unjudged=tuple(_unjudged(triggers, stage, load, judge_.growth(), lowness.lacking, metrics.absent)),
        notes=(*notes, *(text for text, _ in milestones)),
        listed=frozenset(number for _, numbers in milestones for number in numbers),
    )


@dataclass(frozen=True, slots=True)
class Lowness:
    """The measures that stay low enough for the stage below, or what is not known well enough to tell that."""

    low: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


def signal(measure: str) -> Alarm:
    """The row of the alarm table whose limit holds for a measure of SIGNALS."""
    kind, name = SIGNALS[measure]
    return next(row for row in ALARMS if row.kind is kind and row.name == name)


class _Judge:
    """Compares each measure with its thresholds and with what it was."""

    def __init__(
        self, series: Mapping[str, Series], expected: Mapping[str, float], load: Series | None, now: float
    ) -> None:
        self._series, self._expected, self._load, self._now = series, expected, load, now

    def trigger(self, trigger: Trigger, stage: int) -> JudgedTrigger:
        """What was measured or is planned, and what it means."""
        series, planned = self._series.get(trigger.measure), self._expected.get(trigger.measure)
        limit = trigger.above.value
        if planned is not None and planned > limit and trigger.stage > stage:
            return JudgedTrigger(trigger=trigger, value=planned, state=State.PLANNED)
        if series is None:
            return JudgedTrigger(trigger=trigger, value=None, state=State.UNKNOWN)
        value, rise = self._lately(series), self._rise(series)
        state = State.CLEAR
        if trigger.stage > stage:
            above, ongoing = value > limit, self._ongoing(series, limit, ONGOING_MINUTES.value)
            if (above or ongoing) and self._is_fault(series):
                state = State.INCIDENT
            elif above and stage < trigger.after:
                state = State.WAITS
            elif above:
                state = State.HELD if self._may_be_load(series) else State.UNCLEAR
            elif ongoing:
                state = State.BRIEF
        if state in (State.INCIDENT, State.BRIEF):
            value = max(value, self._hour(series))
        return JudgedTrigger(trigger=trigger, value=value, state=state, rise=rise)

    def signals(self) -> Iterator[JudgedSignal]:
        """What an alarm would say of the last hour."""
        for measure in SIGNALS:
            if measure not in self._series:
                continue
            series = self._series[measure]
            alarm = signal(measure)
            state = State.CLEAR
            if self._ongoing(series, alarm.limit.value, alarm.lasting.value):
                state = State.BUSY if self._load_now() >= _GROWN else State.INCIDENT
            yield JudgedSignal(measure=measure, alarm=alarm, value=self._hour(series), state=state)

    def growth(self) -> float | None:
        """The load of the last days, divided by that before; None where one of them is not known."""
        return self._rise(self._load) if self._load else None

    def lowness(self, stage: int) -> Lowness:
        """Whether all that the stage is for stays so low that the one below would do."""
        # Of what should not be there at all, less is no sign.
        wanted = [one for one in TRIGGERS if one.stage == stage and one.above.value]
        limits = {one.demand: lower(one.above.value) for one in wanted}
        limits[(USERS,)] = min(limits.get((USERS,), math.inf), STAGES[stage - 1].users)
        days = {
            names: combined("", [self._series[name] for name in names], sum).days(self._now, DOWN_DAYS.value)
            for names in limits
            if all(name in self._series for name in names)
        }
        lacking = [name for names in limits for name in names if name not in self._series]
        lacking += [name for names, levels in days.items() if None in levels for name in names]
        if lacking:
            return Lowness(lacking=tuple(dict.fromkeys(lacking)))
        stays = all(one is not None and one <= limits[names] for names, levels in days.items() for one in levels)
        return Lowness(low=tuple(dict.fromkeys(name for names in limits for name in names)) if stays else ())

    def _lately(self, series: Series) -> float:
        """What it was for an hour on two of the last three days; reading made sure that two are known."""
        known = sorted((one for one in series.days(self._now, UP_OF_DAYS.value) if one is not None), reverse=True)
        return known[UP_DAYS.value - 1] if len(known) >= UP_DAYS.value else 0.0

    def _before(self, series: Series) -> float | None:
        days = series.days(self._now, BASELINE_DAYS.value)[UP_OF_DAYS.value :]
        known = [one for one in days if one is not None]
        return median(known) if known else None

    def _rise(self, series: Series) -> float | None:
        before = self._before(series)
        return None if before is None else _ratio(self._lately(series), before)

    def _now_over_before(self, series: Series) -> float | None:
        """The most of the last hour, or of an hour of the last days, divided by what it was before."""
        before = self._before(series)
        return None if before is None else _ratio(max(self._hour(series), self._lately(series)), before)

    def _hour(self, series: Series) -> float:
        """The most of the last hour that is known."""
        return max(one.value for one in series.within(series.end - ONGOING_MINUTES.value * MINUTE, series.end))

    def _ongoing(self, series: Series, limit: float, minutes: int) -> bool:
        """Whether it was above the limit for so long within the last hour that is known."""
        since = series.end - ONGOING_MINUTES.value * MINUTE
        return series.seconds_above(limit, since, series.end) >= minutes * SECONDS_A_MINUTE

    def _load_now(self) -> float:
        return (self._now_over_before(self._load) if self._load else None) or 0.0

    def _is_fault(self, series: Series) -> bool:
        """Whether it rose for another reason than load: that did not grow, and this grew by more than it did."""
        load, rise = self._load_now(), self._now_over_before(series)
        if not MEASURES[series.measure].procedure or not load or rise is None:
            return False
        return load < _GROWN and rise / load >= _GROWN

    def _may_be_load(self, series: Series) -> bool:
        return not MEASURES[series.measure].procedure or self.growth() is not None


def _weight(one: JudgedTrigger) -> tuple[int, float]:
    """The highest stage decides, and among its triggers that which is exceeded by most."""
    return one.trigger.stage, -(one.headroom or 0.0)


def _ratio(one: float, other: float) -> float:
    if other:
        return one / other
    return math.inf if one else 1.0


def _with_users(series: Mapping[str, Series]) -> tuple[dict[str, Series], list[str]]:
    """The series with concurrent users, derived where they are not measured."""
    found, notes = dict(series), []
    if USERS not in found and REQUESTS in found:
        each = REQUESTS_PER_USER.value
        found[USERS] = scaled(found[REQUESTS], USERS, 1 / each)
        notes.append(f"{USERS}: from requests, {each} a minute each ({REQUESTS_PER_USER.source})")
    elif USERS not in found and REGISTERED in found:
        found[USERS] = scaled(found[REGISTERED], USERS, CONCURRENT_SHARE.value / 100)
        notes.append(f"{USERS}: {CONCURRENT_SHARE.value} % of {REGISTERED} ({CONCURRENT_SHARE.source})")
    return found, notes


def _planned(expected: Mapping[str, float]) -> dict[str, float]:
    """What is expected, as concurrent users: the most of what the plans come to."""
    each = {
        REQUESTS: 1 / REQUESTS_PER_USER.value,
        USERS: 1.0,
        REGISTERED: CONCURRENT_SHARE.value / 100,
    }
    users = [value * each[name] for name, value in expected.items()]
    return {USERS: max(users)} if users else {}


def _milestones(metrics: Metrics, stage: int, now: float) -> Iterator[tuple[str, set[int]]]:
    """What the runbooks list for so many registered users and the stage has not: a sentence, and the stages."""
    series, lately = metrics.series.get(REGISTERED), 0.0
    if series is not None:
        lately = next((one for one in series.days(now, UP_OF_DAYS.value) if one is not None), 0.0)
    users = max(lately, metrics.expected.get(REGISTERED, 0.0))
    for one in MILESTONES:
        missing = [name for name in one.needs if not STAGES[stage].has(Capability(name))]
        if users >= one.users and missing:
            of = {name: next(row.number for row in STAGES.values() if name in row.adds) for name in missing}
            listed = ", ".join(f"{name} (stage {number})" for name, number in of.items())
            text = f"for {one.users:,} registered users a runbook lists what is not there: {listed} ({one.source})"
            yield text, set(of.values())


def _unjudged(
    triggers: Sequence[JudgedTrigger],
    stage: int,
    load: Series | None,
    growth: float | None,
    lacking: Sequence[str],
    absent: Mapping[str, str],
) -> Iterator[str]:
    above = [one for one in triggers if one.trigger.stage > stage]
    for name in dict.fromkeys(one.trigger.measure for one in above if one.state is State.UNKNOWN):
        stages = [str(one.trigger.stage) for one in above if one.trigger.measure == name]
        reason = f" ({absent[name]})" if name in absent else ""
        yield f"stage {' and '.join(stages)} by {name}: not measured{reason}"
    if load is None:
        yield f"growth: neither {REQUESTS} nor {USERS} is measured"
    elif growth is None:
        yield f"growth: {load.measure} is not known for a day before the last {UP_OF_DAYS.value} days"
    if lacking:
        yield f"whether stage {stage - 1} would do: {', '.join(lacking)} not known for {DOWN_DAYS.value} days"
