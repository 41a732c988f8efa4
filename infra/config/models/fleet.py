"""`ascent:fleet`: size and machine image of the EC2 fleet."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.config.strict import Strict


class FleetOverride(Strict):
    """This stack's fleet size and machine image."""

    instance_types: tuple[Annotated[str, Field(pattern=r"^[a-z0-9]+g[a-z]*\.[a-z0-9]+$")], ...] | None = Field(
        default=None, min_length=1, max_length=8, description="One to eight Graviton (arm64) instance types: c7g.large."
    )
    minimum: int | None = Field(default=None, ge=1, le=100, description="Fewest instances, 1 to 100.")
    maximum: int | None = Field(default=None, ge=1, le=100, description="Most instances, 1 to 100.")
    image_id: str | None = Field(
        default=None,
        pattern=r"^(ami-[0-9a-f]{8,17}|(/[A-Za-z0-9_.-]+){1,15})$",
        description="Machine image, arm64 and Amazon Linux 2023 or like it, pinned or baked: ami-..., or the name of "
        "an SSM parameter that holds one in each region: /team/images/app. Without it, the newest image at each "
        "update.",
    )
