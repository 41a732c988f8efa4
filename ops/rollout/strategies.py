"""The strategies as data: weights, minutes between them, and which color gets the new image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.config.models.rollout import Strategy
from infra.thresholds import (
    BLUE_GREEN_BAKE,
    BLUE_GREEN_WEIGHTS,
    CANARY_BAKE,
    CANARY_WEIGHTS,
    ROLLING_BAKE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RolloutPlan:
    """The steps of a strategy.

    weights: percent of the traffic that the new version takes, step by step. Empty where its color has all of it.
    bake: minutes to watch each step.
    in_place: whether the color that has the traffic gets the new image, instead of the idle one.
    """

    weights: tuple[int, ...]
    bake: int
    in_place: bool = False

    def after(self, weight: int) -> int | None:
        """The weight that follows `weight`, or None at the end."""
        return next((one for one in self.weights if one > weight), None)


STRATEGIES: Mapping[Strategy, RolloutPlan] = {
    Strategy.CANARY: RolloutPlan(weights=tuple(one.value for one in CANARY_WEIGHTS), bake=CANARY_BAKE.value),
    Strategy.BLUE_GREEN: RolloutPlan(
        weights=tuple(one.value for one in BLUE_GREEN_WEIGHTS), bake=BLUE_GREEN_BAKE.value
    ),
    Strategy.ROLLING: RolloutPlan(weights=(), bake=ROLLING_BAKE.value, in_place=True),
}
