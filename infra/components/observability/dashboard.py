"""A CloudWatch dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.alarms.panels import arranged


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """What a dashboard shows: its panels, from left to right and downwards."""

    panels: Sequence[Mapping[str, Any]]


class Dashboard(pulumi.ComponentResource):
    """A dashboard. Its name, which is unique in the account, is the component's own."""

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Dashboard"), name, None, opts)
        board = aws.cloudwatch.Dashboard(
            name,
            dashboard_name=name,
            dashboard_body=pulumi.Output.json_dumps(arranged(args.panels)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"name": board.dashboard_name})
