"""Policies of keys, secrets, roles, logs, alarms, and of providers themselves."""

from __future__ import annotations

from collections.abc import Mapping

from policy.model import PolicyRule, Props, at_least, given, is_true, one_of, wants
from policy.rules.documents import statements, texts

_KEPT_DAYS = 7
_LONG_PASSWORD = 32
# Services for which a wildcard action would allow too much.
_ADMIN = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess")


def _no_wildcards(props: Props) -> str | None:
    for one in statements(props.get("policy")) or ():
        if one.get("Effect") != "Allow":
            continue
        actions = texts(one.get("Action", []))
        wide = [action for action in actions if action == "*" or action.endswith(":*")]
        if wide:
            return f"it allows {wide[0]}"
        if "*" in texts(one.get("Resource", [])) and any(action.startswith("iam:") for action in actions):
            return f"it allows {actions[0]} on everything"
    return None


def _trusts_known(props: Props) -> str | None:
    for one in statements(props.get("assumeRolePolicy")) or ():
        principal = one.get("Principal")
        if principal == "*" or (isinstance(principal, dict) and "*" in texts(principal.get("AWS", []))):
            return "every principal may assume this role"
    return None


def _no_admin(props: Props) -> str | None:
    arn = str(props.get("policyArn", ""))
    return f"{arn} is attached" if arn.rpartition("/")[2] in _ADMIN else None


def _treats_missing(props: Props) -> str | None:
    return one_of("treatMissingData", "breaching", "notBreaching", "ignore", "missing")(props)


def _rotates(props: Props) -> str | None:
    if props.get("keyUsage") not in (None, "ENCRYPT_DECRYPT") or props.get("customerMasterKeySpec") is not None:
        return None  # AWS rotates symmetric keys alone
    return is_true("enableKeyRotation")(props)


def _api_open(props: Props) -> str | None:
    config = props.get("vpcConfig")
    if not isinstance(config, Mapping) or config.get("endpointPublicAccess") is not True:
        return None
    ranges = config.get("publicAccessCidrs")
    return "its API is open to 0.0.0.0/0" if ranges is None or "0.0.0.0/0" in ranges else None


