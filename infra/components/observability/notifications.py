"""Who is told, in one region: a topic for warnings and one for what is critical, encrypted with a key of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.alarms.model import Severity
from infra.thresholds import KEY_DELETION_DAYS, KEY_DELETION_DAYS_UNPROTECTED

# Services that publish to the topics, and so have to use their key. Not the data's key, which is no concern of theirs.
PUBLISHERS = ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")
# EventBridge, which says neither for which account nor for which rule it acts. With a condition on either, nothing
# arrives: EventBridge User Guide, "Using resource-based policies", Amazon SNS permissions; SNS Developer Guide, "Enable
# compatibility between event sources from AWS services and encrypted topics". docs/adr/0028.
EVENTS = "events.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class NotificationsArgs:
    """What the topics need.

    account_id: the AWS account, whose alarms alone may publish.
    addresses: e-mail addresses that are told of each severity.
    events: severities that EventBridge tells of as well.
    protect: guard the topics, and with them the confirmed subscriptions, and their key against deletion.
    """

    account_id: pulumi.Input[str]
    addresses: Mapping[Severity, Sequence[str]]
    events: Collection[Severity]
    protect: bool


class Notifications(pulumi.ComponentResource):
    """Topics.

    topics: ARN by severity, known once those who are to may publish to it.
    """

    def __init__(self, name: str, args: NotificationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Notifications"), name, None, opts)
        self._kept = pulumi.ResourceOptions(parent=self, protect=args.protect)
        self._child = pulumi.ResourceOptions(parent=self)
        self._account = args.account_id
        key = self._key(name, args)
        self.topics = {
            severity: self._topic(f"{name}-{severity}", key, args.addresses[severity], events=severity in args.events)
            for severity in Severity
        }
        self.register_outputs({"topics": self.topics})

    def _key(self, name: str, args: NotificationsArgs) -> aws.kms.Key:
        root = pulumi.Output.concat("arn:aws:iam::", args.account_id, ":root")
        use = ["kms:Decrypt", "kms:GenerateDataKey*"]
        events = [iam.allow(use, ["*"], principal={"Service": EVENTS})] if args.events else []
        window = KEY_DELETION_DAYS if args.protect else KEY_DELETION_DAYS_UNPROTECTED
        key = aws.kms.Key(
            name,
            description=f"Alarms of {name}",
            enable_key_rotation=True,
            deletion_window_in_days=window.value,
            policy=iam.policy(
                # The account keeps the key manageable: AWS KMS, "Default key policy".
                iam.allow(["kms:*"], ["*"], principal={"AWS": root}),
                iam.allow(use, ["*"], self._ours(), principal={"Service": [*PUBLISHERS]}),
                *events,
            ),
            opts=self._kept,
        )
        aws.kms.Alias(name, name=f"alias/{name}", target_key_id=key.key_id, opts=self._child)
        return key

    def _topic(self, name: str, key: aws.kms.Key, addresses: Sequence[str], *, events: bool) -> pulumi.Output[str]:
        topic = aws.sns.Topic(name, kms_master_key_id=key.arn, opts=self._kept)
        publish = [iam.allow(["sns:Publish"], [topic.arn], self._ours(), principal={"Service": [*PUBLISHERS]})]
        if events:
            publish.append(iam.allow(["sns:Publish"], [topic.arn], principal={"Service": EVENTS}))
        policy = aws.sns.TopicPolicy(name, arn=topic.arn, policy=iam.policy(*publish), opts=self._child)
        for address in addresses:
            # Named by the address, so that another address replaces no confirmed subscription.
            aws.sns.TopicSubscription(
                f"{name}-{address}", topic=topic.arn, protocol="email", endpoint=address, opts=self._child
            )
        return policy.arn

    def _ours(self) -> dict[str, dict[str, pulumi.Input[str]]]:
        """The condition that it is our own account on whose behalf a service acts."""
        return {"StringEquals": {"aws:SourceAccount": self._account}}
