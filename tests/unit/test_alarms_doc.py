"""docs/alarms.md says what is true, and so does its picture."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from ops import alarms_doc
from ops.readme import generated
from ops.stackfile import ROOT

TEXT = alarms_doc.FILE.read_text()


def test_generated_parts_are_up_to_date() -> None:
    parts = {name: make for name, make in alarms_doc.PARTS.items() if name != "counts"}
    assert generated(TEXT, parts, "alarms.md") == TEXT, "run: .venv/bin/python -m ops.alarms_doc"


# Each stage's row takes a render: the ends, and one where the cache and the workers are not there yet.
@pytest.mark.parametrize("stage", [1, 4, 7])
def test_counts_are_up_to_date(stage: int) -> None:
    row = " | ".join(map(str, alarms_doc.counted(stage)))
    assert f"\n| {row} |\n" in TEXT, "run: .venv/bin/python -m ops.alarms_doc"


def test_the_picture_is_up_to_date() -> None:
    assert alarms_doc.PICTURE.read_text() == alarms_doc.drawn(), "run: .venv/bin/python -m ops.alarms_doc"


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)
    assert "alarms-month.svg" in links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_an_alarm_costs_by_the_metrics_it_looks_at() -> None:
    assert alarms_doc.cost(Counter({"alarms": 1, "alarm metrics": 4, "composites": 1})) == 0.9
