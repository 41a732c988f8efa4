"""docs/alarms.md says what is true."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from ops.documents import alarms
from ops.stackfile import ROOT

TEXT = alarms.DOCUMENT.path.read_text()


# Each stage's row takes a render: the ends, and one where the cache and the workers are not there yet.
@pytest.mark.parametrize("stage", [1, 4, 7])
def test_counts_are_up_to_date(stage: int) -> None:
    row = " | ".join(map(str, alarms.counted(stage)))
    assert f"\n| {row} |\n" in TEXT, "run: make docs"


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_an_alarm_costs_by_the_metrics_it_looks_at() -> None:
    assert alarms.cost(Counter({"alarms": 1, "alarm metrics": 4, "composites": 1})) == 0.9
