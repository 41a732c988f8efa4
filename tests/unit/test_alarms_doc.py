"""docs/alarms.md says what is true, and so does its picture."""

from __future__ import annotations

import re
from collections import Counter

from ops import alarms_doc
from ops.readme import generated
from ops.stackfile import ROOT

TEXT = alarms_doc.FILE.read_text()


def test_generated_parts_are_up_to_date() -> None:
    assert generated(TEXT, alarms_doc.PARTS, "alarms.md") == TEXT, "run: .venv/bin/python -m ops.alarms_doc"


def test_the_picture_is_up_to_date() -> None:
    assert alarms_doc.PICTURE.read_text() == alarms_doc.drawn(), "run: .venv/bin/python -m ops.alarms_doc"


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)
    assert "alarms-month.svg" in links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_an_alarm_costs_by_the_metrics_it_looks_at() -> None:
    assert alarms_doc.cost(Counter({"alarms": 1, "alarm metrics": 4, "composites": 1})) == 0.9
