"""Mirrors alarms. Their states are moto's own: `aws cloudwatch set-alarm-state` sets one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.cloudwatch.models import (
    CloudWatchBackend,
    Dimension,
    Metric,
    MetricDataQuery,
    MetricStat,
    cloudwatch_backends,
)

from sandbox.aws.things import ACCOUNT, Kind, Thing

KEPT = ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history")


def cloudwatch(region: str) -> CloudWatchBackend:
    """moto's CloudWatch of a region."""
    return cloudwatch_backends[ACCOUNT][region]


def _query(one: Mapping[str, Any]) -> MetricDataQuery:
    metric = one.get("metric")
    measured = None
    if metric:
        dimensions = [Dimension(key, value) for key, value in (metric.get("dimensions") or {}).items()]
        measured = MetricStat(
            Metric(metric["metricName"], metric["namespace"], dimensions),
            metric.get("period"),
            metric.get("stat"),
            metric.get("unit"),
        )
    return MetricDataQuery(
        query_id=one["id"],
        label=one.get("label") or "",
        period=one.get("period"),  # type: ignore[arg-type]  # as its own PutMetricAlarm has it
        return_data=bool(one.get("returnData")),  # type: ignore[arg-type]
        expression=one.get("expression"),
        metric_stat=measured,
    )


def _put(thing: Thing) -> None:
    there = cloudwatch(thing.region)
    old, has = there.alarms.get(thing.name), thing.has
    new = there.put_metric_alarm(
        name=thing.name,
        namespace=has.get("namespace"),  # type: ignore[arg-type]  # none in an alarm on queries
        metric_name=has.get("metricName"),  # type: ignore[arg-type]
        metric_data_queries=[_query(one) for one in has.get("metricQueries") or []] or None,
        comparison_operator=has.get("comparisonOperator"),  # type: ignore[arg-type]
        evaluation_periods=has.get("evaluationPeriods"),  # type: ignore[arg-type]
        datapoints_to_alarm=has.get("datapointsToAlarm"),
        period=has.get("period"),  # type: ignore[arg-type]
        threshold=has.get("threshold"),  # type: ignore[arg-type]
        statistic=has.get("statistic"),  # type: ignore[arg-type]
        extended_statistic=has.get("extendedStatistic"),
        description=str(has.get("alarmDescription") or ""),
        dimensions=[{"Name": key, "Value": str(value)} for key, value in (has.get("dimensions") or {}).items()],
        alarm_actions=list(has.get("alarmActions") or []),
        ok_actions=list(has.get("okActions") or []),
        insufficient_data_actions=list(has.get("insufficientDataActions") or []),
        actions_enabled=bool(has.get("actionsEnabled", True)),
        treat_missing_data=has.get("treatMissingData"),
        rule=has.get("alarmRule"),
        tags=thing.tags,
    )
    for key in KEPT if old is not None else ():
        setattr(new, key, getattr(old, key))


_KIND = Kind(_put, lambda thing: cloudwatch(thing.region).delete_alarms([thing.name]))
KINDS = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": _KIND,
    # moto keeps and lists them, and has no PutCompositeAlarm.
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": _KIND,
}
