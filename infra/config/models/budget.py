"""`ascent:budget`: the monthly cost budget."""

from __future__ import annotations

from pydantic import Field

from infra.config.strict import Strict


class BudgetOverride(Strict):
    """What this stack may cost."""

    monthly_usd: int | None = Field(default=None, ge=1, le=10_000_000, description="US dollars a month, all regions.")
