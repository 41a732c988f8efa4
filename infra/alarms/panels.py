"""Dashboards, drawn from the table: a panel for each heading, with the limits of its alarms as lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pulumi

from infra.alarms.model import Alarm, Chart, Metric
from infra.alarms.objectives import MONTH_SECONDS, Objective
from infra.alarms.subject import Subject
from infra.alarms.table import charts_of
from infra.thresholds import ALARMS_PER_PANEL, DASHBOARD_COLUMNS, PANEL_HEIGHT

_PANEL_WIDTH = 8  # columns: three panels beside each other

Panel = Mapping[str, Any]
# Identifiers in CloudWatch's metric math begin with a small letter; functions are capital letters.
IDENTIFIER = re.compile(r"\b[a-z][A-Za-z0-9_]*\b")


def arranged(panels: Iterable[Panel]) -> dict[str, Any]:
    """A dashboard's body with its panels in rows from left to right."""
    width, height = _PANEL_WIDTH, PANEL_HEIGHT.value
    across = DASHBOARD_COLUMNS.value // width
    return {
        "widgets": [
            {"x": index % across * width, "y": index // across * height, "width": width, "height": height, **panel}
            for index, panel in enumerate(panels)
        ]
    }


def graphs(subjects: Sequence[Subject], region: str) -> list[Panel]:
    """A panel for each heading, with every subject that has it."""
    headed: dict[str, list[tuple[Chart, Subject]]] = {}
    for subject in subjects:
        for chart in charts_of(subject.kinds):
            headed.setdefault(chart.panel, []).append((chart, subject))
    return [_graph(heading, drawn, region) for heading, drawn in headed.items()]


def budgets(measured: Sequence[tuple[Objective, Subject]], region: str) -> list[Panel]:
    """A panel with what is left of each objective's error budget over the last 30 days, in percent."""
    metrics: list[Any] = []
    for index, (objective, subject) in enumerate(measured):
        left = _renamed(f"100 - ({objective.burn(1)})", objective.metrics, index)
        metrics.append([{"expression": left, "id": f"left{index}", "label": f"{subject.name}: {objective.name}"}])
        metrics += _lines(objective.metrics, subject, index, visible=False)
    properties = {
        "title": f"Error budget left, percent ({region})",
        "region": region,
        "view": "gauge",
        "metrics": metrics,
        "period": MONTH_SECONDS,
        "start": "-P30D",
        "end": "P0D",
        "yAxis": {"left": {"min": 0, "max": 100}},
    }
    return [{"type": "metric", "properties": properties}]


def states(title: str, arns: Sequence[pulumi.Input[str]]) -> list[Panel]:
    """Panels with the states of alarms, as many to one as CloudWatch takes."""
    size = ALARMS_PER_PANEL.value
    parts = [arns[start : start + size] for start in range(0, len(arns), size)]
    return [{"type": "alarm", "properties": {"title": title, "alarms": [*part]}} for part in parts]


def _graph(heading: str, drawn: Sequence[tuple[Chart, Subject]], region: str) -> Panel:
    metrics: list[Any] = []
    limits: dict[str, float] = {}
    seen: list[tuple[str, str | None, str]] = []
    for index, (chart, subject) in enumerate(drawn):
        if isinstance(chart, Alarm):
            limits[chart.severity or "gate"] = chart.value(subject.limits)
        same = (subject.name, chart.expression, str(chart.metrics))
        if same in seen:
            continue
        seen.append(same)
        if chart.expression:
            expression = _renamed(chart.expression, chart.metrics, index)
            metrics.append([{"expression": expression, "id": f"value{index}", "label": subject.name}])
        metrics += _lines(chart.metrics, subject, index, visible=chart.expression is None)
    period = min(chart.period.value for chart, _ in drawn if isinstance(chart, Alarm)) if limits else None
    properties: dict[str, Any] = {"title": heading, "region": region, "view": "timeSeries", "metrics": metrics}
    if period:
        properties["period"] = period
        properties["annotations"] = {"horizontal": [{"label": name, "value": value} for name, value in limits.items()]}
    return {"type": "metric", "properties": properties}


def _lines(metrics: Mapping[str, Metric], subject: Subject, index: int, *, visible: bool) -> list[list[Any]]:
    return [
        [
            metric.namespace or subject.namespace,
            metric.name,
            *(part for name in metric.by for part in (name, subject.dimensions[name])),
            {
                "id": f"{identifier}{index}",
                "stat": metric.stat,
                "visible": visible,
                "label": f"{subject.name} {identifier}",
            },
        ]
        for identifier, metric in metrics.items()
    ]


def _renamed(expression: str, metrics: Mapping[str, Metric], index: int) -> str:
    """`expression` with the identifiers that its panel gives to the metrics."""
    return IDENTIFIER.sub(
        lambda match: f"{match[0]}{index}" if match[0] in metrics else match[0],
        expression,
    )
