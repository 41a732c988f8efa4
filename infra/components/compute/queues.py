"""Job queues, each with a dead-letter queue for what fails again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.thresholds import DEAD_LETTER_RETENTION, QUEUE_RETENTION, QUEUE_VISIBILITY, QUEUE_WAIT
from infra.undelivered import undelivered

_QUEUE_ATTEMPTS = 5  # receives: then something is wrong with the message, and people look


@dataclass(frozen=True, kw_only=True)
class QueuesArgs:
    """What the queues need.

    kinds: their names.
    protect: guard the queues, and the messages in them, against deletion.
    """

    kinds: Sequence[str]
    protect: bool


class Queues(pulumi.ComponentResource):
    """The queues. A queue costs nothing while it is empty, and deleting one loses its messages: so they always exist.

    urls, names: URL and physical name of each queue by its name.
    dead_names: physical name of each dead-letter queue by the name of the queue it belongs to.
    arns: ARN of each queue.
    undelivered: the queue of what a schedule, or a rule about one, could not deliver. No worker takes from it.
    """

    def __init__(self, name: str, args: QueuesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Queues"), name, None, opts)
        kept = pulumi.ResourceOptions(parent=self, protect=args.protect)
        child = pulumi.ResourceOptions(parent=self)
        queues, dead_queues = {}, {}
        for kind in args.kinds:
            dead = aws.sqs.Queue(
                f"{name}-{kind}-dead",
                message_retention_seconds=DEAD_LETTER_RETENTION.value,
                sqs_managed_sse_enabled=True,
                opts=kept,
            )
            queue = aws.sqs.Queue(
                f"{name}-{kind}",
                message_retention_seconds=QUEUE_RETENTION.value,
                visibility_timeout_seconds=QUEUE_VISIBILITY.value,
                receive_wait_time_seconds=QUEUE_WAIT.value,
                sqs_managed_sse_enabled=True,
                redrive_policy=pulumi.Output.json_dumps(
                    {"deadLetterTargetArn": dead.arn, "maxReceiveCount": _QUEUE_ATTEMPTS}
                ),
                opts=kept,
            )
            aws.sqs.RedriveAllowPolicy(
                f"{name}-{kind}",
                queue_url=dead.id,
                redrive_allow_policy=pulumi.Output.json_dumps(
                    {"redrivePermission": "byQueue", "sourceQueueArns": [queue.arn]}
                ),
                opts=child,
            )
            queues[kind], dead_queues[kind] = queue, dead
        self.undelivered = undelivered(f"{name}-undelivered", protect=args.protect, parent=self)
        self.urls = {kind: queue.url for kind, queue in queues.items()}
        self.names = {kind: queue.name for kind, queue in queues.items()}
        self.dead_names = {kind: queue.name for kind, queue in dead_queues.items()}
        self.arns = [queue.arn for queue in queues.values()]
        self.register_outputs({"urls": self.urls})
