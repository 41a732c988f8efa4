"""Changes of the program and of its config: bad ones, with the finding that has to stop each, and harmless ones.

Those of one group are made in one render, which is what takes time. Each is judged alone, by what it touches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

import pulumi_aws as aws
import pytest

from ops.engine.recorder import Recorded

Patch = pytest.MonkeyPatch


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A change.

    name: what somebody did.
    types: tokens of the resource types it touches; empty for one that is judged with all that it changes.
    inputs: their inputs that it touches; empty for all.
    rule: the finding that stops it; empty for a harmless one. told: those that a harmless one is told of.
    group: those that are rendered together. base: config of both sides. config: what it changes of it.
    patch: changes the program. record: or what it registers, where taking code away comes to the same.
    """

    name: str
    rule: str = ""
    told: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    group: str = ""
    base: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    patch: Callable[[Patch], None] | None = None
    record: Callable[[Recorded], Recorded | None] | None = None


def _class(path: str) -> tuple[Any, str]:
    module, _, name = path.rpartition(".")
    if module.startswith("aws."):
        return getattr(aws, module.removeprefix("aws.")), name
    return import_module(module), name


def altered(path: str, only: str = "", **arguments: Any) -> Callable[[Patch], None]:
    """Construct a class with other arguments; where `only` is given, what has that in its name."""

    def apply(patch: Patch) -> None:
        owner, name = _class(path)
        original = getattr(owner, name)

        def construct(*given: Any, **keywords: Any) -> Any:
            meant = not only or (given and only in str(given[0]))
            return original(*given, **{**keywords, **arguments}) if meant else original(*given, **keywords)

        patch.setattr(owner, name, construct)

    return apply


def renamed(path: str) -> Callable[[Patch], None]:
    """Construct a class by another name."""

    def apply(patch: Patch) -> None:
        owner, name = _class(path)
        original = getattr(owner, name)
        patch.setattr(owner, name, lambda first, *rest, **keywords: original(f"{first}-new", *rest, **keywords))

    return apply


def constant(path: str, value: Any) -> Callable[[Patch], None]:
    """Give something in a module another value."""
    module, _, name = path.rpartition(".")
    return lambda patch: patch.setattr(import_module(module), name, value)


def gone(*_: Any) -> None:
    """Register it no more."""


CLUSTER = "aws:rds/cluster:Cluster"
INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
BUCKET = "aws:s3/bucket:Bucket"
SECRET = "aws:secretsmanager/secret:Secret"
KEY = "aws:kms/key:Key"
LISTENER = "aws:lb/listener:Listener"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
GROUP = "aws:autoscaling/group:Group"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
QUEUE = "aws:sqs/queue:Queue"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
TOPIC = "aws:sns/topic:Topic"
EIP = "aws:ec2/eip:Eip"
RULESET = "cloudflare:index/ruleset:Ruleset"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
GREEN = {"image": "registry.example.com/app:2.0.0", "weight": 10}
BOTH: Mapping[str, Any] = {"runtime": "both", "budget": {"monthlyUsd": 1500}}
LARGER: Mapping[str, Any] = {"fleet": {"maximum": 12}, "database": {"maxAcu": 10}, "budget": {"monthlyUsd": 900}}
HIGH: Mapping[str, Any] = {"stage": 6, "runtime": "both", "budget": {"monthlyUsd": 12_000}}
BLUE = {"image": "registry.example.com/app:1.0.0", "weight": 100}

