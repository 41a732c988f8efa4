"""A queue of what could not be delivered. No worker takes from it; an alarm tells that something is there.

One for each rule that sends to it: a queue has one policy, which the last rule would take over.
"""

from __future__ import annotations

import json

import pulumi_aws as aws
from pulumi import Resource, ResourceOptions

from infra.thresholds import DEAD_LETTER_RETENTION


def undelivered(name: str, *, protect: bool, parent: Resource) -> aws.sqs.Queue:
    """The queue.

    Args:
        name: its logical name.
        protect: guard it, and what is in it, against deletion.
        parent: the component it belongs to.
    """
    return aws.sqs.Queue(
        name,
        message_retention_seconds=DEAD_LETTER_RETENTION.value,
        # SQS' own key: who sends to it needs no right to use one of KMS.
        sqs_managed_sse_enabled=True,
        redrive_allow_policy=json.dumps({"redrivePermission": "denyAll"}),
        opts=ResourceOptions(parent=parent, protect=protect),
    )
