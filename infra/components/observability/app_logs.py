"""Where instances of one region write what the application says."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.thresholds import APP_LOG_DAYS


@dataclass(frozen=True, kw_only=True)
class AppLogsArgs:
    """What the logs need.

    protect: guard them against deletion.
    """

    protect: bool


class AppLogs(pulumi.ComponentResource):
    """A log group that is there whatever runtime there is: a move from instances to pods takes no log away.

    name, arn: of the log group.
    """

    def __init__(self, name: str, args: AppLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("AppLogs"), name, None, opts)
        group = aws.cloudwatch.LogGroup(
            name,
            retention_in_days=APP_LOG_DAYS.value,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.name = group.name
        self.arn = group.arn
        self.register_outputs({"name": self.name})
