"""What a zone's plan includes, held against what Cloudflare's own pages say."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.edge.plans import Limits, ZonePlan

RECORD: dict[str, Any] = json.loads(Path(__file__).with_name("plans.json").read_text(encoding="utf-8"))
ROWS: list[dict[str, Any]] = RECORD["rows"]
# Where we take less than a plan has: the runbook's limits are a minute's (50K Users, Rate Limiting).
LESS = {("rate_period", plan): 60 for plan in (ZonePlan.PRO, ZonePlan.BUSINESS, ZonePlan.ENTERPRISE)}
UNITS = {"second": 1, "minute": 60, "hour": 3600}


def published(value: int | str) -> int | bool:
    """A number, a yes or no, or a time in seconds."""
    if isinstance(value, int) or value in ("Yes", "No"):
        return value if isinstance(value, int) else value == "Yes"
    found = re.fullmatch(r"(\d+) (second|minute|hour)s?", value)
    assert found is not None, value
    return int(found[1]) * UNITS[found[2]]


def test_each_limit_has_one_page() -> None:
    assert sorted(row["limit"] for row in ROWS) == sorted(field.name for field in dataclasses.fields(Limits))


def test_each_row_names_its_document_and_when_it_was_read() -> None:
    assert re.search(r"read on \d{4}-\d\d-\d\d", RECORD["about"])
    assert [row["limit"] for row in ROWS if not row["document"].strip()] == []
    assert [row["limit"] for row in ROWS if "file" in row and not re.fullmatch("[0-9a-f]{40}", row["commit"])] == []


@pytest.mark.parametrize("plan", ZonePlan)
@pytest.mark.parametrize("row", ROWS, ids=[row["limit"] for row in ROWS])
def test_a_plan_has_what_its_page_says(row: dict[str, Any], plan: ZonePlan) -> None:
    says, ours = published(row[plan.value]), getattr(plan.limits, row["limit"])
    if (row["limit"], plan) in LESS:
        assert ours == LESS[row["limit"], plan] <= says
    else:
        assert (ours, type(ours)) == (says, type(says))
