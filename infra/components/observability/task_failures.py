"""Tells a topic of each Fargate task that stopped badly: it failed, was ended, or could not start."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import iam, naming

# Amazon ECS API reference, Task: stopCode. A person who stops a task knows of it, and a deployment has no tasks here.
ON_PURPOSE = ("ServiceSchedulerInitiated", "UserInitiated")
NEVER_STARTED = "TaskFailedToStart"
# What the message takes from the event. A path that the event does not have leaves its place empty: a container that
# never started has no exit code.
PATHS = {
    "code": "$.detail.containers[0].exitCode",
    "job": "$.detail.group",
    "reason": "$.detail.stoppedReason",
    "stop": "$.detail.stopCode",
    "task": "$.detail.taskArn",
}


@dataclass(frozen=True, kw_only=True)
class TaskFailuresArgs:
    """What it needs.

    cluster_arn: the ECS cluster whose tasks are watched.
    what: what a task is, as the message calls it.
    procedure: address that says what to do.
    quiet: task group whose exit code 1 is an answer, of which an alarm tells; None where each one is a failure.
    topic: ARN of the topic of the messages, in this region.
    queue_url, queue_arn: the queue of messages that could not be sent.
    log_group: name of the log group of the tasks.
    """

    cluster_arn: pulumi.Input[str]
    what: str
    procedure: str
    quiet: str | None
    topic: pulumi.Input[str]
    queue_url: pulumi.Input[str]
    queue_arn: pulumi.Input[str]
    log_group: pulumi.Input[str]


class TaskFailures(pulumi.ComponentResource):
    """An EventBridge rule with the topic as its target."""

    def __init__(self, name: str, args: TaskFailuresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("TaskFailures"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        rule = aws.cloudwatch.EventRule(
            name,
            description="Tasks that failed, were ended, or could not start",
            event_pattern=pulumi.Output.json_dumps(pattern(args.cluster_arn, args.quiet)),
            opts=child,
        )
        letters = aws.sqs.QueuePolicy(
            name,
            queue_url=args.queue_url,
            policy=iam.policy(
                iam.allow(
                    ["sqs:SendMessage"],
                    [args.queue_arn],
                    {"ArnEquals": {"aws:SourceArn": rule.arn}},
                    principal={"Service": "events.amazonaws.com"},
                )
            ),
            opts=child,
        )
        aws.cloudwatch.EventTarget(
            name,
            rule=rule.name,
            arn=args.topic,
            input_transformer={
                "input_paths": PATHS,
                "input_template": pulumi.Output.from_input(args.log_group).apply(
                    lambda group: template(name, group, args.what, args.procedure)
                ),
            },
            dead_letter_config={"arn": args.queue_arn},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[letters]),
        )
        self.register_outputs({"rule": rule.name})


def pattern(cluster_arn: Any, quiet: str | None) -> Mapping[str, Any]:
    """The events that count: Amazon ECS Developer Guide, "Task state change events"."""
    unasked = {"stopCode": [{"anything-but": [*ON_PURPOSE]}]}
    return {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {
            "clusterArn": [cluster_arn],
            "lastStatus": ["STOPPED"],
            "$or": [
                {"stopCode": [NEVER_STARTED]},
                # A container that never started, or was lost with its host, has no exit code.
                {**unasked, "containers": {"exitCode": [{"exists": False}]}},
                {**unasked, "containers": {"exitCode": [{"anything-but": [0, *([1] if quiet else [])]}]}},
                *(
                    [{**unasked, "containers": {"exitCode": [1]}, "group": [{"anything-but": [quiet]}]}]
                    if quiet
                    else []
                ),
            ],
        },
    }


def template(name: str, log_group: str, what: str, procedure: str) -> str:
    """The message, in the form that Amazon Q Developer shows in a channel, and a mail has as it is.

    Other text it drops: Amazon Q Developer in chat applications, "Custom notifications".
    """
    message = {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": f"{name}: {what} <job> failed",
            "description": "<reason>",
            "nextSteps": [
                "Stop code <stop>, exit code <code> (none: it never started; 137: killed, most often for its memory)",
                f"Its log: group {log_group}, the stream that ends like <task>",
                f"What to do: {procedure}",
            ],
        },
    }
    # Without quotes of ours, EventBridge puts in the value as JSON, with the quotes that are in it escaped.
    return json.dumps(message).replace('"<reason>"', "<reason>")
