"""The table of alarms: that it covers the runbooks, and that what is made of it is what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra import thresholds
from infra.alarms import copies
from infra.alarms.model import Alarm, Kind
from infra.alarms.objectives import OBJECTIVES, Objective
from infra.alarms.panels import IDENTIFIER
from infra.alarms.table import ALARMS, CHARTS, FILTERS
from infra.alarms.traffic import failures
from infra.thresholds import Threshold
from ops.stackfile import ROOT

DATA: Mapping[str, Any] = json.loads((Path(__file__).parents[1] / "data" / "runbook_alerts.json").read_text())
ROWS: Mapping[str, Alarm | Objective] = {
    **{f"{row.kind}/{row.name}": row for row in ALARMS},
    **{f"slo/{one.name}": one for one in OBJECTIVES},
}
SHOWN = {*ROWS, *(f"chart/{chart.panel}" for chart in CHARTS), "budget/cost", "budget/egress"}
PROCEDURES = (ROOT / "docs" / "procedures.md").read_text()


def _names(entry: Mapping[str, Any]) -> list[str]:
    return list(entry.get("stands_for_it", ()))


def _value(row: Alarm | Objective) -> int:
    return (row.limit if isinstance(row, Alarm) else row.target).value


def _label(entry: Mapping[str, Any]) -> str:
    return f"{entry['runbook']}: {entry['what']}"


@pytest.mark.parametrize("entry", DATA["alerts"], ids=_label)
def test_every_alert_of_a_runbook_has_an_alarm_or_a_reason(entry: Mapping[str, Any]) -> None:
    assert hasattr(thresholds, entry["runbook"])
    assert [name for name in _names(entry) if name not in SHOWN] == []
    assert _names(entry) or entry["why"], "nothing stands for it, and nothing says why"


@pytest.mark.parametrize("entry", [one for one in DATA["alerts"] if "as_it_says" in one], ids=_label)
def test_an_alarm_has_the_numbers_of_its_runbook(entry: Mapping[str, Any]) -> None:
    says = entry["as_it_says"]
    rows = [ROWS[name] for name in _names(entry) if name in ROWS]
    assert rows
    for row in rows:
        assert says.get("value") in (None, _value(row))
        if isinstance(row, Alarm):
            assert says.get("severity") in (None, row.severity)
            # Where two runbooks name different times, the shorter one stands for both.
            assert row.lasting.value <= says.get("minutes", row.lasting.value)


@pytest.mark.parametrize("entry", [one for one in DATA["alerts"] if "stricter_than" in one], ids=_label)
def test_an_alarm_that_stands_for_a_looser_one_is_stricter(entry: Mapping[str, Any]) -> None:
    assert all(_value(ROWS[name]) < entry["stricter_than"] for name in _names(entry))


def test_every_alarm_is_a_runbooks_or_says_whose_it_is() -> None:
    named = {name for entry in DATA["alerts"] for name in _names(entry)} | set(DATA["own"])
    assert [name for name in ROWS if name not in named] == []
    assert [name for name in DATA["own"] if name not in ROWS] == []


@pytest.mark.parametrize("row", ALARMS, ids=lambda row: f"{row.kind}/{row.name}")
def test_a_row_is_complete(row: Alarm) -> None:
    assert row.limit.value >= 0
    assert row.limit.source
    assert row.missing.reason
    assert row.severity or row.gate
    assert f"\n## {row.procedure}\n" in PROCEDURES.lower().replace(" ", "-").replace("##-", "## ")
    assert (row.lasting.value * 60) % row.period.value == 0
    # CloudWatch, PutMetricAlarm: a day, or a week with a period of an hour or more.
    assert row.period.value <= 86_400
    assert row.evaluated * row.period.value <= (604_800 if row.period.value >= 3600 else 86_400)


@pytest.mark.parametrize("row", ALARMS, ids=lambda row: f"{row.kind}/{row.name}")
def test_an_expression_uses_every_metric_and_no_other_word(row: Alarm) -> None:
    if row.expression is None:
        assert len(row.metrics) == 1
    else:
        assert set(IDENTIFIER.findall(row.expression)) == set(row.metrics)


@pytest.mark.parametrize("row", ALARMS, ids=lambda row: f"{row.kind}/{row.name}")
def test_nothing_is_watched_that_nobody_publishes(row: Alarm) -> None:
    # Lines come in two shapes, of which the same metrics are made.
    shapes = {Kind.APPLICATION: (Kind.INSTANCE_LOG, Kind.POD_LOG), Kind.JOBS: (Kind.TASK_LOG, Kind.POD_TASK_LOG)}
    logs = shapes.get(row.kind, (row.kind,))
    (ours,) = {frozenset(one.metric for one in FILTERS.get(kind, ())) for kind in logs}
    ours |= {copies.CLOCK} if row.kind is Kind.COPIES else set()
    for metric in row.metrics.values():
        if not metric.namespace:
            assert metric.name in ours
            assert row.source != "AWS"
        elif not metric.namespace.startswith("AWS/"):
            assert row.source != "AWS"


def test_what_the_balancer_answers_itself_is_asked_of_the_balancer_alone() -> None:
    # Application Load Balancers, CloudWatch metrics: its own codes have no dimension TargetGroup.
    own = [
        metric
        for chart in (*ALARMS, *CHARTS)
        for metric in chart.metrics.values()
        if metric.name.startswith("HTTPCode_ELB_")
    ]
    assert own
    assert {metric.by for metric in own} == {("LoadBalancer",)}


@pytest.mark.parametrize(
    ("requests", "answers", "failed", "dropped", "late", "share"),
    [
        (10, 10, 1, None, None, 0),  # one failure of ten says nothing
        (19, 0, 19, 19, None, 0),
        (20, 20, 1, None, None, 5),
        (200, 100, None, 60, 40, 50),  # the target's own count has none of them
        (200, None, None, 200, None, 100),
        (200, 190, None, None, None, 0),  # clients that left
        (200, 200, None, 60, 40, 0),  # another version's
    ],
)
def test_a_versions_gate_counts_what_it_did_not_answer_and_needs_some_requests(
    requests: int, answers: int | None, failed: int | None, dropped: int | None, late: int | None, share: float
) -> None:
    row = next(row for row in ALARMS if (row.kind, row.name) == (Kind.TARGETS, "errors"))
    metrics = {"requests": requests, "answers": answers, "failed": failed, "dropped": dropped, "late": late}
    functions = {"IF": lambda one, yes, no: yes if one else no, "FILL": lambda one, no: no if one is None else one}
    # CloudWatch's metric math, as far as the row has any, is Python as well.
    assert eval(str(row.expression), {**functions, **metrics}) == share  # noqa: S307
    if requests >= thresholds.GATE_REQUESTS.value:
        assert failures({name: value or 0 for name, value in metrics.items()}) * 100 / requests == share


def test_rows_of_one_kind_have_names_of_their_own() -> None:
    assert len(ROWS) == len(ALARMS) + len(OBJECTIVES)


def test_what_is_filled_in_looks_one_point_further() -> None:
    # A metric that comes late is filled with zeros in its last minute, which must not hold an alarm back.
    short = [row for row in ALARMS if "FILL" in (row.expression or "") and row.period.value == 60]
    assert short
    for row in short:
        assert row.filled
        assert row.evaluated == row.datapoints + 1


def test_a_row_with_two_limits_is_refused() -> None:
    two = Threshold(1, "a test", "a test")
    (row, *_) = ALARMS
    with pytest.raises(ValueError, match="exactly one of above and below"):
        _ = Alarm(
            name="x", kind=Kind.NAT, panel="", says="", metrics=row.metrics, above=two, below=two,
            lasting=two, missing=row.missing, severity=None, procedure="",
        ).limit  # fmt: skip


def test_procedures_name_the_runbook_they_are_of() -> None:
    sections = re.split(r"\n## ", PROCEDURES)[1:]
    assert len(sections) > 10
    assert all("Source:" in section for section in sections)
