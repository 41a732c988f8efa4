"""Application Auto Scaling over the readers of an Aurora cluster: target tracking with cooldowns.

The rules are those of the Application Auto Scaling User Guide, "How target tracking scaling works" (here: Application
Auto Scaling), and of the Amazon Aurora User Guide, "Amazon Aurora Auto Scaling with Aurora Replicas" (here: Aurora).
tests/scaling/test_readers.py goes through them one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.thresholds import Threshold
from ops.scaling.alarms import TrackingAlarms
from ops.scaling.target_tracking import TrackingDecision, TrackingReason, wanted

# Application Auto Scaling, How it works: usually over a tenth below the target. Its alarms have just that: 63 for 70.
LOW_SHARE = Threshold(90, "percent of the target", "AWS, alarms that Application Auto Scaling has made: < 63 for 70")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderRules:
    """What a cluster's readers are set to.

    minimum, maximum: readers.
    target: average CPU of the readers, in percent.
    out_cooldown, in_cooldown: seconds.
    """

    minimum: int
    maximum: int
    target: float
    out_cooldown: int
    in_cooldown: int


@dataclass(slots=True)
class _Activity:
    """The last change: readers before it, and when it was completed; None until then."""

    before: int
    outwards: bool
    completed: float | None = None


class ReaderScaling:
    """The policy of one cluster and what it remembers."""

    def __init__(self, rules: ReaderRules) -> None:
        self._rules = rules
        self._alarms = TrackingAlarms(rules.target, rules.target * LOW_SHARE.value / 100)
        self._last: _Activity | None = None

    def decide(self, now: float, readers: int, metric: float | None, *, making: int = 0) -> TrackingDecision:
        """One minute.

        now: seconds; calls come 60 s apart.
        readers: the capacity, with those that are being made.
        metric: average CPU of the readers that serve, in percent; None is no datapoint.
        making: how many readers are being made or deleted, while which the cluster is not scaled.
        """
        rules = self._rules
        self._alarms.add(now, metric)
        # Aurora, Before you begin: it waits until all replicas are available.
        if making:
            return TrackingDecision(capacity=readers, reason=TrackingReason.NOT_AVAILABLE)
        # Application Auto Scaling, Define cooldown periods: they begin when the activity has been completed.
        if self._last is not None and self._last.completed is None:
            self._last.completed = now
        if readers < rules.minimum:
            return TrackingDecision(capacity=rules.minimum, reason=TrackingReason.BELOW_MINIMUM)
        if readers > rules.maximum:
            return TrackingDecision(capacity=rules.maximum, reason=TrackingReason.ABOVE_MAXIMUM)
        if self._alarms.value is None:
            return TrackingDecision(capacity=readers, reason=TrackingReason.NO_DATA)
        if self._alarms.out:
            return self._out(now, readers, self._alarms.value)
        if self._alarms.inwards:
            return self._in(now, readers, self._alarms.value)
        return TrackingDecision(capacity=readers, reason=TrackingReason.STEADY)

    def _out(self, now: float, readers: int, value: float) -> TrackingDecision:
        """Application Auto Scaling, Define cooldown periods: within the one out, what was added counts as part of what
        is wanted, so only a larger step adds more. The one in does not hold up a step out, and is over then."""
        cooling = self._cooling(now, outwards=True)
        before = self._last.before if cooling and self._last else readers
        largest = min(wanted(before, value, self._rules.target), self._rules.maximum)
        if largest > readers:
            self._last = _Activity(before=readers, outwards=True)
            return TrackingDecision(capacity=largest, reason=TrackingReason.OUT)
        reason = TrackingReason.COOLDOWN if cooling else TrackingReason.BOUND
        return TrackingDecision(capacity=readers, reason=reason)

    def _in(self, now: float, readers: int, value: float) -> TrackingDecision:
        """Application Auto Scaling, Define cooldown periods: nothing within the one in."""
        if self._cooling(now, outwards=False):
            return TrackingDecision(capacity=readers, reason=TrackingReason.COOLDOWN)
        fewer = max(wanted(readers, value, self._rules.target), self._rules.minimum)
        if fewer < readers:
            self._last = _Activity(before=readers, outwards=False)
            return TrackingDecision(capacity=fewer, reason=TrackingReason.IN)
        return TrackingDecision(capacity=readers, reason=TrackingReason.BOUND)

    def _cooling(self, now: float, *, outwards: bool) -> bool:
        """Whether the cooldown of the last change runs, if that was in this direction."""
        last = self._last
        if last is None or last.outwards is not outwards or last.completed is None:
            return False
        return now - last.completed < (self._rules.out_cooldown if outwards else self._rules.in_cooldown)
