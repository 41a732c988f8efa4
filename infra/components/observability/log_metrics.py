"""Metrics made of the lines of a log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.alarms.application import Filter


@dataclass(frozen=True, kw_only=True)
class LogMetricsArgs:
    """What log metrics need.

    log_group: name of the log group that is read.
    namespace: CloudWatch namespace of the metrics.
    filters: what is made of which lines.
    """

    log_group: pulumi.Input[str]
    namespace: str
    filters: Sequence[Filter]


class LogMetrics(pulumi.ComponentResource):
    """Metric filters. A metric is there from the first line that counts, and costs nothing before."""

    def __init__(self, name: str, args: LogMetricsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("LogMetrics"), name, None, opts)
        for one in args.filters:
            aws.cloudwatch.LogMetricFilter(
                f"{name}-{one.metric}",
                log_group_name=args.log_group,
                pattern=one.pattern,
                metric_transformation={"name": one.metric, "namespace": args.namespace, "value": one.value},
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"namespace": args.namespace})
