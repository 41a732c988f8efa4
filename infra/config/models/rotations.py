"""`ascent:rotations`: passwords replaced one at a time."""

from __future__ import annotations

from pydantic import Field

from infra.config.strict import Strict


class Rotations(Strict):
    """How often each kind of password has been made anew. Raised by one at a time, so that nobody is locked out."""

    application: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="Of the users that database.roles makes.",
    )
    cache: int = Field(default=0, ge=0, le=10_000, description="Of Redis.")
    master: int = Field(default=0, ge=0, le=10_000, description="Of the database's master user.")
