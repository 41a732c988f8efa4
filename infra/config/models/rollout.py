"""`ascent:rollout`: the versions that run, their traffic, and a rollout in progress."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from infra.config.models.runtime import Runtime
from infra.config.models.values import Image
from infra.config.strict import Strict

WEIGHTS = 100  # the weights of a rollout are percent of the traffic

# Steps of the two shares: with them, color weight x runtime share is always a whole percent, which an ALB can hold.
WEIGHT_STEP = 5

SHARE_STEP = 20


class Color(Strict):
    """One of the two versions of the application that may run side by side."""

    image: Image | None = Field(
        default=None,
        description="Container image with a tag or digest: registry/name:1.2.3. Without one, the color does not run.",
    )
    weight: int = Field(
        default=0, ge=0, le=WEIGHTS, multiple_of=WEIGHT_STEP, description="Percent of the traffic, in steps of 5."
    )

    @model_validator(mode="after")
    def _runs(self) -> Self:
        if self.weight > 0 and self.image is None:
            raise PydanticCustomError("image", "a color with a weight above 0 should have an image")
        return self


class Strategy(StrEnum):
    """How a new version is introduced."""

    CANARY = "canary"
    BLUE_GREEN = "blue-green"
    ROLLING = "rolling"


class Phase(StrEnum):
    """The direction of a rollout. `ops/rollout/state_machine.py` has the steps."""

    FORWARD = "forward"
    BACK = "back"
    CLEANING = "cleaning"


UTC_SECOND = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"


class Progress(Strict):
    """A rollout in progress. `ascent rollout` writes it together with the weights; no resource depends on it."""

    strategy: Strategy = Field(description="How the new version is introduced: canary, blue-green or rolling.")
    phase: Phase = Field(description="Its direction: forward, back, or cleaning up after either.")
    to: Literal["blue", "green"] = Field(description="The color that gets the new version.")
    before: Image = Field(description="Image that had the traffic before the rollout.")
    bake: int = Field(ge=0, le=10_080, description="Minutes to watch each step before the next, a week at most.")
    began: str | None = Field(
        default=None,
        pattern=UTC_SECOND,
        description="When it began (UTC). It identifies one of several rollouts with the same strategy, color and "
        "image.",
    )
    since: str | None = Field(
        default=None,
        pattern=UTC_SECOND,
        description="Since when the stack is in this state (UTC). Without it, an update is still to be made or "
        "checked.",
    )


class Rollout(Strict):
    """The versions that run, and their shares of the traffic."""

    blue: Color = Field(default_factory=Color, description="The blue version: image and weight.")
    green: Color = Field(default_factory=Color, description="The green version: image and weight.")
    kubernetes_share: int = Field(
        default=0,
        ge=0,
        le=100,
        multiple_of=SHARE_STEP,
        description="Percent of the traffic that pods get with `runtime: both`, in steps of 20.",
    )
    progress: Progress | None = Field(
        default=None, description="The rollout in progress. `ascent rollout` writes it, and also ends it."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.blue.weight + self.green.weight
        if total != WEIGHTS:
            raise PydanticCustomError(
                "weights",
                "the weights should add up to 100, and {blue} + {green} = {total}",
                {"blue": self.blue.weight, "green": self.green.weight, "total": total},
            )
        return self

    @property
    def colors(self) -> dict[str, Color]:
        """Both colors by name."""
        return {"blue": self.blue, "green": self.green}

    def shares(self, runtime: Runtime) -> dict[str, int]:
        """Percent of the traffic by target group. Each color's weight is divided between the runtimes."""
        on_pods = self.kubernetes_share if runtime.on_ec2 else WEIGHTS
        parts = {"ec2": WEIGHTS - on_pods} if runtime.on_ec2 else {}
        parts |= {"k8s": on_pods} if runtime.on_kubernetes else {}
        return {
            f"{color}-{where}": one.weight * part // WEIGHTS
            for color, one in self.colors.items()
            for where, part in parts.items()
        }

    @property
    def leading(self) -> str:
        """The color with the most traffic, which workers run; with equal shares, the one that a rollout replaces."""
        coming = self.progress.to if self.progress else None
        return max(self.colors, key=lambda color: (self.colors[color].weight, color != coming))
