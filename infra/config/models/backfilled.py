"""`ascent:backfilled`: which regions have the objects from before stage 7."""

from __future__ import annotations

from pydantic import Field

from infra.config.strict import Strict


class Backfilled(Strict):
    """A record that a region's buckets have the objects from before their replication. No resource depends on it."""

    date: str = Field(pattern=r"^\d{4}-\d\d-\d\d$", description="Day (UTC) on which the copy was found complete.")
    buckets: str = Field(
        pattern=r"^b[0-9a-f]{12}$", description="Mark of these buckets; buckets that replace them have another."
    )
