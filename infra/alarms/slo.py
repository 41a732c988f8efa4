"""Service level objectives: burn rates, windows, and when an alarm on them means something. Pure arithmetic.

The method is that of the Google SRE Workbook, chapter 5, "Alerting on SLOs": an alarm fires while the error budget
burns fast over a long window, and still does over a short one. Fractions keep it exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from infra.thresholds import MONTH_DAYS, Threshold

HOUR, DAY = 60, 1440
PERIOD = MONTH_DAYS.value * DAY  # of every objective, in minutes
# CloudWatch User Guide, Metrics concepts, Periods: a day at most; amplify-backend pull 1536 met that limit with alarms.
LONGEST = DAY
BASIS = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A pair of windows.

    share: of the error budget that is gone when the long window is reached, in percent.
    long, short: in minutes. A long one of several days is on while the budget has burned that fast on each of them: a
        sum over more than a day is nothing that CloudWatch has.
    page: whether it pages at any hour; a ticket waits for the morning.
    """

    share: int
    long: int
    short: int
    page: bool

    @property
    def burn(self) -> Fraction:
        """Burn rate at which the alarm fires: 1 uses the budget up in exactly the objective's period."""
        return burn_rate(Fraction(self.share, 100), self.long)

    @property
    def period(self) -> int:
        """Minutes over which the long window adds up events: all of it, or a day."""
        return min(self.long, LONGEST)

    @property
    def periods(self) -> int:
        """How often the long window's period has to show the burn rate, one after the other."""
        return self.long // self.period

    def least(self, target: Threshold) -> int:
        """The fewest events in each period; all together are as many as it takes for one bad event not to be enough."""
        return math.ceil(Fraction(least_events(target, self.burn), self.periods))

    @property
    def name(self) -> str:
        """Such as `14.4x`, by which alarms of this pair are told apart."""
        return f"{float(self.burn):g}x"


# SRE Workbook, "Recommended time windows and burn rates", and the fourth pair of the text before it (10 % in a day).
WINDOWS = (
    Window(share=2, long=HOUR, short=5, page=True),
    Window(share=5, long=6 * HOUR, short=30, page=True),
    Window(share=10, long=DAY, short=2 * HOUR, page=False),
    Window(share=10, long=3 * DAY, short=6 * HOUR, page=False),
)


def burn_rate(share: Fraction, window: float) -> Fraction:
    """Burn rate that uses `share` of the budget within `window` minutes."""
    return share * PERIOD / Fraction(window)


def budget(target: Threshold) -> Fraction:
    """Share of events that may be bad."""
    return 1 - Fraction(target.value, BASIS)


def limit(target: Threshold, burn: Fraction) -> Fraction:
    """Share of bad events at which the budget burns at `burn`; above 1, no outage is bad enough."""
    return burn * budget(target)


def consumed(burn: Fraction, minutes: float) -> Fraction:
    """Share of the budget that `minutes` at `burn` use up."""
    return burn * Fraction(minutes) / PERIOD


def exhaustion(burn: Fraction) -> Fraction:
    """Minutes until a whole budget is gone at `burn`."""
    return PERIOD / burn


def detection(target: Threshold, burn: Fraction, window: float, bad: Fraction) -> Fraction | None:
    """Minutes from the start of an outage, in which a share `bad` of events fails, until a window shows `burn`.

    None when it never does.
    """
    threshold = limit(target, burn)
    return Fraction(window) * threshold / bad if bad > threshold else None


def reset(target: Threshold, burn: Fraction, window: float, bad: Fraction) -> Fraction:
    """Minutes from the end of an outage that lasted longer than `window` until the window is below `burn` again."""
    return Fraction(window) * (1 - min(Fraction(1), limit(target, burn) / bad))


def least_events(target: Threshold, burn: Fraction) -> int:
    """The fewest events in a window at which a single bad one is not enough to show `burn`."""
    return math.ceil(1 / limit(target, burn))


@dataclass(frozen=True, slots=True)
class RefusedWindows:
    """A pair of windows that would mean nothing, and why."""

    window: Window
    reason: str


def fitted(target: Threshold, events: Fraction, *, widen: bool) -> tuple[list[Window], list[RefusedWindows]]:
    """The windows in which an alarm means something, given `events` per minute in quiet hours, and those refused.

    One bad event must never be enough. A short window that holds too few is doubled, up to half of the long one; where
    that is not enough, or the long one itself holds too few, the pair is refused: its alarm would either page for one
    failure or never fire. So is one that no outage could reach.

    Where an event is a minute, in which everything fails, one in the short window does say that the outage goes on:
    then do not `widen`.
    """
    kept: list[Window] = []
    refused: list[RefusedWindows] = []
    for window in WINDOWS:
        least = least_events(target, window.burn)
        if limit(target, window.burn) >= 1:
            refused.append(RefusedWindows(window, "even with every event bad, the budget does not burn that fast"))
        elif events * window.long < least:
            held = math.floor(events * window.long)
            refused.append(RefusedWindows(window, f"{window.long} minutes hold {held} events, and it takes {least}"))
        else:
            wide = _widened(window, least, events) if widen else window
            if wide is None:
                refused.append(RefusedWindows(window, f"no short window within the long one holds {least} events"))
            else:
                kept.append(wide)
    return kept, refused


def _widened(window: Window, least: int, events: Fraction) -> Window | None:
    short = window.short
    while events * short < least:
        short *= 2
        if short > window.long // 2:
            return None
    return replace(window, short=short)
