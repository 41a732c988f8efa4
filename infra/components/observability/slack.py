"""Alarms in a Slack channel, by Amazon Q Developer in chat applications (once AWS Chatbot)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming

# Who asks in the channel may look at metrics and do nothing: both the role and the channel's guardrail say so.
READ = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"


@dataclass(frozen=True, kw_only=True)
class SlackArgs:
    """What a channel needs.

    workspace_id, channel_id: at Slack. The workspace has to be authorized once, in the AWS console.
    topics: ARNs of the topics whose messages it shows, of all regions.
    """

    workspace_id: str
    channel_id: str
    topics: Sequence[pulumi.Input[str]]


class Slack(pulumi.ComponentResource):
    """A Slack channel that shows topics.

    arn: of its configuration.
    """

    def __init__(self, name: str, args: SlackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Slack"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(name, assume_role_policy=iam.trust("chatbot.amazonaws.com"), opts=child)
        aws.iam.RolePolicyAttachment(name, role=role.name, policy_arn=READ, opts=child)
        channel = aws.chatbot.SlackChannelConfiguration(
            name,
            configuration_name=name,
            iam_role_arn=role.arn,
            slack_team_id=args.workspace_id,
            slack_channel_id=args.channel_id,
            guardrail_policy_arns=[READ],
            logging_level="ERROR",
            sns_topic_arns=args.topics,
            # UpdateSlackChannelConfiguration cannot change the workspace, and the provider calls it all the same. The
            # name is the account's own, so the one of before has to go first.
            opts=pulumi.ResourceOptions(parent=self, replace_on_changes=["slack_team_id"], delete_before_replace=True),
        )
        self.arn = channel.chat_configuration_arn
        self.register_outputs({"arn": self.arn})
