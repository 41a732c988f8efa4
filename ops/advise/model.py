"""What a judgment consists of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from infra.alarms.model import Alarm
from infra.triggers import Trigger


class State(StrEnum):
    """What a trigger or a signal is."""

    CLEAR = "clear"
    BRIEF = "brief"  # above the threshold, and not for long enough
    BUSY = "busy"  # beyond an alarm's limit, and the load has grown
    HELD = "held"  # for long enough, and the load has grown, or it has been so for weeks
    PLANNED = "planned"  # what is expected would hold
    INCIDENT = "incident"  # it rose, and the load did not
    UNCLEAR = "unclear"  # held, and nobody can tell whether the load has grown
    WAITS = "waits"  # another stage comes first against the same bottleneck
    UNKNOWN = "unknown"  # not measured


class Direction(StrEnum):
    """Where to."""

    UP, STAY, DOWN = "up", "stay", "down"


_PRESSING = (State.BRIEF, State.BUSY, State.HELD, State.PLANNED, State.INCIDENT, State.UNCLEAR)


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedTrigger:
    """A trigger beside what was measured.

    value: what the measure was for an hour on two of the last three days, or what is planned; None where unknown.
    rise: what it is now, divided by what it was in the weeks before; None where those are not known.
    """

    trigger: Trigger
    value: float | None
    state: State
    rise: float | None = None

    @property
    def headroom(self) -> float | None:
        """How far the value is below the threshold, as a share of it; negative above, None where unknown."""
        limit = self.trigger.above.value
        return None if self.value is None or not limit else 1 - self.value / limit


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedSignal:
    """What an alarm would say of the last hour.

    value: the most that it was for as long as the alarm asks.
    """

    measure: str
    alarm: Alarm
    value: float
    state: State


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgment:
    """The answer.

    stage, recommended: the present one, and that which the metrics ask for.
    triggers: all of them. binding: the one that decides, the highest where several do; None where nothing moves.
    load: which measure tells the load, and what it is now divided by what it was; None each where unknown.
    quiet: of a move down, the measures that stayed low.
    unjudged: what could not be judged, and for want of what.
    notes: what was derived, and what a runbook lists, in sentences.
    listed: stages that a runbook lists for so many registered users.
    """

    stage: int
    recommended: int
    triggers: tuple[JudgedTrigger, ...]
    signals: tuple[JudgedSignal, ...]
    binding: JudgedTrigger | None
    load: str | None
    growth: float | None
    quiet: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    listed: frozenset[int] = frozenset()

    @property
    def direction(self) -> Direction:
        """Up, stay or down."""
        if self.recommended == self.stage:
            return Direction.STAY
        return Direction.UP if self.recommended > self.stage else Direction.DOWN

    @property
    def incidents(self) -> list[JudgedTrigger | JudgedSignal]:
        """What is a fault, and not growth; each measure once."""
        found: list[JudgedTrigger | JudgedSignal] = [one for one in self.signals if one.state is State.INCIDENT]
        told = {one.measure for one in self.signals if one.state is State.INCIDENT}
        for one in self.triggers:
            if one.state is State.INCIDENT and one.trigger.measure not in told:
                told.add(one.trigger.measure)
                found.append(one)
        return found

    @property
    def alarming(self) -> bool:
        """Whether something is beyond an alarm's limit at this hour, whatever the reason."""
        return any(one.state is not State.CLEAR for one in self.signals)

    @property
    def pressing(self) -> list[str]:
        """The measures to do something about, other than by a stage: the first where the move is up."""
        found = [self.binding.trigger.measure] if self.binding and self.direction is Direction.UP else []
        found += [one.measure for one in self.signals if one.state is not State.CLEAR]
        found += [one.trigger.measure for one in self.triggers if one.state in _PRESSING]
        return list(dict.fromkeys(found))

    @property
    def fine(self) -> bool:
        """Whether there is nothing to do."""
        return self.direction is Direction.STAY and not self.pressing
