"""What AWS documents about metrics, alarms and dashboards, and has no model of: `tests/aws/data/metrics.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from catalog.values import UNKNOWN, Unknown
from tests.aws.judges.model import OWN, Finding
from tests.aws.values import plain, wrapped

ALARM, COMPOSITE = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
METRICS = Path(__file__).parent.parent / "data" / "metrics.json"
# CloudWatch User Guide, Statistics definitions.
_STATISTIC = re.compile(
    r"(Average|Sum|Minimum|Maximum|SampleCount|IQM|(p|tm|tc|ts|wm)(\d{1,2}(\.\d{1,10})?|100)"
    r"|(PR|TM|TC|TS|WM)\((\d+(\.\d+)?%?)?:(\d+(\.\d+)?%?)?\))"
)
# CloudWatch User Guide, Using math expressions with CloudWatch metrics: functions, and the words of operators.
_MATH = frozenset((
    "ABS", "AND", "ANOMALY_DETECTION_BAND", "AVG", "CEIL", "DATAPOINT_COUNT", "DATE", "DAY", "DIFF", "DIFF_TIME",
    "EPOCH", "FALSE", "FILL", "FIRST", "FLOOR", "HOUR", "IF", "LAST", "LINEAR", "LOG", "LOG10", "MAX", "METRICS",
    "METRIC_COUNT", "MIN", "MINUTE", "MONTH", "OR", "PERIOD", "RATE", "REMOVE_EMPTY", "REPEAT", "RUNNING_SUM",
    "SEARCH", "SERVICE_QUOTA", "SLICE", "SORT", "STDDEV", "SUM", "TIME_SERIES", "TRUE", "YEAR",
))  # fmt: skip
# CloudWatch API, PutCompositeAlarm: AlarmRule.
_RULE = re.compile(r'(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*("[^"]+"|[^")\s]+)\s*\)|\b(AND|OR|NOT|TRUE|FALSE)\b|[()\s]')
CHILDREN = 100  # CloudWatch User Guide, Create a composite alarm
METRICS_OF_ALARM = 10  # CloudWatch quotas: metrics of an alarm on a metric math expression
WIDTH = 24  # CloudWatch API, Dashboard body structure and syntax: columns


def findings(type_: str, inputs: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with an alarm or a dashboard."""
    judged = {ALARM: _alarm, COMPOSITE: _composite, DASHBOARD: _dashboard}.get(type_)
    if judged:
        yield from (Finding(OWN, path, message) for path, message in judged(plain(wrapped(inputs))))


Problems = Iterator[tuple[str, str]]


@cache
def published() -> dict[tuple[str, str], tuple[frozenset[str], ...]]:
    """Namespace and name of a metric, to the sets of dimensions that it is published with."""
    found: dict[tuple[str, str], tuple[frozenset[str], ...]] = {}
    for namespace, rows in json.loads(METRICS.read_text(encoding="utf-8")).items():
        for row in rows:
            for name in row["metrics"]:
                found[namespace, name] = (*found.get((namespace, name), ()), *map(frozenset, row["dimensions"]))
    return found


def _metric(namespace: Any, name: Any, dimensions: Any) -> Iterator[str]:
    # Others are what the stack's own log filters and probes write.
    if isinstance(namespace, Unknown) or isinstance(name, Unknown) or namespace.startswith("Ascent/"):
        return
    if (namespace, name) not in published():
        yield f"{namespace} publishes no metric {name} that tests/aws/data/metrics.json has"
    elif not isinstance(dimensions, Unknown) and frozenset(dimensions) not in published()[namespace, name]:
        yield f"{namespace} does not publish {name} with dimensions {sorted(dimensions)}"


def _alarm(inputs: dict[str, Any]) -> Problems:
    for path in ("statistic", "extendedStatistic"):
        if path in inputs and not _STATISTIC.fullmatch(inputs[path]):
            yield path, f"{inputs[path]!r} is no statistic"
    if "metricQueries" not in inputs:
        for message in _metric(inputs.get("namespace"), inputs.get("metricName"), inputs.get("dimensions", {})):
            yield "metricName", message
        return
    queries = inputs["metricQueries"]
    names = {query["id"] for query in queries}
    if sum("metric" in query for query in queries) > METRICS_OF_ALARM:
        yield "metricQueries", f"more than {METRICS_OF_ALARM} metrics"
    if sum(query.get("returnData") is True for query in queries) != 1:
        yield "metricQueries", "one query must return data, and one alone"
    periods = {query["metric"].get("period") for query in queries if "metric" in query}
    if len(periods) > 1:
        yield "metricQueries", f"periods differ: {sorted(periods)}"
    for query in queries:
        if "metric" in query:
            metric = query["metric"]
            if not _STATISTIC.fullmatch(metric["stat"]):
                yield "metricQueries.metric.stat", f"{metric['stat']!r} is no statistic"
            for message in _metric(metric["namespace"], metric["metricName"], metric.get("dimensions", {})):
                yield "metricQueries.metric", message
        else:
            for message in _expression(query["expression"], names - {query["id"]}):
                yield "metricQueries.expression", message
            if "SEARCH(" in query["expression"]:
                yield "metricQueries.expression", "no alarm can be on SEARCH"


def _expression(text: str, names: set[str]) -> Iterator[str]:
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", text)
    if not _balanced(bare):
        yield f"unbalanced: {text}"
    for word in re.findall(r"[A-Za-z_]\w*", bare):
        if word not in names and word not in _MATH:
            yield f"{word} is neither a query nor a function: {text}"


def _balanced(text: str) -> bool:
    depth = 0
    for one in text:
        depth += (one == "(") - (one == ")")
        if depth < 0:
            return False
    return depth == 0


def _composite(inputs: dict[str, Any]) -> Problems:
    rule = inputs.get("alarmRule", UNKNOWN)  # that it is required, others say
    if isinstance(rule, Unknown):
        return
    rest = _RULE.sub("", rule)
    if rest or not _balanced(re.sub(r'"[^"]*"', "", rule)):
        yield "alarmRule", f"not in the grammar of rules: {(rest or rule)[:80]!r}"
    children = {match[2] for match in _RULE.finditer(rule) if match[1]}
    if len(children) > CHILDREN:
        yield "alarmRule", f"{len(children)} children, of {CHILDREN} at most"


def _dashboard(inputs: dict[str, Any]) -> Problems:
    body = inputs.get("dashboardBody", UNKNOWN)
    if isinstance(body, Unknown):
        return
    for widget in json.loads(body)["widgets"]:
        title = widget["properties"].get("title", "")
        if widget.get("x", 0) + widget.get("width", 6) > WIDTH:
            yield "dashboardBody", f"{title!r} reaches beyond column {WIDTH}"
        if widget["type"] != "metric":
            continue
        if "region" not in widget["properties"]:
            yield "dashboardBody", f"{title!r} has no region"
        metrics = widget["properties"].get("metrics", [])
        named = {one[-1]["id"] for one in metrics if isinstance(one[-1], dict) and "id" in one[-1]}
        for row in metrics:
            for message in _widget(row, named):
                yield "dashboardBody", f"{title!r}: {message}"


def _widget(row: list[Any], named: set[str]) -> Iterator[str]:
    options = row[-1] if isinstance(row[-1], dict) else {}
    if "expression" in options:
        if not options["expression"].startswith(("SEARCH(", "SELECT ")):
            yield from _expression(options["expression"], named)
        return
    words = [one for one in row if not isinstance(one, dict)]
    if len(words) % 2:
        yield f"{words} are no pairs"
    else:
        yield from _metric(words[0], words[1], words[2::2])