BAD: tuple[Mutation, ...] = (
    # Names and identities
    Mutation(name="rename the database component", rule="data-deleted", types=(CLUSTER, INSTANCE, LOGS), group="names",
             patch=renamed("infra.wiring.databases.Database")),
    Mutation(name="rename the buckets' component", rule="data-deleted", types=(BUCKET,), group="names",
             patch=renamed("infra.wiring.buckets.Storage")),
    Mutation(name="rename the elastic IPs", rule="data-deleted", types=(EIP,), group="names",
             patch=renamed("aws.ec2.Eip")),
    Mutation(name="rename the queues' component", rule="data-deleted", types=(QUEUE,), group="names",
             patch=renamed("infra.wiring.data_tier.Queues")),
    Mutation(name="rename the application's secret", rule="data-deleted", types=(SECRET,), group="names",
             patch=renamed("infra.wiring.app_secrets.AppSecret")),
    Mutation(name="put a component around the certificate", rule="data-deleted",
             types=("aws:acm/certificate:Certificate",), group="names",
             patch=renamed("infra.wiring.ingress.Certificate")),
    Mutation(name="rename the topics", rule="data-deleted", types=(TOPIC,), group="names",
             patch=renamed("infra.wiring.alarms.Notifications")),
    Mutation(name="change the database's identifier", rule="data-replaced", types=(CLUSTER,),
             inputs=("clusterIdentifier",), group="arguments",
             patch=altered("aws.rds.Cluster", cluster_identifier="main")),
    Mutation(name="change the master user's name", rule="data-replaced", types=(CLUSTER,), inputs=("masterUsername",),
             group="arguments", patch=altered("aws.rds.Cluster", master_username="root")),
    Mutation(name="change an instance's identifier", rule="data-replaced", types=(INSTANCE,), inputs=("identifier",),
             group="arguments", patch=altered("aws.rds.ClusterInstance", identifier="main-1")),
    Mutation(name="name the keys' multi-Region property otherwise", rule="data-replaced", types=(KEY,),
             inputs=("multiRegion",), group="arguments", patch=altered("aws.kms.Key", multi_region=False)),
    Mutation(name="name the load balancer", rule="data-replaced", types=("aws:lb/loadBalancer:LoadBalancer",),
             inputs=("name",), group="arguments", patch=altered("aws.lb.LoadBalancer", name="main")),
    Mutation(name="choose other ranges for the subnets", rule="data-replaced", types=("aws:ec2/subnet:Subnet",),
             group="arguments", patch=altered("aws.ec2.Subnet", cidr_block="10.0.64.0/24")),
    Mutation(name="take another address range", rule="data-replaced", config={"network": {"cidr": "10.128.0.0/11"}}),
    Mutation(name="give up egress addresses", rule="data-deleted",
             config={"network": {"cidr": "10.0.0.0/11", "egressAddresses": 1}}),
    Mutation(name="take another domain", rule="data-replaced",
             config={"domain": {"name": "www.example.com", "dns": "cloudflare", "zoneId": "ab" * 16}}),
    Mutation(name="leave the cluster to somebody else", rule="data-deleted", base=BOTH,
             config={"cluster": {"kubeconfig": "made up"}}),
    Mutation(name="rename the listeners", rule="renamed", types=(LISTENER,), group="names",
             patch=renamed("aws.lb.Listener")),
    Mutation(name="rename the rules of listeners", rule="renamed", types=("aws:lb/listenerRule:ListenerRule",),
             group="names of their own", patch=renamed("aws.lb.ListenerRule")),
    Mutation(name="rename the target groups", rule="renamed", types=("aws:lb/targetGroup:TargetGroup",), group="names",
             patch=renamed("aws.lb.TargetGroup")),
    Mutation(name="rename a queue", rule="renamed", types=(QUEUE,), group="names of their own",
             patch=renamed("aws.sqs.Queue")),
    Mutation(name="rename the alarms", rule="renamed", types=("aws:cloudwatch/metricAlarm:MetricAlarm",), group="names",
             patch=renamed("aws.cloudwatch.MetricAlarm")),
    Mutation(name="rename what wakes people", rule="renamed", types=("aws:cloudwatch/compositeAlarm:CompositeAlarm",),
             group="names", patch=renamed("aws.cloudwatch.CompositeAlarm")),
    Mutation(name="rename the roles", rule="renamed", types=("aws:iam/role:Role",), group="names",
             patch=renamed("aws.iam.Role")),
    # Protection
    Mutation(name="lift the stack's protection", rule="protection-removed", config={"protect": False}),
    Mutation(name="drop protect from every resource", rule="protection-removed",
             record=lambda one: replace(one, protect=False)),
    Mutation(name="drop retainOnDelete", rule="protection-removed", record=lambda one: replace(one, retained=False)),
    Mutation(name="drop ignoreChanges of the database", rule="owner-taken", types=(CLUSTER,),
             record=lambda one: replace(one, ignored=())),
    Mutation(name="drop ignoreChanges of the replicas", rule="owner-taken", base=HIGH,
             types=("kubernetes:apps/v1:Deployment",), record=lambda one: replace(one, ignored=())),
    Mutation(name="let the database be deleted", rule="protection-removed", types=(CLUSTER,),
             inputs=("deletionProtection",), group="arguments",
             patch=altered("aws.rds.Cluster", deletion_protection=False)),
    Mutation(name="take no last snapshot", rule="protection-removed", types=(CLUSTER,), inputs=("skipFinalSnapshot",),
             group="arguments", patch=altered("aws.rds.Cluster", skip_final_snapshot=True)),
    Mutation(name="empty buckets when they are deleted", rule="protection-removed", types=(BUCKET,), group="arguments",
             patch=altered("aws.s3.Bucket", force_destroy=True)),
    Mutation(name="let secrets go at once", rule="protection-removed", types=(SECRET,),
             inputs=("recoveryWindowInDays",), group="arguments",
             patch=altered("aws.secretsmanager.Secret", recovery_window_in_days=0)),
    Mutation(name="let the load balancer be deleted", rule="protection-removed",
             types=("aws:lb/loadBalancer:LoadBalancer",), inputs=("enableDeletionProtection",), group="arguments",
             patch=altered("aws.lb.LoadBalancer", enable_deletion_protection=False)),
    # Backups
    Mutation(name="keep backups for a day", rule="backups-shortened", types=(CLUSTER,),
             inputs=("backupRetentionPeriod",), group="arguments",
             patch=altered("aws.rds.Cluster", backup_retention_period=1)),
    Mutation(name="keep no versions", rule="backups-shortened", types=(VERSIONING,), group="arguments",
             patch=altered("aws.s3.BucketVersioning", versioning_configuration={"status": "Suspended"})),
    Mutation(name="keep logs for a day", rule="backups-shortened", types=(LOGS,), group="arguments",
             patch=altered("aws.cloudwatch.LogGroup", retention_in_days=1)),
    Mutation(name="keep messages for a minute", rule="backups-shortened", types=(QUEUE,), group="arguments",
             patch=altered("aws.sqs.Queue", message_retention_seconds=60)),
    # Encryption
    Mutation(name="store the database in the clear", rule="aurora-encrypted", types=(CLUSTER,),
             inputs=("storageEncrypted",), group="arguments",
             patch=altered("aws.rds.Cluster", storage_encrypted=False)),
    Mutation(name="encrypt secrets with another key", rule="key-changed", types=(SECRET,), inputs=("kmsKeyId",),
             group="arguments", patch=altered("aws.secretsmanager.Secret", kms_key_id="alias/aws/secretsmanager")),
    Mutation(name="stop rotating keys", rule="encryption-weakened", types=(KEY,), inputs=("enableKeyRotation",),
             group="arguments", patch=altered("aws.kms.Key", enable_key_rotation=False)),
    Mutation(name="take old TLS", rule="encryption-weakened", types=(LISTENER,), group="arguments",
             patch=altered("aws.lb.Listener", only="https", ssl_policy="ELBSecurityPolicy-2016-08")),
    Mutation(name="let clients come to the database in the clear", rule="database-forces-tls",
             types=("aws:rds/clusterParameterGroup:ClusterParameterGroup",), group="arguments",
             patch=constant("infra.components.data.database.BASE_PARAMETERS", {})),
    Mutation(name="let clients come to the proxy in the clear", rule="encryption-weakened",
             types=("aws:rds/proxy:Proxy",), group="arguments", patch=altered("aws.rds.Proxy", require_tls=False)),
    Mutation(name="send to topics in the clear", rule="encryption-weakened", types=(TOPIC,), group="arguments",
             patch=altered("aws.sns.Topic", kms_master_key_id=None)),
    Mutation(name="write the master password down", rule="secret-revealed", types=(CLUSTER,),
             record=lambda one: replace(one, inputs={**one.inputs, "masterPassword": "correct horse"})),
    Mutation(name="keep the cache in the clear", rule="encryption-weakened", types=(CACHE,), group="high", base=HIGH,
             patch=altered("aws.elasticache.ReplicationGroup", at_rest_encryption_enabled=False)),
    # Who gets in
    Mutation(name="open the database to the world", rule="ingress-web-only", types=(INGRESS,), group="arguments",
             patch=altered("aws.vpc.SecurityGroupIngressRule", only="-db", cidr_ipv4="0.0.0.0/0",
                           referenced_security_group_id=None)),
    Mutation(name="give instances of the database public addresses", rule="exposure-widened", types=(INSTANCE,),
             inputs=("publiclyAccessible",), group="arguments",
             patch=altered("aws.rds.ClusterInstance", publicly_accessible=True)),
    Mutation(name="let buckets be public", rule="exposure-widened", types=(BLOCK,), group="arguments",
             patch=altered("aws.s3.BucketPublicAccessBlock", block_public_policy=False)),
    Mutation(name="take IMDSv1", rule="exposure-widened", types=("aws:ec2/launchTemplate:LaunchTemplate",),
             group="arguments", patch=altered("aws.ec2.LaunchTemplate", metadata_options={"http_tokens": "optional"})),
    Mutation(name="drop the blocks of public access", rule="watch-removed", types=(BLOCK,), group="arguments",
             record=gone),
    Mutation(name="drop the flow logs", rule="watch-removed", types=("aws:ec2/flowLog:FlowLog",), group="arguments",
             record=gone),
    Mutation(name="open the cluster's API to the world", rule="cluster-not-public", base=HIGH,
             config={"cluster": {"apiCidrs": ["0.0.0.0/0"]}}),
    Mutation(name="drop the network policies", rule="watch-removed",
             types=("kubernetes:networking.k8s.io/v1:NetworkPolicy",), group="high", base=HIGH, record=gone),
    # The edge, the cluster's switch, and who is woken
    Mutation(name="drop the edge's rules", rule="watch-removed", types=(RULESET,), group="high", base=HIGH,
             record=gone),
    Mutation(name="turn the edge's rules off", rule="exposure-widened", types=(RULESET,), group="high", base=HIGH,
             record=lambda one: replace(one, inputs={**one.inputs, "rules": [
                 {**rule, "enabled": False} for rule in one.inputs["rules"]]})),
    Mutation(name="have network policies do nothing", rule="watch-removed",
             types=("kubernetes:core/v1:ConfigMap",), group="high", base=HIGH, record=gone),
    Mutation(name="wake nobody", rule="watch-removed", types=("aws:cloudwatch/compositeAlarm:CompositeAlarm",),
             group="high", base=HIGH, record=gone),
    Mutation(name="take the firewall away", rule="watch-removed", base={"stage": 2, "firewall": True},
             config={"firewall": False}),
    Mutation(name="have the firewall count alone", rule="exposure-widened", base={"stage": 2, "firewall": True},
             config={"firewall": "log"}),
    Mutation(name="have rate limits log alone", rule="exposure-widened",
             base={"stage": 5, "edge": {"plan": "enterprise"}},
             config={"edge": {"plan": "enterprise", "rateLimits": "log"}}),
    Mutation(name="have managed rules log alone", rule="exposure-widened",
             base={"stage": 5, "edge": {"plan": "enterprise"}},
             config={"edge": {"plan": "enterprise", "managedRules": "log"}}),
    # What it carries
    Mutation(name="slip from stage 7 to 5", rule="stage-drops", base={"stage": 7}, config={"stage": 5}),
    Mutation(name="slip from stage 4 to 1", rule="stage-drops", base={"stage": 4}, config={"stage": 1}),
    # Budgets
    Mutation(name="let fleets grow past the config", rule="connections-exceeded", types=(GROUP,), group="sizes",
             base={"stage": 1}, patch=altered("aws.autoscaling.Group", max_size=200)),
    Mutation(name="let the proxy take all connections", rule="connections-exceeded",
             types=("aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup",), group="arguments",
             patch=altered("aws.rds.ProxyDefaultTargetGroup", connection_pool_config={"max_connections_percent": 100})),
    Mutation(name="take far larger instances", rule="cost-exceeded",
             config={"fleet": {"instanceTypes": ["c7g.16xlarge"]}}),
    Mutation(name="shrink the budget", rule="cost-exceeded", config={"budget": {"monthlyUsd": 50}}),
)  # fmt: skip

