"""A queue of what could not be delivered. No worker takes from it; an alarm tells that something is there."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.thresholds import DEAD_LETTER_RETENTION


@dataclass(frozen=True, kw_only=True)
class UndeliveredArgs:
    """What it needs.

    protect: guard the queue, and what is in it, against deletion.
    """

    protect: bool


class Undelivered(pulumi.ComponentResource):
    """The queue. One for each rule that sends to it: a queue has one policy, which the last rule would take over.

    url, arn: of the queue. queue_name: its physical name.
    """

    def __init__(self, name: str, args: UndeliveredArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Undelivered"), name, None, opts)
        queue = aws.sqs.Queue(
            name,
            message_retention_seconds=DEAD_LETTER_RETENTION.value,
            # SQS' own key: who sends to it needs no right to use one of KMS.
            sqs_managed_sse_enabled=True,
            redrive_allow_policy=json.dumps({"redrivePermission": "denyAll"}),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.url, self.arn, self.queue_name = queue.url, queue.arn, queue.name
        self.register_outputs({"url": self.url})
