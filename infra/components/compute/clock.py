"""A zero every hour beside what a job counts. Where nothing is counted, CloudWatch sees zeros instead of nothing."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.schedules import ScheduledJob
from infra.thresholds import JOB_EVENT_AGE, JOB_RETRIES

# EventBridge Scheduler, "Using universal targets": any API, by its service and its name.
PUT_METRIC = "arn:aws:scheduler:::aws-sdk:cloudwatch:putMetricData"


@dataclass(frozen=True, kw_only=True)
class ClockArgs:
    """What the clock needs.

    namespace, metric: CloudWatch metric that it adds to. It has no dimensions.
    when: its schedule; None where nothing is counted yet, and only what IAM has to make is made.
    dead_letters: ARN of the queue of what cannot be delivered, or None where the stack has none.
    """

    namespace: str
    metric: str
    when: ScheduledJob | None
    dead_letters: pulumi.Input[str] | None


class Clock(pulumi.ComponentResource):
    """A schedule that writes a zero.

    An alarm on silence cannot take missing data for breaching: all the hours before it was made have none, and it
    would fire as soon as it is there. The zeros begin with the clock, and the alarm after as many of them as it takes.
    """

    def __init__(self, name: str, args: ClockArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Clock"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(name, assume_role_policy=iam.trust("scheduler.amazonaws.com"), opts=child)
        policy = aws.iam.RolePolicy(
            name,
            role=role.id,
            policy=iam.policy(
                # The action has no resource to limit it to, but a namespace.
                iam.allow(
                    ["cloudwatch:PutMetricData"], ["*"], {"StringEquals": {"cloudwatch:namespace": args.namespace}}
                ),
                *([iam.allow(["sqs:SendMessage"], [args.dead_letters])] if args.dead_letters is not None else []),
            ),
            opts=child,
        )
        if args.when is not None:
            data = {"MetricName": args.metric, "Value": 0}
            aws.scheduler.Schedule(
                name,
                description=args.when.source,
                schedule_expression=args.when.aws_cron,
                schedule_expression_timezone="UTC",
                flexible_time_window={"mode": "OFF"},
                target={
                    "arn": PUT_METRIC,
                    "role_arn": pulumi.Output.all(role.arn, policy.id).apply(lambda known: str(known[0])),
                    "input": pulumi.Output.json_dumps({"Namespace": args.namespace, "MetricData": [data]}),
                    "dead_letter_config": {"arn": args.dead_letters} if args.dead_letters is not None else None,
                    "retry_policy": {
                        "maximum_retry_attempts": JOB_RETRIES.value,
                        "maximum_event_age_in_seconds": JOB_EVENT_AGE.value,
                    },
                },
                opts=child,
            )
        self.register_outputs({"namespace": args.namespace})