HARMLESS: tuple[Mutation, ...] = (
    Mutation(name="nothing"),
    Mutation(name="stage up, 1 to 2", base={"stage": 1}, config={"stage": 2}),
    Mutation(name="stage up, 2 to 3", config={"stage": 3}),
    Mutation(name="stage up, 6 to 7", base={"stage": 6}, config={"stage": 7}),
    Mutation(name="stage up, 1 to 6", base={"stage": 1}, config={"stage": 6}),
    Mutation(name="stage down, 7 to 6", told=("carries-less",), base={"stage": 7}, config={"stage": 6}),
    Mutation(name="stage down, 3 to 2", told=("carries-less",), base={"stage": 3}, config={"stage": 2}),
    Mutation(name="a new image", config={"rollout": {"blue": {**BLUE, "image": "registry.example.com/app:1.1.0"}}}),
    Mutation(name="a second color", config={"rollout": {"blue": {**BLUE, "weight": 90}, "green": GREEN}}),
    Mutation(name="larger sizes", config=LARGER),
    Mutation(name="smaller sizes", base=LARGER, config=dict.fromkeys(LARGER)),
    Mutation(name="a secret of the application", config={"appSecrets": {"SESSION_KEY": "made up"}}),
    Mutation(name="new passwords", config={"credentialsGeneration": 2}),
    Mutation(name="somebody who hears of alarms", config={"alerts": {"critical": ["on-call@example.com"]}}),
    Mutation(name="another region in the list", config={"regions": ["us-east-1", "eu-west-1", "ap-southeast-2"]}),
    Mutation(name="pods beside instances", config=BOTH),
    Mutation(name="protection for a stack that had none", base={"protect": False}, config={"protect": True}),
    Mutation(name="another tag", group="tags",
             patch=constant("infra.naming.tags", lambda project, stack: {"project": project, "stack": stack})),
    Mutation(name="logs kept longer", types=(LOGS,), group="harmless",
             patch=altered("aws.cloudwatch.LogGroup", retention_in_days=3653)),
    Mutation(name="backups kept longer", types=(CLUSTER,), group="harmless",
             patch=altered("aws.rds.Cluster", backup_retention_period=35)),
    Mutation(name="another alarm's limit", types=("aws:cloudwatch/metricAlarm:MetricAlarm",), group="harmless",
             patch=altered("aws.cloudwatch.MetricAlarm", only="db-cpu", threshold=85)),
    Mutation(name="stage down, 5 to 4", told=("carries-less",), base={"stage": 5}, config={"stage": 4}),
    Mutation(name="a firewall until the edge takes over", base={"stage": 4, "firewall": True}, config={"stage": 5}),
    Mutation(name="managed rules that let a browser through", base={"stage": 5, "edge": {"plan": "pro"}},
             config={"edge": {"plan": "pro", "managedRules": "challenge"}}),
    Mutation(name="another time in the cache", types=(RULESET,), group="edge", base={"stage": 5},
             patch=constant("infra.edge.caching.APP_EXTENSIONS", ("avif", "png"))),
    Mutation(name="a color's Service goes with its color", types=("kubernetes:core/v1:Service",), group="high",
             base=HIGH, record=lambda one: None if one.name.endswith("-green") else one),
    Mutation(name="a port that the web uses", types=(INGRESS,), group="harmless",
             patch=altered("aws.vpc.SecurityGroupIngressRule", description="As before, and better said")),
)  # fmt: skip
