"""`ascent:backfilled`: which regions have the objects from before stage 7."""

from __future__ import annotations

from pydantic import Field

from infra.config.strict import Strict


class Backfilled(Strict):
    """That the buckets of a region have what was at home before they were copied to. No resource depends on it."""

    date: str = Field(pattern=r"^\d{4}-\d\d-\d\d$", description="Day (UTC) on which that was found done.")
    buckets: str = Field(
        pattern=r"^b[0-9a-f]{12}$", description="Stands for these buckets: others in their place have another mark."
    )
