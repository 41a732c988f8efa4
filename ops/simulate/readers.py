"""The readers of a cluster over time: what autoscaling asks for, and when they are there."""

from __future__ import annotations

from ops.scaling.readers import LOW_SHARE, ReaderScaling
from ops.scaling.rules import reader_rules
from ops.simulate.assumptions import Assumptions
from ops.simulate.serving import LossTimes, Serving, ServingTimeline
from ops.simulate.stack import SimulatedDatabase


class ReaderFleet:
    """The readers of one region.

    timeline: what served until now. wanted: readers that the cluster is to have.
    target: of their CPU, in percent. per_target: seconds of CPU in a second that one has at its most capacity.
    """

    def __init__(self, database: SimulatedDatabase, numbers: Assumptions, lost: LossTimes) -> None:
        self._numbers = numbers
        self.minimum, self.maximum = database.readers or (0, 0)
        rules = reader_rules(self.minimum, self.maximum)
        self.target, self.low_share = rules.target, LOW_SHARE.value / 100
        self._scaling = ReaderScaling(rules)
        # Amazon Aurora, CloudWatch metrics: CPUUtilization of a serverless instance is of its most capacity.
        self.per_target = database.max_acu * numbers.acu_vcpus
        self.wanted = self._ready = self.minimum
        self._making: list[tuple[int, int]] = []
        self._lost = lost.zone
        self._gone = 0  # readers in a zone that is lost, which stay members of the cluster
        self.timeline = ServingTimeline()
        self._note(0)

    @property
    def ready(self) -> int:
        """Readers that answer."""
        return self._ready

    @property
    def next_event(self) -> int | None:
        """The second of the next thing that happens by itself."""
        times = [one[0] for one in self._making[:1]] + ([self._lost] if self._lost is not None else [])
        return min(times, default=None)

    def advance(self, now: int) -> bool:
        """Let everything happen that is due until this second. A writer that is lost takes a reader: that becomes it.

        Gives whether anything did, for a cooldown begins with the minute in which a reader is there.
        """
        happened = False
        while (due := self.next_event) is not None and due <= now:
            if due == self._lost:
                self._lost = None
                self._gone = min(self._ready, 1)
                self._ready -= self._gone
            else:
                self._ready += self._making.pop(0)[1]
            happened = True
            self._note(due)
        return happened

    def remember(self, now: int, cpu: float | None) -> None:
        """A minute in which the policy has nothing to change, and of which it only keeps the metric."""
        self._scaling.decide(now, self.wanted, cpu, making=1)

    def decide(self, now: int, cpu: float | None) -> None:
        """The end of a minute: the policy sees the readers' average CPU, in percent."""
        # Amazon Aurora, Before you begin: it scales while all replicas are available, and else waits until they are.
        making = sum(count for _, count in self._making) + self._gone
        wanted = self._scaling.decide(now, self.wanted, cpu, making=making).capacity
        change = wanted - self.wanted
        self.wanted = wanted
        if change > 0:
            self._making.append((now + int(self._numbers.reader_seconds), change))
        elif change < 0:
            self._ready = max(self._ready + change, 0)
        if change:
            self._note(now)

    def _note(self, second: int) -> None:
        self.timeline.add(Serving(second, self._ready, self._ready, self.wanted, self.wanted))
