"""A higher stage is never less protected: what a move up must not take away."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from policy.judge import Violation
from policy.model import Resource, Severity, hidden, values

NAME = "never-less-protected"
_SEVERITY: Severity = "critical"
_REASON = "Growth adds users and data; what guards them may grow with it, and must not shrink."


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard:
    """A property that protects.

    types: type tokens that have it.
    worth: how much a value of it protects; more is better.
    """

    types: tuple[str, ...]
    path: str
    worth: Callable[[Any], float]


def _on(value: Any) -> float:
    return float(value in (True, "true"))


def _off(value: Any) -> float:
    return float(value in (None, False, "false"))


def _given(value: Any) -> float:
    return float(value not in (None, "", [], {}))


def _number(value: Any) -> float:
    return float(value or 0)


def _many(value: Any) -> float:
    return float(len(value or ()))


def _narrow(value: Any) -> float:
    """Length of an address range's prefix; no range at all is the narrowest."""
    return float(ipaddress.ip_network(value).prefixlen) if value else float("inf")


def _strict(value: Any) -> float:
    """Rank of a TLS policy by the version in its name: `ELBSecurityPolicy-TLS13-1-2-2021-06`."""
    parts = str(value).split("TLS13-1-")
    return float(parts[1][0]) if len(parts) > 1 else -1.0


_CLUSTER = "aws:rds/cluster:Cluster"
_CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_KEYS = ("aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey")
_SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105  the name of a type

GUARDS: tuple[Guard, ...] = (
    Guard(types=(_CLUSTER, "aws:eks/cluster:Cluster"), path="deletionProtection", worth=_on),
    Guard(types=(_CLUSTER,), path="storageEncrypted", worth=_on),
    Guard(types=(_CLUSTER,), path="backupRetentionPeriod", worth=_number),
    Guard(types=(_CLUSTER,), path="skipFinalSnapshot", worth=_off),
    Guard(types=(_CLUSTER,), path="iamDatabaseAuthenticationEnabled", worth=_on),
    Guard(types=(_CLUSTER,), path="enabledCloudwatchLogsExports", worth=_many),
    Guard(types=("aws:rds/clusterInstance:ClusterInstance",), path="publiclyAccessible", worth=_off),
    Guard(types=("aws:rds/proxy:Proxy",), path="requireTls", worth=_on),
    Guard(types=(_CACHE,), path="atRestEncryptionEnabled", worth=_on),
    Guard(types=(_CACHE,), path="transitEncryptionEnabled", worth=_on),
    Guard(types=(_CACHE,), path="snapshotRetentionLimit", worth=_number),
    Guard(types=(_CACHE,), path="multiAzEnabled", worth=_on),
    Guard(types=(_CACHE,), path="numCacheClusters", worth=_number),
    Guard(types=(_BALANCER,), path="enableDeletionProtection", worth=_on),
    Guard(types=(_BALANCER,), path="accessLogs.enabled", worth=_on),
    Guard(types=(_BALANCER,), path="dropInvalidHeaderFields", worth=_on),
    Guard(types=(_BALANCER,), path="subnets", worth=_many),
    Guard(types=("aws:lb/listener:Listener",), path="sslPolicy", worth=_strict),
    Guard(types=("aws:autoscaling/group:Group",), path="vpcZoneIdentifiers", worth=_many),
    Guard(types=("aws:autoscaling/group:Group",), path="minSize", worth=_number),
    Guard(types=(_TEMPLATE,), path="metadataOptions.httpTokens", worth=lambda value: float(value == "required")),
    Guard(types=(_TEMPLATE,), path="blockDeviceMappings[*].ebs.encrypted", worth=_on),
    Guard(types=(_BLOCK,), path="blockPublicAcls", worth=_on),
    Guard(types=(_BLOCK,), path="blockPublicPolicy", worth=_on),
    Guard(types=(_BLOCK,), path="ignorePublicAcls", worth=_on),
    Guard(types=(_BLOCK,), path="restrictPublicBuckets", worth=_on),
    Guard(types=("aws:s3/bucket:Bucket",), path="forceDestroy", worth=_off),
    Guard(types=(_INGRESS,), path="cidrIpv4", worth=_narrow),
    Guard(types=(_INGRESS,), path="cidrIpv6", worth=_narrow),
    Guard(types=_KEYS, path="deletionWindowInDays", worth=_number),
    Guard(types=("aws:kms/key:Key",), path="enableKeyRotation", worth=_on),
    Guard(types=(_SECRET,), path="recoveryWindowInDays", worth=_number),
    Guard(types=(_SECRET,), path="kmsKeyId", worth=_given),
    Guard(types=("aws:sqs/queue:Queue",), path="messageRetentionSeconds", worth=_number),
    Guard(types=("aws:cloudwatch/logGroup:LogGroup",), path="retentionInDays", worth=_number),
    Guard(types=("aws:sns/topic:Topic",), path="kmsMasterKeyId", worth=_given),
    Guard(types=("cloudflare:index/dnsRecord:DnsRecord",), path="proxied", worth=_on),
)
# What protects by being there at all.
WATCHERS: tuple[str, ...] = (
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/flowLog:FlowLog",
    _BLOCK,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "kubernetes:policy/v1:PodDisruptionBudget",
)


def lost(lower: Iterable[Resource], higher: Iterable[Resource]) -> Iterator[Violation]:
    """What `higher` protects less than `lower` does, both of one stack, resources by their URN."""
    above = {one.urn: one for one in higher}
    for one in lower:
        after = above.get(one.urn)
        if after is None:
            if one.type in WATCHERS:
                yield _violation(one, "it is gone")
            continue
        if one.protect and not after.protect:
            yield _violation(one, "it is no longer protected from deletion")
        for guard in GUARDS:
            if one.type in guard.types and _weaker(guard, one, after):
                before = _first(one, guard.path)
                yield _violation(one, f"{guard.path} goes from {before!r} to {_first(after, guard.path)!r}")


def _weaker(guard: Guard, before: Resource, after: Resource) -> bool:
    pairs = zip(values(before.inputs, guard.path), values(after.inputs, guard.path), strict=False)
    return any(guard.worth(new) < guard.worth(old) for old, new in pairs if not hidden(old) and not hidden(new))


def _first(one: Resource, path: str) -> Any:
    return next(iter(values(one.inputs, path)), None)


def _violation(one: Resource, message: str) -> Violation:
    return Violation(NAME, _SEVERITY, one.urn, message, _REASON)
