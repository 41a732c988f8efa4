"""A higher stage is never less protected: properties that a move up must not weaken."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from policy.judge import Violation
from policy.model import Resource, Severity, hidden, values

NAME = "never-less-protected"
_SEVERITY: Severity = "critical"
_REASON = "Growth adds users and data. Their protection may grow with it, and must not shrink."

# Kinds of protection: from deletion, by backups, by encryption, from access. A `size` follows the stage and a stack's
# own bounds: it may shrink again, except in a move up.
About = Literal["deletion", "backups", "encryption", "exposure", "size"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard:
    """A property that protects.

    types: type tokens that have it.
    about: kind of protection.
    worth: how much a value protects; more is better.
    """

    types: tuple[str, ...]
    path: str
    about: About
    worth: Callable[[Any], float]


def on(value: Any) -> float:
    return float(value in (True, "true"))


def off(value: Any) -> float:
    return float(value in (None, False, "false"))


def given(value: Any) -> float:
    return float(value not in (None, "", [], {}))


def number(value: Any) -> float:
    return float(value or 0)


def lasting(value: Any) -> float:
    """Days of retention; without a value, for ever."""
    return float(value or "inf")


def many(value: Any) -> float:
    return float(len(value or ()))


def narrow(value: Any) -> float:
    """Length of an address range's prefix; no range is the narrowest."""
    return float(ipaddress.ip_network(value).prefixlen) if value else float("inf")


def strict(value: Any) -> float:
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
    Guard(types=(_CLUSTER, "aws:eks/cluster:Cluster"), path="deletionProtection", about="deletion", worth=on),
    Guard(types=(_CLUSTER,), path="storageEncrypted", about="encryption", worth=on),
    Guard(types=(_CLUSTER,), path="backupRetentionPeriod", about="backups", worth=number),
    Guard(types=(_CLUSTER,), path="skipFinalSnapshot", about="deletion", worth=off),
    Guard(types=(_CLUSTER,), path="iamDatabaseAuthenticationEnabled", about="exposure", worth=on),
    Guard(types=(_CLUSTER,), path="enabledCloudwatchLogsExports", about="size", worth=many),
    Guard(types=("aws:rds/clusterInstance:ClusterInstance",), path="publiclyAccessible", about="exposure", worth=off),
    Guard(types=("aws:rds/proxy:Proxy",), path="requireTls", about="encryption", worth=on),
    Guard(types=(_CACHE,), path="atRestEncryptionEnabled", about="encryption", worth=on),
    Guard(types=(_CACHE,), path="transitEncryptionEnabled", about="encryption", worth=on),
    Guard(types=(_CACHE,), path="snapshotRetentionLimit", about="backups", worth=number),
    Guard(types=(_CACHE,), path="multiAzEnabled", about="size", worth=on),
    Guard(types=(_CACHE,), path="numCacheClusters", about="size", worth=number),
    Guard(types=(_BALANCER,), path="enableDeletionProtection", about="deletion", worth=on),
    Guard(types=(_BALANCER,), path="accessLogs.enabled", about="size", worth=on),
    Guard(types=(_BALANCER,), path="dropInvalidHeaderFields", about="exposure", worth=on),
    Guard(types=(_BALANCER,), path="subnets", about="size", worth=many),
    Guard(types=("aws:lb/listener:Listener",), path="sslPolicy", about="encryption", worth=strict),
    Guard(types=("aws:autoscaling/group:Group",), path="vpcZoneIdentifiers", about="size", worth=many),
    Guard(types=("aws:autoscaling/group:Group",), path="minSize", about="size", worth=number),
    Guard(
        types=(_TEMPLATE,),
        path="metadataOptions.httpTokens",
        about="exposure",
        worth=lambda value: float(value == "required"),
    ),
    Guard(types=(_TEMPLATE,), path="blockDeviceMappings[*].ebs.encrypted", about="encryption", worth=on),
    Guard(types=(_BLOCK,), path="blockPublicAcls", about="exposure", worth=on),
    Guard(types=(_BLOCK,), path="blockPublicPolicy", about="exposure", worth=on),
    Guard(types=(_BLOCK,), path="ignorePublicAcls", about="exposure", worth=on),
    Guard(types=(_BLOCK,), path="restrictPublicBuckets", about="exposure", worth=on),
    Guard(types=("aws:s3/bucket:Bucket",), path="forceDestroy", about="deletion", worth=off),
    Guard(types=(_INGRESS,), path="cidrIpv4", about="exposure", worth=narrow),
    Guard(types=(_INGRESS,), path="cidrIpv6", about="exposure", worth=narrow),
    Guard(types=_KEYS, path="deletionWindowInDays", about="deletion", worth=number),
    Guard(types=("aws:kms/key:Key",), path="enableKeyRotation", about="encryption", worth=on),
    Guard(types=(_SECRET,), path="recoveryWindowInDays", about="deletion", worth=number),
    Guard(types=(_SECRET,), path="kmsKeyId", about="encryption", worth=given),
    Guard(types=("aws:sqs/queue:Queue",), path="messageRetentionSeconds", about="backups", worth=number),
    Guard(types=("aws:cloudwatch/logGroup:LogGroup",), path="retentionInDays", about="backups", worth=lasting),
    Guard(types=("aws:sns/topic:Topic",), path="kmsMasterKeyId", about="encryption", worth=given),
    Guard(types=("cloudflare:index/dnsRecord:DnsRecord",), path="proxied", about="size", worth=on),
)
# Resources that protect by existing.
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
    """What is less protected in `higher` than in `lower`: two renders of one stack, resources by their URN."""
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
            if one.type in guard.types and weaker(guard, one, after):
                before = _first(one, guard.path)
                yield _violation(one, f"{guard.path} goes from {before!r} to {_first(after, guard.path)!r}")


def weaker(guard: Guard, before: Resource, after: Resource) -> bool:
    """Whether a property protects less than before. A hidden value counts as unchanged."""
    pairs = zip(values(before.inputs, guard.path), values(after.inputs, guard.path), strict=False)
    return any(guard.worth(new) < guard.worth(old) for old, new in pairs if not hidden(old) and not hidden(new))


def _first(one: Resource, path: str) -> Any:
    return next(iter(values(one.inputs, path)), None)


def _violation(one: Resource, message: str) -> Violation:
    return Violation(NAME, _SEVERITY, one.urn, message, _REASON)
