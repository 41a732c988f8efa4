"""Monitoring, secrets and encryption keys."""

from __future__ import annotations

from collections.abc import Iterator

from ops.cost import usage
from ops.cost.around import Around, PricedAmount, Rule
from ops.cost.rules.network import FLOW_LOG
from ops.cost.span import CostSpan, exactly

# AWS KMS pricing: the first two rotations add a key version each, later ones nothing.
_ROTATIONS = 2
_FINE = 60  # seconds; an alarm on a shorter period counts threefold
_BANDS = 3
_FUNCTION_GB = 0.125  # AWS Lambda: default memory of a function, 128 MB
# What Container Insights keeps of the application's pods, beside logs of its own.
_POD_LOGS = "-insights-application"


def log_group(around: Around) -> Iterator[PricedAmount]:
    """A log group: ingestion, by the kind of log, and storage."""
    if around.kind("Network"):
        if any(one.inputs.get("logDestinationType") == "s3" for one in around.beside(FLOW_LOG)):
            return
        ingested, key = around.usage.gigabytes(usage.FLOW_LOG_KB), "cloudwatch.vended-gb"
    elif around.kind("AppLogs") or around.resource.name.endswith(_POD_LOGS):
        ingested, key = around.usage.gigabytes(usage.APP_LOG_KB), "cloudwatch.logs-gb"
    else:
        ingested, key = usage.OTHER_LOG_GB.span, "cloudwatch.logs-gb"
    months = float(around.inputs.get("retentionInDays") or 12 * usage.MONTH_DAYS) / usage.MONTH_DAYS
    yield PricedAmount(key, ingested)
    yield PricedAmount("cloudwatch.logs-kept", ingested * (usage.COMPRESSED * months))


def alarm(around: Around) -> Iterator[PricedAmount]:
    """A metric alarm, which is billed by the metrics it looks at."""
    queries = around.inputs.get("metricQueries") or []
    metrics = [one["metric"] for one in queries if one.get("metric")] or [around.inputs]
    weights = [3 if float(one.get("period") or _FINE) < _FINE else 1 for one in metrics]
    bands = any("ANOMALY_DETECTION_BAND" in str(one.get("expression")) for one in queries)
    yield PricedAmount("cloudwatch.alarm", exactly(sum(weights) * (_BANDS if bands else 1)))


def composite(around: Around) -> Iterator[PricedAmount]:
    """A composite alarm."""
    del around
    yield PricedAmount("cloudwatch.composite", exactly(1))


def dashboard(around: Around) -> Iterator[PricedAmount]:
    """A dashboard."""
    del around
    yield PricedAmount("cloudwatch.dashboard", exactly(1))


def log_metric(around: Around) -> Iterator[PricedAmount]:
    """A metric that is counted in a log."""
    del around
    yield PricedAmount("cloudwatch.metric", exactly(1))


def topic(around: Around) -> Iterator[PricedAmount]:
    """A topic, and the mails it sends."""
    del around
    yield PricedAmount("sns.delivery", usage.MAILS.span * 1e-3)


def key(around: Around) -> Iterator[PricedAmount]:
    """A KMS key: its first version, and up to two more as it rotates."""
    versions = _ROTATIONS if around.inputs.get("enableKeyRotation") else 0
    yield PricedAmount("kms.key", CostSpan(1, 1 + versions))


def replica_key(around: Around) -> Iterator[PricedAmount]:
    """A replica of a key, which costs as a key does, and rotates with its primary."""
    del around
    yield PricedAmount("kms.key", CostSpan(1, 1 + _ROTATIONS))


def function(around: Around) -> Iterator[PricedAmount]:
    """A function: the check from outside runs once a minute. Others run for seconds when passwords change."""
    if around.kind("OutsideCheck"):
        runs = usage.HOURS * 60
        yield PricedAmount("lambda.request", exactly(runs * 1e-6))
        yield PricedAmount("lambda.gb-second", usage.CHECK_SECONDS.span * (runs * _FUNCTION_GB))


def secret(around: Around) -> Iterator[PricedAmount]:
    """A secret, and each of its replicas."""
    copies = 1 + len(around.inputs.get("replicas") or ())
    yield PricedAmount("secrets.secret", exactly(copies))
    yield PricedAmount("secrets.request", usage.SECRET_READS.span * 1e-3)


RULES: dict[str, Rule] = {
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": alarm,
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": composite,
    "aws:cloudwatch/dashboard:Dashboard": dashboard,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": log_metric,
    "aws:sns/topic:Topic": topic,
    "aws:kms/key:Key": key,
    "aws:kms/replicaKey:ReplicaKey": replica_key,
    "aws:lambda/function:Function": function,
    "aws:secretsmanager/secret:Secret": secret,
}
FREE = {
    "aws:budgets/budget:Budget": "budgets that only notify cost nothing",
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": "costs nothing",
    "aws:cloudwatch/eventRule:EventRule": "EventBridge takes no money for events of AWS services and for schedules",
    "aws:cloudwatch/eventTarget:EventTarget": "its deliveries are priced with the topic or the function",
    "aws:iam/instanceProfile:InstanceProfile": "IAM costs nothing",
    "aws:iam/role:Role": "IAM costs nothing",
    "aws:iam/rolePolicy:RolePolicy": "IAM costs nothing",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "IAM costs nothing",
    "aws:kms/alias:Alias": "a name",
    "aws:kms/keyPolicy:KeyPolicy": "settings of a key",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": "settings of the function",
    "aws:lambda/invocation:Invocation": "a call of the function",
    "aws:lambda/permission:Permission": "settings of the function",
    "aws:secretsmanager/secretVersion:SecretVersion": "part of the secret",
    "aws:sns/topicPolicy:TopicPolicy": "settings",
    "aws:sns/topicSubscription:TopicSubscription": "its deliveries are priced with the topic",
    "aws:ssm/parameter:Parameter": "standard parameters cost nothing",
    "pulumi:providers:aws": "no resource",
    "pulumi:providers:cloudflare": "no resource",
    "pulumi:providers:kubernetes": "no resource",
    "random:index/randomPassword:RandomPassword": "lives in the state alone",
    "random:index/randomString:RandomString": "lives in the state alone",
}