RULES = (
    PolicyRule(
        name="key-rotates",
        types=("aws:kms/key:Key",),
        severity="medium",
        reason="A key that is never changed protects years of data at once.",
        frameworks=("FSBP:KMS.4", "CIS-AWS-3.0:3.6"),
        check=_rotates,
    ),
    PolicyRule(
        name="key-deleted-slowly",
        # Not replicas: what one encrypted, its primary decrypts, which KMS keeps as long as there is a replica (AWS KMS
        # Developer Guide, Deleting multi-Region keys).
        types=("aws:kms/key:Key",),
        severity="critical",
        reason="What a deleted key encrypted is gone for good; the waiting period is the only way back.",
        frameworks=("FSBP:KMS.3",),
        check=at_least("deletionWindowInDays", 30),
        guards=True,
    ),
    PolicyRule(
        name="secret-own-key",
        types=("aws:secretsmanager/secret:Secret",),
        severity="medium",
        reason="With a key of the stack's own, reading a secret takes two permissions.",
        check=given("kmsKeyId"),
    ),
    PolicyRule(
        name="secret-recoverable",
        types=("aws:secretsmanager/secret:Secret",),
        severity="high",
        reason="A password deleted by mistake locks all clients out.",
        check=at_least("recoveryWindowInDays", _KEPT_DAYS),
        guards=True,
    ),
    PolicyRule(
        name="role-policy-least",
        types=("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"),
        severity="critical",
        reason="A role that may do everything is what an intruder looks for.",
        frameworks=("FSBP:IAM.1", "FSBP:IAM.21"),
        check=_no_wildcards,
    ),
    PolicyRule(
        name="role-trust-known",
        types=("aws:iam/role:Role",),
        severity="critical",
        reason="Who assumes a role has all its permissions.",
        check=_trusts_known,
    ),
    PolicyRule(
        name="role-no-admin",
        types=("aws:iam/rolePolicyAttachment:RolePolicyAttachment",),
        severity="critical",
        reason="Nothing that runs needs to administer the account it runs in.",
        frameworks=("FSBP:IAM.1",),
        check=_no_admin,
    ),
    PolicyRule(
        name="log-retention",
        types=("aws:cloudwatch/logGroup:LogGroup",),
        severity="medium",
        reason="Without one, logs are kept, and paid for, for ever; too short a one deletes them before their use.",
        frameworks=("FSBP:CloudWatch.16",),
        check=at_least("retentionInDays", _KEPT_DAYS),
    ),
    PolicyRule(
        name="alarm-missing-data",
        types=("aws:cloudwatch/metricAlarm:MetricAlarm",),
        severity="medium",
        reason="By default, an alarm without data does not change; what missing data means has to be decided.",
        check=_treats_missing,
    ),
    PolicyRule(
        name="alarm-explained",
        types=("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm"),
        severity="low",
        reason="It pages a person, who has to know why.",
        check=given("alarmDescription"),
    ),
    PolicyRule(
        name="alarm-acts",
        types=("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm"),
        severity="medium",
        reason="Actions that are switched off are forgotten.",
        frameworks=("FSBP:CloudWatch.17",),
        check=wants("actionsEnabled", lambda value: value is not False, "not false"),
    ),
    PolicyRule(
        name="dashboard-named",
        types=("aws:cloudwatch/dashboard:Dashboard",),
        severity="low",
        reason="A dashboard is looked for by its name in the middle of the night.",
        check=given("dashboardName"),
    ),
    PolicyRule(
        name="topic-encrypted",
        types=("aws:sns/topic:Topic",),
        severity="medium",
        reason="Alerts name hosts, addresses and people.",
        check=given("kmsMasterKeyId"),
    ),
    PolicyRule(
        name="subscription-private",
        types=("aws:sns/topicSubscription:TopicSubscription",),
        severity="high",
        reason="Over plain HTTP, anyone on the network path can read the alert.",
        check=wants("protocol", lambda value: value != "http", "anything but http"),
    ),
    PolicyRule(
        name="budget-tells",
        types=("aws:budgets/budget:Budget",),
        severity="medium",
        reason="A budget without recipients limits nothing.",
        check=given("notifications"),
    ),
    PolicyRule(
        name="chat-guarded",
        types=("aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration",),
        severity="high",
        reason="Without guardrails, everyone in the channel may do what the role may.",
        check=given("guardrailPolicyArns"),
    ),
    PolicyRule(
        name="containers-in-own-cluster",
        types=("aws:ecs/cluster:Cluster",),
        severity="low",
        reason="Whether a cluster is watched is a decision, not a default that AWS may change.",
        frameworks=("FSBP:ECS.12",),
        check=wants("settings[*].value", lambda value: value in ("disabled", "enabled", "enhanced"), "decided"),
    ),
    PolicyRule(
        name="cluster-secrets-encrypted",
        types=("aws:eks/cluster:Cluster",),
        severity="high",
        reason="Without it, Kubernetes secrets are plain text in etcd.",
        frameworks=("FSBP:EKS.3",),
        check=given("encryptionConfig.provider"),
    ),
    PolicyRule(
        name="cluster-not-public",
        types=("aws:eks/cluster:Cluster",),
        severity="critical",
        reason="An API that the internet can reach is attacked around the clock.",
        frameworks=("FSBP:EKS.1",),
        check=_api_open,
    ),
    PolicyRule(
        name="cluster-audited",
        types=("aws:eks/cluster:Cluster",),
        severity="medium",
        reason="After every incident, it has to be known who did what in the cluster.",
        frameworks=("FSBP:EKS.8",),
        check=wants("enabledClusterLogTypes", lambda value: "audit" in (value or ()), "with audit"),
    ),
    PolicyRule(
        name="cluster-kept",
        types=("aws:eks/cluster:Cluster",),
        severity="high",
        reason="Everything that runs in it goes with it.",
        check=is_true("deletionProtection"),
        guards=True,
    ),
    PolicyRule(
        name="password-long",
        types=("random:index/randomPassword:RandomPassword",),
        severity="high",
        reason="A machine's password costs nothing to be long.",
        check=at_least("length", _LONG_PASSWORD),
    ),
    PolicyRule(
        name="provider-tags",
        types=("pulumi:providers:aws",),
        severity="medium",
        reason="A resource without an owner is never cleaned up, and without a tag is in no budget.",
        check=wants("defaultTags", lambda value: "ascent:stack" in str(value), "with ascent:stack"),
    ),
    PolicyRule(
        name="provider-region",
        types=("pulumi:providers:aws",),
        severity="high",
        reason="Without one, the environment decides where resources are made.",
        check=given("region"),
    ),
)
