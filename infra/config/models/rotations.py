"""`ascent:rotations`: passwords replaced one at a time."""

from __future__ import annotations

from pydantic import Field

from infra.config.strict import Strict


class Rotations(Strict):
    """How often each password has been replaced. Raise one number by one at a time, so that no client is locked out."""

    application: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="Of the users that database.roles creates.",
    )
    cache: int = Field(default=0, ge=0, le=10_000, description="Of Redis.")
    master: int = Field(default=0, ge=0, le=10_000, description="Of the database's master user.")
