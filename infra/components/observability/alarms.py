"""The alarms of one subject, by the rows of the table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.alarms.model import Alarm, Metric, Severity
from infra.alarms.subject import Subject

# The statistics that CloudWatch keeps by themselves; all others are made of the distribution of values.
PLAIN = re.compile(r"Average|Sum|Minimum|Maximum|SampleCount")


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """What alarms need.

    subject: what is watched.
    rows: the rows about it.
    topics: ARN of the topic that hears of each severity.
    procedures: address of docs/procedures.md, to which each description leads.
    """

    subject: Subject
    rows: Sequence[Alarm]
    topics: Mapping[Severity, pulumi.Input[str]]
    procedures: str


class Alarms(pulumi.ComponentResource):
    """Metric alarms.

    names, arns: of each alarm, by the row's name.
    gates: names of those that stop a release.
    """

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Alarms"), name, None, opts)
        made = {
            row.name: metric_alarm(
                f"{name}-{row.name}",
                row,
                args.subject,
                procedures=args.procedures,
                told=[args.topics[row.severity]] if row.severity else [],
                parent=self,
            )
            for row in args.rows
        }
        self.names = {row: alarm.name for row, alarm in made.items()}
        self.arns = {row: alarm.arn for row, alarm in made.items()}
        self.gates = [self.names[row.name] for row in args.rows if row.gate]
        self.register_outputs({"names": self.names})


def metric_alarm(
    name: str,
    row: Alarm,
    subject: Subject,
    *,
    procedures: str,
    told: Sequence[pulumi.Input[str]],
    parent: pulumi.Resource,
) -> aws.cloudwatch.MetricAlarm:
    """The alarm of one row; `told` are the ARNs of the topics that hear of its beginning and its end."""
    value = row.value(subject.limits)
    queries: list[aws.cloudwatch.MetricAlarmMetricQueryArgsDict] = []
    (first, *_) = row.metrics.values()
    plain = PLAIN.fullmatch(first.stat)
    if row.expression:
        queries = [
            {"id": "value", "expression": row.expression, "label": row.panel, "return_data": True},
            *(_query(identifier, metric, row, subject) for identifier, metric in row.metrics.items()),
        ]
    return aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=describe(row, value, procedures),
        comparison_operator="GreaterThanThreshold" if row.above else "LessThanThreshold",
        threshold=value,
        evaluation_periods=row.evaluated,
        datapoints_to_alarm=row.datapoints,
        treat_missing_data=row.missing.treatment,
        metric_queries=queries or None,
        namespace=None if queries else first.namespace or subject.namespace,
        metric_name=None if queries else first.name,
        dimensions=None if queries else _dimensions(first, subject),
        statistic=first.stat if plain and not queries else None,
        extended_statistic=first.stat if not plain and not queries else None,
        period=None if queries else row.period.value,
        alarm_actions=told,
        ok_actions=told,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def describe(row: Alarm, value: float, procedures: str) -> str:
    """What the person reads who is told of it: what is the matter, the limit and where it is from, and what to do."""
    side = "above" if row.above else "below"
    return (
        f"{row.says}. {row.panel}: {side} {value:g} for {row.lasting.value} minutes ({row.limit.source}). "
        f"What to do: {procedures}#{row.procedure}"
    )


def _dimensions(metric: Metric, subject: Subject) -> dict[str, pulumi.Input[str]]:
    return {name: subject.dimensions[name] for name in metric.by}


def _query(
    identifier: str, metric: Metric, row: Alarm, subject: Subject
) -> aws.cloudwatch.MetricAlarmMetricQueryArgsDict:
    return {
        "id": identifier,
        "metric": {
            "namespace": metric.namespace or subject.namespace,
            "metric_name": metric.name,
            "dimensions": _dimensions(metric, subject),
            "period": row.period.value,
            "stat": metric.stat,
        },
    }
