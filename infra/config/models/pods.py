"""`ascent:hpa`, `ascent:pods` and `ascent:nodes`: number and size of pods, and the limit of their nodes."""

from __future__ import annotations

from pydantic import Field

from infra.config.strict import Strict

# In place of a path: the pod is alive as long as its port accepts connections.
LISTENS = "tcp"


class HpaOverride(Strict):
    """This stack's bounds of the Horizontal Pod Autoscaler."""

    minimum: int | None = Field(default=None, ge=1, le=100, description="Fewest pods, 1 to 100.")
    maximum: int | None = Field(default=None, ge=1, le=100, description="Most pods, 1 to 100.")
    by_memory: bool = Field(
        default=True,
        description="Whether memory use also adds pods, of workers too; false for a runtime that does not give memory "
        "back, as with garbage collection.",
    )


class PodsOverride(Strict):
    """What this stack's pods request, and their liveness probe. Their limits are twice the requests."""

    cpu: float | None = Field(
        default=None, ge=0.25, le=16, multiple_of=0.25, description="vCPUs of a pod, 0.25 to 16 in quarters."
    )
    memory: int | None = Field(
        default=None, ge=128, le=65_536, multiple_of=64, description="MiB of a pod, 128 to 65536 in steps of 64."
    )
    liveness: str | None = Field(
        default=None,
        pattern=rf"^({LISTENS}|/[A-Za-z0-9._~/-]{{0,100}})$",
        description="Liveness probe of a pod, which is restarted when it fails for two minutes: a path such as "
        "/api/live, or tcp for an open port. Without it, the health path.",
    )


class NodesOverride(Strict):
    """The limit of all nodes together, in each cluster."""

    cpu: int | None = Field(default=None, ge=4, le=10_000, description="Most vCPUs of all nodes, 4 to 10000.")
    memory: int | None = Field(default=None, ge=8, le=40_000, description="Most GiB of all nodes, 8 to 40000.")
