"""The alarms that stop an instance refresh or a rollout: errors and unhealthy targets of one target group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.thresholds import ALARM_PERIOD, ERROR_RATE, ERROR_RATE_MINUTES, UNHEALTHY_MINUTES

NAMESPACE = "AWS/ApplicationELB"
# Errors in percent of requests; without requests there is no rate, and nothing to alarm about.
ERROR_RATE_EXPRESSION = "IF(requests > 0, 100 * errors / requests, 0)"


@dataclass(frozen=True, kw_only=True)
class GateAlarmsArgs:
    """What is watched: a target group behind a load balancer, each by its ARN suffix."""

    load_balancer: pulumi.Input[str]
    target_group: pulumi.Input[str]


class GateAlarms(pulumi.ComponentResource):
    """Two alarms.

    names: their names, for an instance refresh and `ascent rollout` to watch.
    """

    def __init__(self, name: str, args: GateAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("GateAlarms"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        dimensions = {"LoadBalancer": args.load_balancer, "TargetGroup": args.target_group}
        errors = aws.cloudwatch.MetricAlarm(
            f"{name}-errors",
            alarm_description="Server errors in percent of requests; stops a release",
            comparison_operator="GreaterThanThreshold",
            threshold=float(ERROR_RATE.value),
            evaluation_periods=ERROR_RATE_MINUTES.value,
            # No traffic is the normal state of a color that has no weight yet.
            treat_missing_data="notBreaching",
            metric_queries=[
                {"id": "rate", "expression": ERROR_RATE_EXPRESSION, "label": "Error rate", "return_data": True},
                _count("errors", "HTTPCode_Target_5XX_Count", dimensions),
                _count("requests", "RequestCount", dimensions),
            ],
            opts=child,
        )
        unhealthy = aws.cloudwatch.MetricAlarm(
            f"{name}-unhealthy",
            alarm_description="A target stays unhealthy; stops a release",
            namespace=NAMESPACE,
            metric_name="UnHealthyHostCount",
            dimensions=dimensions,
            statistic="Minimum",
            period=ALARM_PERIOD.value,
            # Longer than a slow boot, which also counts as unhealthy, and shorter than the wait at a checkpoint.
            evaluation_periods=UNHEALTHY_MINUTES.value,
            comparison_operator="GreaterThanThreshold",
            threshold=0.0,
            treat_missing_data="notBreaching",
            opts=child,
        )
        self.names = [errors.name, unhealthy.name]
        self.register_outputs({"names": self.names})


def _count(
    identifier: str, metric: str, dimensions: Mapping[str, pulumi.Input[str]]
) -> aws.cloudwatch.MetricAlarmMetricQueryArgsDict:
    """A metric's sum over a period, for an expression to use."""
    return {
        "id": identifier,
        "metric": {
            "namespace": NAMESPACE,
            "metric_name": metric,
            "dimensions": dimensions,
            "period": ALARM_PERIOD.value,
            "stat": "Sum",
        },
    }
