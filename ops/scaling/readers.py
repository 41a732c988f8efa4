"""Application Auto Scaling over the readers of an Aurora cluster: target tracking with cooldowns."""

from __future__ import annotations

from dataclasses import dataclass

from ops.scaling.target_tracking import TrackingDecision


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


class ReaderScaling:
    """The policy of one cluster and what it remembers."""

    def __init__(self, rules: ReaderRules) -> None:
        self._rules = rules

    def decide(self, now: float, readers: int, metric: float | None, *, making: int = 0) -> TrackingDecision:
        """One minute.

        now: seconds; calls come 60 s apart.
        readers: the capacity, with those that are being made.
        metric: average CPU of the readers that serve, in percent; None is no datapoint.
        making: how many readers are being made or deleted, while which the cluster is not scaled.
        """
        raise NotImplementedError
