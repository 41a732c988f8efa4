"""A resource made bad for every policy: what is changed in a good one, and which policy that has to wake."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

GONE = object()
_POD = "spec.template.spec"
_EVERYBODY = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}]})
_TRUSTS_ALL = json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]})


def _allows(action: str, resource: str = "*") -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})


def _containers(**changes: Any) -> str:
    return json.dumps([{"name": "job", "readonlyRootFilesystem": True, **changes}])


# policy: one or more sets of changes, each of which has to wake it. A set is path: value.
BAD: dict[str, tuple[dict[str, Any], ...]] = {
    "account-without-token": ({"automountServiceAccountToken": True},),
    "alarm-acts": ({"actionsEnabled": False},),
    "alarm-explained": ({"alarmDescription": GONE},),
    "alarm-missing-data": ({"treatMissingData": GONE},),
    "aurora-backups": ({"backupRetentionPeriod": 1}, {"backupRetentionPeriod": GONE}),
    "aurora-deletion-protection": ({"deletionProtection": False},),
    "aurora-encrypted": ({"storageEncrypted": False}, {"kmsKeyId": GONE}),
    "aurora-final-snapshot": ({"skipFinalSnapshot": True},),
    "aurora-iam-authentication": ({"iamDatabaseAuthenticationEnabled": GONE},),
    "aurora-logs-exported": ({"enabledCloudwatchLogsExports": []},),
    "aurora-tags-snapshots": ({"copyTagsToSnapshot": False},),
    "autoscaler-bounded": ({"spec.minReplicas": 90}, {"spec.maxReplicas": GONE}, {"spec.minReplicas": 0}),
    "balancer-access-logs": ({"accessLogs.enabled": False}, {"accessLogs": GONE}),
    "balancer-deletion-protection": ({"enableDeletionProtection": False},),
    "balancer-desync-mitigation": ({"desyncMitigationMode": "monitor"},),
    "balancer-drops-invalid-headers": ({"dropInvalidHeaderFields": False},),
    "balancer-three-zones": ({"subnets": ["one", "two"]},),
    "bucket-acl-private": ({"acl": "public-read"}, {"acl": "public-read-write"}),
    "bucket-encrypted": ({"rules[0].applyServerSideEncryptionByDefault.sseAlgorithm": GONE},),
    "bucket-expires": ({"rules": []}, {"rules": [{"id": "keep", "status": "Enabled"}]}),
    "bucket-kept": ({"forceDestroy": True},),
    "bucket-owner-alone": ({"rule.objectOwnership": "ObjectWriter"},),
    "bucket-private": ({"blockPublicAcls": False}, {"blockPublicPolicy": False}, {"restrictPublicBuckets": GONE}),
    "bucket-tls-only": ({"policy": json.dumps({"Statement": []})},),
    "bucket-versioned": ({"versioningConfiguration.status": "Suspended"},),
    "budget-tells": ({"notifications": []},),
    "cache-encrypted-at-rest": ({"atRestEncryptionEnabled": False},),
    "cache-encrypted-in-transit": ({"transitEncryptionEnabled": False},),
    "cache-fails-over": ({"numCacheClusters": 1}, {"automaticFailoverEnabled": False}, {"multiAzEnabled": False}),
    "cache-fit-for-global": ({"nodeType": "cache.t4g.medium"},),
    "cache-snapshots": ({"snapshotRetentionLimit": 0},),
    "cache-token": ({"authToken": GONE},),
    "certificate-validated-by-dns": ({"validationMethod": "EMAIL"},),
    "chat-guarded": ({"guardrailPolicyArns": []},),
    "cluster-audited": ({"enabledClusterLogTypes": ["api"]},),
    "cluster-kept": ({"deletionProtection": False},),
    "cluster-not-public": ({"vpcConfig.publicAccessCidrs": ["0.0.0.0/0"]}, {"vpcConfig.publicAccessCidrs": GONE}),
    "cluster-secrets-encrypted": ({"encryptionConfig": GONE},),
    "config-holds-no-secret": ({"data.DATABASE_URL": "postgres://user:word@host/db"},),
    "containers-in-own-cluster": ({"settings[0].value": "on"},),
    "cron-does-not-overlap": ({"spec.concurrencyPolicy": "Allow"},),
    "dashboard-named": ({"dashboardName": GONE},),
    "database-encrypted": ({"storageEncrypted": False}, {"storageEncrypted": GONE}),
    "database-forces-tls": ({"parameters": [{"name": "rds.force_ssl", "value": "0"}]}, {"parameters": []}),
    "database-insights": ({"performanceInsightsEnabled": False},),
    "database-private": ({"publiclyAccessible": True},),
    "database-three-zones": ({"subnetIds": ["one", "two"]},),
    "default-group-closed": ({"ingress": [{"protocol": "-1", "self": True}]}, {"egress": [{"protocol": "-1"}]}),
    "deployment-ready": ({f"{_POD}.containers[0].readinessProbe": GONE},),
    "disruption-possible": ({"spec.maxUnavailable": 0}, {"spec.maxUnavailable": GONE}),
    "edge-balancer-proxied": ({"proxied": False}, {"fallbackPool": GONE}),
    "edge-monitor-tls": ({"type": "http"}, {"path": GONE}),
    "edge-never-caches-all": (
        {
            "phase": "http_request_cache_settings",
            "rules": [{"ref": "all", "expression": "true", "actionParameters": {"cache": True}}],
        },
    ),
    "edge-normalizes": ({"scope": "none"},),
    "edge-origin-tls": (
        {"phase": "http_config_settings", "rules": [{"ref": "tls", "actionParameters": {"ssl": "flexible"}}]},
    ),
    "edge-pool-watched": ({"monitor": GONE},),
    "edge-rate-limits-bounded": ({"rules[0].ratelimit": {"requestsPerPeriod": 5}},),
    "edge-record-points": ({"content": GONE},),
    "edge-record-short-lived": ({"ttl": 86400},),
    "edge-rules-named": ({"rules[0].ref": GONE},),
    "edge-setting-safe": ({"value": "flexible"}, {"settingId": "min_tls_version", "value": "1.0"}),
    "endpoint-private-dns": ({"vpcEndpointType": "Interface", "privateDnsEnabled": False},),
    "function-log-ends": ({"loggingConfig": GONE},),
    "event-keeps-failures": ({"deadLetterConfig": GONE},),
    "flow-log-all": ({"trafficType": "REJECT"},),
    "group-bounds": ({"minSize": 90}, {"desiredCapacity": 2}),
    "group-health-of-balancer": ({"healthCheckType": "EC2"},),
    "group-instances-renewed": ({"maxInstanceLifetime": 31_536_000}, {"maxInstanceLifetime": GONE}),
    "group-refresh-stops": ({"instanceRefresh.preferences.autoRollback": True}, {"instanceRefresh": GONE}),
    "group-rule-web-only": (
        {"fromPort": 22, "toPort": 22},
        {"cidrBlocks": GONE, "ipv6CidrBlocks": ["::/0"], "fromPort": 0},
    ),
    "group-three-zones": ({"vpcZoneIdentifiers": ["one", "two"]},),
    "ingress-web-only": (
        {"cidrIpv4": "0.0.0.0/0", "fromPort": 22, "toPort": 22},
        {"cidrIpv6": "::/0", "fromPort": 5432, "toPort": 5432},
        {"cidrIpv4": "0.0.0.0/0", "fromPort": 80, "toPort": 443},
        {"cidrIpv4": "0.0.0.0/0", "fromPort": GONE, "toPort": GONE, "ipProtocol": "-1"},
    ),
    "key-deleted-slowly": ({"deletionWindowInDays": 7},),
    "launch-abandoned": ({"lifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "defaultResult": "CONTINUE"},),
    "key-rotates": ({"enableKeyRotation": False},),
    "listener-tls": (
        {"sslPolicy": "ELBSecurityPolicy-2016-08", "protocol": "HTTPS"},
        {"protocol": "HTTP", "defaultActions": [{"type": "forward"}]},
    ),
    "listener-weights-whole": (
        {"defaultActions": [{"type": "forward", "forward": {"targetGroups": [{"weight": 90}, {"weight": 5}]}}]},
    ),
    "log-retention": ({"retentionInDays": 1}, {"retentionInDays": GONE}),
    "namespace-restricted": ({"metadata.labels": {}},),
    "network-policy-closed": ({"spec.ingress": [{}]}, {"spec.policyTypes": []}),
    "password-long": ({"length": 12},),
    "peering-named": ({"tags": GONE},),
    "pod-bounded": ({f"{_POD}.containers[0].resources": {}},),
    "pod-image-fixed": ({f"{_POD}.containers[0].image": "registry.example.com/app:latest"},),
    "pod-read-only": ({f"{_POD}.containers[0].securityContext.readOnlyRootFilesystem": False},),
    "pod-restricted": (
        {f"{_POD}.hostNetwork": True},
        {f"{_POD}.containers[0].securityContext.allowPrivilegeEscalation": True},
        {f"{_POD}.containers[0].securityContext.capabilities": GONE},
        {f"{_POD}.securityContext": GONE, f"{_POD}.containers[0].securityContext.runAsNonRoot": GONE},
        {
            f"{_POD}.securityContext": {"runAsNonRoot": True},
            f"{_POD}.containers[0].securityContext.seccompProfile": GONE,
        },
    ),
    "policy-not-public": ({"policy": _EVERYBODY},),
    "provider-region": ({"region": GONE},),
    "provider-tags": ({"defaultTags": GONE},),
    "proxy-pool-bounded": ({"connectionPoolConfig.maxConnectionsPercent": 100}, {"connectionPoolConfig": GONE}),
    "proxy-three-zones": ({"vpcSubnetIds": ["one", "two"]},),
    "proxy-tls": ({"requireTls": False},),
    "queue-encrypted": ({"sqsManagedSseEnabled": GONE},),
    "queue-keeps": ({"messageRetentionSeconds": 3600},),
    "record-short-lived": ({"ttl": 86400, "aliases": GONE},),
    "release-all-or-nothing": ({"atomic": False},),
    "role-no-admin": ({"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},),
    "role-policy-least": ({"policy": _allows("*")}, {"policy": _allows("s3:*")}, {"policy": _allows("iam:PassRole")}),
    "role-trust-known": ({"assumeRolePolicy": _TRUSTS_ALL},),
    "scaling-bounds": ({"minCapacity": 0}, {"maxCapacity": 100}),
    "scaling-tracks-target": ({"policyType": "StepScaling"},),
    "schedule-keeps-failures": ({"target.deadLetterConfig": GONE},),
    "schedule-private": ({"target.ecsParameters.networkConfiguration.assignPublicIp": True},),
    "schedule-retries-end": ({"target.retryPolicy": GONE}, {"target.retryPolicy.maximumEventAgeInSeconds": 86400}),
    "schedule-utc": ({"scheduleExpressionTimezone": "Europe/Berlin"},),
    "secret-own-key": ({"kmsKeyId": GONE},),
    "secret-recoverable": ({"recoveryWindowInDays": 0},),
    "security-group-described": ({"description": GONE},),
    "security-group-no-inline-world": ({"ingress": [{"cidrBlocks": ["0.0.0.0/0"], "fromPort": 22, "toPort": 22}]},),
    "service-internal": ({"spec.type": "NodePort"},),
    "storage-encrypted": ({"parameters.encrypted": "false"},),
    "subnet-no-public-addresses": ({"mapPublicIpOnLaunch": True},),
    "subscription-private": ({"protocol": "http"},),
    "target-health-checked": ({"healthCheck": GONE}, {"healthCheck.interval": 300}),
    "task-no-plain-secrets": (
        {"containerDefinitions": _containers(environment=[{"name": "DATABASE_URL", "value": "postgres://"}])},
    ),
    "task-read-only": ({"containerDefinitions": _containers(readonlyRootFilesystem=False)},),
    "template-encrypted-disks": ({"blockDeviceMappings[0].ebs.encrypted": "false"}, {"blockDeviceMappings": []}),
    "template-imdsv2": ({"metadataOptions.httpTokens": "optional"}, {"metadataOptions": GONE}),
    "template-no-public-address": ({"networkInterfaces": [{"associatePublicIpAddress": "true"}]},),
    "template-profile": ({"iamInstanceProfile": GONE},),
    "topic-encrypted": ({"kmsMasterKeyId": GONE},),
    "volume-encrypted": ({"encrypted": GONE},),
}


def changed(inputs: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of inputs with changes; maps and lists on the way are made where they are not there."""
    result = copy.deepcopy(dict(inputs))
    for path, value in changes.items():
        *way, last = [int(part[1:-1]) if part[0] == "[" else part for part in re.findall(r"[^.\[]+|\[\d+\]", path)]
        at: Any = result
        for part, following in zip(way, [*way, last][1:], strict=True):
            if not _has(at, part):
                _put(at, part, [] if isinstance(following, int) else {})
            at = at[part]
        if value is not GONE:
            _put(at, last, value)
        elif _has(at, last):
            del at[last]
    return result


def _has(at: Any, part: int | str) -> bool:
    return part < len(at) if isinstance(part, int) else part in at


def _put(at: Any, part: int | str, value: Any) -> None:
    if isinstance(part, int) and part == len(at):
        at.append(value)
    else:
        at[part] = value
