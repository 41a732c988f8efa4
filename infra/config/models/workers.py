"""`ascent:workers`: number of queue workers."""

from __future__ import annotations

from pydantic import Field

from infra.config.strict import Strict


class WorkersOverride(Strict):
    """This stack's number of queue workers. Stage 6 and above."""

    minimum: int | None = Field(default=None, ge=0, le=100, description="Fewest workers, 0 to 100.")
    maximum: int | None = Field(default=None, ge=1, le=100, description="Most workers, 1 to 100.")
