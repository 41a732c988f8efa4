"""A check from outside: a function that asks for an address once a minute, as a visitor would."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.components.data.role_keeper import RUNTIME
from infra.outside import asker
from infra.thresholds import ALARM_PERIOD, FUNCTION_LOG_DAYS

_OUTSIDE_SECONDS = 30  # seconds: ten to connect, ten to answer, and what starting takes

_FILE = Path(asker.__file__)
EVERY = "rate(1 minute)"


@dataclass(frozen=True, kw_only=True)
class OutsideCheckArgs:
    """What is asked for.

    url: address.
    anything: whether a 4xx is an answer too, and not a success alone.
    """

    url: pulumi.Input[str]
    anything: bool


class OutsideCheck(pulumi.ComponentResource):
    """The function and its clock. It is in no VPC: what it asks for is reached over the internet.

    function, rule: their names, which their metrics have.
    """

    def __init__(self, name: str, args: OutsideCheckArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("OutsideCheck"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        logs = aws.cloudwatch.LogGroup(name, retention_in_days=FUNCTION_LOG_DAYS.value, opts=child)
        role = aws.iam.Role(name, assume_role_policy=iam.trust("lambda.amazonaws.com"), opts=child)
        policy = aws.iam.RolePolicy(name, role=role.id, policy=iam.policy(iam.write_logs(logs.arn)), opts=child)
        function = aws.lambda_.Function(
            name,
            description="Asks for an address once a minute, as a visitor would",
            role=role.arn,
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=f"{_FILE.stem}.handler",
            code=pulumi.AssetArchive({_FILE.name: pulumi.FileAsset(str(_FILE))}),
            timeout=_OUTSIDE_SECONDS,
            environment={"variables": {"URL": args.url, **({"ANY": "1"} if args.anything else {})}},
            logging_config={"log_format": "JSON", "log_group": logs.name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        rule = aws.cloudwatch.EventRule(name, description="Once a minute", schedule_expression=EVERY, opts=child)
        allowed = aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=function.name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            opts=child,
        )
        # By itself, Lambda runs one that fails twice more, after one minute and two, and keeps what it cannot run for
        # six hours (Lambda Developer Guide, Error handling for asynchronous invocation). Each counts as a check.
        once = aws.lambda_.FunctionEventInvokeConfig(
            name,
            function_name=function.name,
            maximum_event_age_in_seconds=ALARM_PERIOD.value,
            maximum_retry_attempts=0,
            opts=child,
        )
        aws.cloudwatch.EventTarget(
            name,
            rule=rule.name,
            arn=function.arn,
            # An event that comes late is dropped: the next one asks again.
            retry_policy={"maximum_event_age_in_seconds": ALARM_PERIOD.value, "maximum_retry_attempts": 0},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed, once]),
        )
        self.function, self.rule = function.name, rule.name
        self.register_outputs({"function": self.function})
