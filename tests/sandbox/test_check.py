"""What is refused before anything is created, and how it is named."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from catalog.values import UNKNOWN, Secret
from tests.sandbox.conftest import Aborted, Engine, Start

_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}},
        ],
    }
)
_TARGETS = {"port": 3000, "protocol": "HTTP", "vpcId": "vpc-1"}
_ALARM = {
    "comparisonOperator": "GreaterThanThreshold",
    "evaluationPeriods": 3,
    "metricName": "CPUUtilization",
    "namespace": "AWS/EC2",
    "period": 60,
    "statistic": "Average",
    "threshold": 70,
}
_MATH = {"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "threshold": 1}
_GROUP = {"minSize": 1, "maxSize": 3, "vpcZoneIdentifiers": ["subnet-1"], "launchTemplate": {"id": "lt-1"}}
_MIXED = {"launchTemplate": {"launchTemplateSpecification": {"launchTemplateId": "lt-1"}}}
_REDIS = {"description": "cache", "nodeType": "cache.r7g.large", "engine": "redis"}
_RULESET = {"zoneId": "0" * 32, "name": "r", "kind": "zone", "phase": "http_request_firewall_custom"}
_RECORD = {"zoneId": "0" * 32, "name": "www.example.com", "type": "A", "content": "192.0.2.1"}
_POD = {"containers": [{"name": "app", "image": "app:1"}]}


def _queries(period: int) -> list[dict[str, Any]]:
    metric = {"metricName": "Errors", "namespace": "App", "period": period, "stat": "Sum"}
    return [{"id": "value", "expression": "100 * errors", "returnData": True}, {"id": "errors", "metric": metric}]


def _deployment(**changes: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": _POD}
    return {"spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **changes}}


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "net"}}),
        ("aws:ec2/subnet:Subnet", {"vpcId": UNKNOWN, "cidrBlock": "10.0.1.0/24", "availabilityZone": "us-east-1a"}),
        ("aws:lb/targetGroup:TargetGroup", {**_TARGETS, "healthCheck": {"interval": 30, "timeout": 5}}),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", _ALARM),
        (
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            {"metricQueries": _queries(86_400), **_MATH, "evaluationPeriods": 3},
        ),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {**_ALARM, "period": 3600, "evaluationPeriods": 168}),
        ("aws:autoscaling/group:Group", _GROUP),
        ("aws:rds/cluster:Cluster", {"engine": "aurora-postgresql", "masterPassword": Secret(UNKNOWN)}),
        ("aws:iam/role:Role", {"assumeRolePolicy": UNKNOWN}),
        ("aws:iam/role:Role", {"assumeRolePolicy": _TRUST}),
    ],
)
def test_what_is_right_passes(aws: Engine, token: str, inputs: dict[str, Any]) -> None:
    assert aws.check(token, inputs)[1] == {}


@pytest.mark.parametrize(
    ("token", "inputs", "place", "words"),
    [
        ("aws:ec2/vpc:Vpc", {"cidrBlok": "10.0.0.0/16"}, "cidrBlok", "did you mean 'cidrBlock'"),
        ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/8"}, "cidrBlock", "between 16 and 28"),
        ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.1.0/16"}, "cidrBlock", 'did you mean "10.0.0.0/16"'),
        ("aws:ec2/vpc:Vpc", {"cidrBlock": "ten"}, "cidrBlock", "not a valid CIDR block"),
        ("aws:ec2/subnet:Subnet", {"cidrBlock": "10.0.0.0/24"}, "vpcId", "Missing required property 'vpcId'"),
        ("aws:lb/loadBalancer:LoadBalancer", {"subnets": "subnet-1"}, "subnets", "expected a list, got a string"),
        ("aws:lb/loadBalancer:LoadBalancer", {"subnets": ["a", "b"], "name": "x" * 33}, "name", "32 characters"),
        ("aws:lb/loadBalancer:LoadBalancer", {"subnets": ["a", "b"], "name": "-x"}, "name", "hyphen"),
        ("aws:lb/targetGroup:TargetGroup", {**_TARGETS, "port": 70000}, "port", "range (1 - 65535), got 70000"),
        (
            "aws:lb/targetGroup:TargetGroup",
            {**_TARGETS, "healthCheck": {"healthyThreshold": 1}},
            "healthCheck.healthyThreshold",
            "expected health_check.healthy_threshold to be in the range (2 - 10), got 1",
        ),
        (
            "aws:lb/targetGroup:TargetGroup",
            {**_TARGETS, "healthCheck": {"interval": 5, "timeout": 5}},
            "healthCheck.timeout",
            "smaller than the interval",
        ),
        (
            "aws:lb/listener:Listener",
            {"loadBalancerArn": "x", "defaultActions": [{"type": "forward", "taget": "y"}]},
            "defaultActions[0].taget",
            "there is no property",
        ),
        (
            "aws:lb/listener:Listener",
            {"loadBalancerArn": "x", "defaultActions": [{}]},
            "defaultActions[0].type",
            "Miss",
        ),
        (
            "aws:lb/listenerRule:ListenerRule",
            {"listenerArn": "x", "priority": 50001, "actions": [{"type": "forward"}], "conditions": [{}]},
            "priority",
            "(1 - 50000)",
        ),
        ("aws:autoscaling/group:Group", {**_GROUP, "minSize": 4}, "minSize", "greater than or equal to min bound"),
        ("aws:autoscaling/group:Group", {**_GROUP, "desiredCapacity": 9}, "desiredCapacity", "between the specified"),
        (
            "aws:autoscaling/group:Group",
            {"minSize": 1, "maxSize": 3, "mixedInstancesPolicy": _MIXED, "warmPool": {}},
            "mixedInstancesPolicy",
            "",
        ),
        ("aws:ec2/launchTemplate:LaunchTemplate", {"userData": "#!/bin/sh"}, "userData", "BASE64"),
        (
            "aws:ec2/launchTemplate:LaunchTemplate",
            {"userData": base64.b64encode(b"x" * 16385).decode()},
            "userData",
            "limited to 16384 bytes",
        ),
        (
            "aws:ec2/launchTemplate:LaunchTemplate",
            {"metadataOptions": {"httpPutResponseHopLimit": 65}},
            "metadataOptions.httpPutResponseHopLimit",
            "(1 - 64)",
        ),
        ("aws:iam/role:Role", {"assumeRolePolicy": "{", "name": "r"}, "assumeRolePolicy", "invalid JSON policy"),
        ("aws:iam/role:Role", {"assumeRolePolicy": _TRUST, "name": "r" * 65}, "name", "(1 - 64)"),
        (
            "aws:cloudwatch/logGroup:LogGroup",
            {"retentionInDays": 10},
            "retentionInDays",
            "expected retention_in_days to",
        ),
        ("aws:kms/key:Key", {"deletionWindowInDays": 5}, "deletionWindowInDays", "(7 - 30)"),
        (
            "aws:secretsmanager/secret:Secret",
            {"recoveryWindowInDays": 3},
            "recoveryWindowInDays",
            "[0] or in the range",
        ),
        ("aws:s3/bucket:Bucket", {"bucket": "Upper"}, "bucket", "InvalidBucketName"),
        (
            "aws:rds/cluster:Cluster",
            {"engine": "aurora-postgresql", "clusterIdentifier": "A"},
            "clusterIdentifier",
            "low",
        ),
        (
            "aws:rds/cluster:Cluster",
            {"engine": "aurora-postgresql", "serverlessv2ScalingConfiguration": {"minCapacity": 0.3, "maxCapacity": 4}},
            "serverlessv2ScalingConfiguration.minCapacity",
            "steps of 0.5",
        ),
        (
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {**_REDIS, "numCacheClusters": 2, "numNodeGroups": 1},
            "numNodeGroups",
            "conflicts with num_cache_clusters",
        ),
        (
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {**_REDIS, "replicationGroupId": "r" * 41},
            "replicationGroupId",
            "longer than 40",
        ),
        ("aws:sqs/queue:Queue", {"name": "jobs", "fifoQueue": True}, "name", ".fifo"),
        ("aws:sqs/queue:Queue", {"visibilityTimeoutSeconds": 43201}, "visibilityTimeoutSeconds", "(0 - 43200)"),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {**_ALARM, "period": 45}, "period", "multiple of 60"),
        (
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            {**_ALARM, "comparisonOperator": ">"},
            "comparisonOperator",
            "one of",
        ),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {**_ALARM, "extendedStatistic": "p99"}, "extendedStatistic", ""),
        (
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            {**_ALARM, "evaluationPeriods": 1441},
            "period",
            "must not exceed 86400 seconds",
        ),
        (
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            {**_ALARM, "period": 86_400, "evaluationPeriods": 8},
            "period",
            "must not exceed 604800 seconds",
        ),
        (
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            {"metricQueries": _queries(86_400), **_MATH, "evaluationPeriods": 8},
            "metricQueries[*].metric.period",
            "must not exceed 604800 seconds",
        ),
        # CloudWatch User Guide, Metrics concepts, Periods: as long as one day.
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {**_ALARM, "period": 172_800}, "period", "86400"),
        (
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            {"metricQueries": _queries(259_200), **_MATH},
            "metricQueries[1].metric.period",
            "86400",
        ),
        (
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            {"metricQueries": [{"id": "Errors", "expression": "1"}, *_queries(60)[1:]], **_MATH},
            "metricQueries[0].id",
            "begins with a small letter",
        ),
        (
            "aws:cloudwatch/compositeAlarm:CompositeAlarm",
            {"alarmName": "a", "alarmRule": "one AND two"},
            "alarmRule",
            "Failed to parse AlarmRule",
        ),
        (
            "aws:cloudwatch/dashboard:Dashboard",
            {"dashboardName": "a", "dashboardBody": "{"},
            "dashboardBody",
            "invalid JSON",
        ),
        (
            "aws:sns/topicSubscription:TopicSubscription",
            {"topic": "arn:aws:sns:us-east-1:123456789012:a", "protocol": "slack", "endpoint": "x"},
            "protocol",
            "to be one of",
        ),
        (
            "aws:budgets/budget:Budget",
            {"budgetType": "USAGE", "timeUnit": "MONTHLY", "limitAmount": "200"},
            "costFilters",
            "needs a filter",
        ),
        (
            "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration",
            {
                "configurationName": "a b",
                "iamRoleArn": "arn:aws:iam::123456789012:role/a",
                "slackChannelId": "C1",
                "slackTeamId": "T1",
            },
            "configurationName",
            "does not match",
        ),
        (
            "aws:cloudwatch/logMetricFilter:LogMetricFilter",
            {
                "logGroupName": "a",
                "pattern": "",
                "metricTransformation": {"name": "a", "namespace": "AWS/RDS", "value": "1"},
            },
            "metricTransformation.namespace",
            "AWS' own",
        ),
        ("aws:acm/certificate:Certificate", {"domainName": "nodots", "validationMethod": "DNS"}, "domainName", "valid"),
        ("aws:sqs/queue:Queue", {"region": "mars"}, "region", "not a valid AWS Region"),
    ],
)
def test_what_aws_refuses(aws: Engine, token: str, inputs: dict[str, Any], place: str, words: str) -> None:
    failures = aws.check(token, inputs)[1]
    assert place in failures, failures
    assert words in failures[place]


@pytest.mark.parametrize(
    ("token", "inputs", "place", "words"),
    [
        (
            "ruleset:Ruleset",
            {**_RULESET, "rules": [{"action": "block", "expression": "http.hots eq 1"}]},
            "rules[0]",
            "",
        ),
        ("ruleset:Ruleset", {**_RULESET, "zoneId": "abc"}, "zoneId", "7003"),
        ("ruleset:Ruleset", {**_RULESET, "phase": "nonsense"}, "phase", "one of"),
        ("dnsRecord:DnsRecord", {**_RECORD, "ttl": 300, "proxied": True}, "ttl", "must be 1"),
        ("dnsRecord:DnsRecord", {**_RECORD, "ttl": 1, "content": "example.com"}, "content", "valid IPv4"),
    ],
)
def test_what_cloudflare_refuses(start: Start, token: str, inputs: dict[str, Any], place: str, words: str) -> None:
    failures = start("cloudflare").check(f"cloudflare:index/{token}", inputs)[1]
    found = [reason for path, reason in failures.items() if path.startswith(place)]
    assert found, failures
    assert words in found[0]


def test_a_valid_expression_passes(start: Start) -> None:
    rule = {"action": "block", "expression": '(http.host eq "a.example.com" and ip.src ne 192.0.2.1)'}
    assert start("cloudflare").check("cloudflare:index/ruleset:Ruleset", {**_RULESET, "rules": [rule]})[1] == {}


@pytest.mark.parametrize(
    ("token", "inputs", "words"),
    [
        ("apps/v1:Deployment", _deployment(replica=2), 'unknown field "spec.replica"'),
        ("apps/v1:Deployment", _deployment(replicas="two"), "spec.replicas: Invalid value"),
        ("apps/v1:Deployment", _deployment(selector={"matchLabels": {"app": "api"}}), "does not match template"),
        ("apps/v1:Deployment", {"spec": {"selector": {"matchLabels": {"a": "b"}}}}, "spec.template: Required value"),
        ("core/v1:Service", {"spec": {"selector": {"app": "web"}}}, "spec.ports: Required value"),
        ("core/v1:Namespace", {"metadata": {"name": "Bad_Name"}}, "RFC 1123"),
        (
            "batch/v1:CronJob",
            {"spec": {"schedule": "* *", "jobTemplate": {"spec": {"template": {"spec": _POD}}}}},
            "5 fie",
        ),
    ],
)
def test_what_kubernetes_refuses(start: Start, token: str, inputs: dict[str, Any], words: str) -> None:
    failures = start("kubernetes").check(f"kubernetes:{token}", inputs)[1]
    assert any(words in reason for reason in failures.values()), failures


def test_a_type_that_does_not_exist_is_refused(start: Start) -> None:
    with pytest.raises(Aborted, match="apps/v1:Deploymint is not a resource type"):
        start("kubernetes").check("kubernetes:apps/v1:Deploymint", {})


def test_objects_with_unknown_values_pass_and_are_completed(start: Start) -> None:
    inputs = _deployment(replicas=UNKNOWN)
    inputs["spec"]["template"] = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": UNKNOWN}}
    checked, failures = start("kubernetes").check("kubernetes:apps/v1:Deployment", inputs, name="web")
    assert failures == {}
    assert checked["metadata"]["namespace"] == "default"
    assert checked["metadata"]["name"].startswith("web-")
    assert checked["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}
    assert (checked["apiVersion"], checked["kind"]) == ("apps/v1", "Deployment")


def test_names_are_made_kept_and_limited(aws: Engine) -> None:
    token = "aws:lb/targetGroup:TargetGroup"
    made, failures = aws.check(token, _TARGETS, name="web")
    assert failures == {}
    assert made["name"].startswith("web-")
    assert len(made["name"]) == len("web-") + 7
    assert aws.check(token, _TARGETS, olds=made, name="web")[0]["name"] == made["name"]
    chosen = {**_TARGETS, "name": "chosen"}
    assert aws.check(token, _TARGETS, olds=chosen, name="web")[0]["name"] != "chosen"
    assert any("autonamed" in reason for reason in aws.check(token, _TARGETS, name="x" * 30)[1].values())
    assert "name" not in aws.check("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"})[0]
    assert aws.check("aws:kms/alias:Alias", {"targetKeyId": "k"})[0]["name"].startswith("alias/thing-")
    assert aws.check("aws:sqs/queue:Queue", {"fifoQueue": True})[0]["name"].endswith(".fifo")


def test_secrets_stay_wrapped(aws: Engine) -> None:
    checked, _ = aws.check(
        "aws:secretsmanager/secretVersion:SecretVersion", {"secretId": "s", "secretString": Secret("hush")}
    )
    assert checked["secretString"] == Secret("hush")


def test_default_tags_are_under_a_resource_s_own(start: Start) -> None:
    engine = start("aws", defaultTags='{"tags": {"owner": "platform", "env": "dev"}}')
    checked, _ = engine.check("aws:sqs/queue:Queue", {"tags": {"env": "prod"}})
    assert checked["tags"] == {"owner": "platform", "env": "prod"}
