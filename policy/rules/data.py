"""Policies of databases, caches, buckets and queues."""

from __future__ import annotations

from policy.model import (
    Check,
    PolicyRule,
    Props,
    at_least,
    every,
    given,
    having,
    hidden,
    is_false,
    is_true,
    one_of,
    several,
    values,
    wants,
)
from policy.rules.documents import statements

_CLUSTER = "aws:rds/cluster:Cluster"
_INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
_CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
_QUEUE = "aws:sqs/queue:Queue"
_ZONES = 3
_BACKUP_DAYS = 7


def _forces_tls(props: Props) -> str | None:
    found = {str(one.get("name")): str(one.get("value")) for one in values(props, "parameters[*]") if one}
    return None if found.get("rds.force_ssl") == "1" else "rds.force_ssl is not 1"


def _several_fail_over(props: Props) -> str | None:
    nodes = props.get("numCacheClusters") or 1
    if props.get("globalReplicationGroupId") is None and int(nodes) < 2:
        return "a single node has no replica to fail over to"
    return every(is_true("automaticFailoverEnabled"), is_true("multiAzEnabled"))(props)


def _unless_global(check: Check) -> Check:
    """For properties that a secondary of a Global Datastore takes from its primary, and must not set itself."""
    return lambda props: None if props.get("globalReplicationGroupId") is not None else check(props)


def _global_nodes(props: Props) -> str | None:
    family = str(props.get("nodeType") or "").split(".")
    if len(family) > 1 and family[1].startswith("t"):
        return f"{props['nodeType']}: a Global Datastore takes no such node, and the move there would replace it"
    return None


def _denies_http(props: Props) -> str | None:
    found = statements(props.get("policy"))
    if found is None:
        return None
    denied = [
        one
        for one in found
        if one.get("Effect") == "Deny" and "aws:SecureTransport" in str(one.get("Condition", {}).get("Bool", {}))
    ]
    return None if denied else "no statement denies requests without TLS"


def _public(props: Props) -> str | None:
    for one in statements(props.get("policy")) or ():
        if one.get("Effect") == "Allow" and one.get("Principal") in ("*", {"AWS": "*"}) and not one.get("Condition"):
            return "a statement allows every principal, without a condition"
    return None


def _encrypted_queue(props: Props) -> str | None:
    if props.get("kmsMasterKeyId") is not None or props.get("sqsManagedSseEnabled") is True:
        return None
    return "neither sqsManagedSseEnabled nor kmsMasterKeyId is set"


def _expires(props: Props) -> str | None:
    rules = values(props, "rules[*]")
    ends = ("expiration", "noncurrentVersionExpiration", "abortIncompleteMultipartUpload")
    if any(hidden(one) or any(one.get(key) for key in ends) for one in rules if one):
        return None
    return "no rule ever deletes anything"


RULES = (
    PolicyRule(
        name="aurora-encrypted",
        types=(_CLUSTER,),
        severity="critical",
        reason="It holds what users entrusted, and encryption cannot be added later without a new cluster.",
        frameworks=("FSBP:RDS.27", "CIS-AWS-3.0:2.3.1"),
        # A member of a global database states it too, or AWS refuses its key.
        check=every(is_true("storageEncrypted"), given("kmsKeyId")),
    ),
    PolicyRule(
        name="aurora-deletion-protection",
        types=(_CLUSTER,),
        severity="critical",
        reason="Deleting it deletes its automated backups too.",
        frameworks=("FSBP:RDS.7",),
        check=is_true("deletionProtection"),
        guards=True,
    ),
    PolicyRule(
        name="aurora-backups",
        types=(_CLUSTER,),
        severity="critical",
        reason="A mistake is often noticed after the weekend.",
        check=at_least("backupRetentionPeriod", _BACKUP_DAYS),
        guards=True,
    ),
    PolicyRule(
        name="aurora-final-snapshot",
        types=(_CLUSTER,),
        severity="high",
        reason="The final snapshot is the last way to get the data back.",
        check=is_false("skipFinalSnapshot"),
        guards=True,
    ),
    PolicyRule(
        name="aurora-iam-authentication",
        types=(_CLUSTER,),
        severity="medium",
        reason="People can then log in with a token valid for minutes, instead of the application's password.",
        frameworks=("FSBP:RDS.12",),
        check=is_true("iamDatabaseAuthenticationEnabled"),
    ),
    PolicyRule(
        name="aurora-logs-exported",
        types=(_CLUSTER,),
        severity="medium",
        reason="Logs on an instance are deleted after days, or with the instance.",
        frameworks=("FSBP:RDS.37",),
        check=wants("enabledCloudwatchLogsExports", lambda value: "postgresql" in (value or ()), "with postgresql"),
    ),
    PolicyRule(
        name="aurora-tags-snapshots",
        types=(_CLUSTER,),
        severity="low",
        reason="A snapshot without tags has no owner and no cost center.",
        frameworks=("FSBP:RDS.16",),
        check=is_true("copyTagsToSnapshot"),
    ),
    PolicyRule(
        name="database-private",
        types=(_INSTANCE, "aws:rds/instance:Instance"),
        severity="critical",
        reason="A database that the internet can reach is attacked around the clock.",
        frameworks=("FSBP:RDS.2", "CIS-AWS-3.0:2.3.3"),
        check=is_false("publiclyAccessible"),
    ),
    # Types that Ascent does not use, but other stacks do.
    PolicyRule(
        name="database-encrypted",
        types=("aws:rds/instance:Instance", "aws:docdb/cluster:Cluster", "aws:neptune/cluster:Cluster"),
        severity="critical",
        reason="It holds what users entrusted, and encryption cannot be added later without a new one.",
        frameworks=("FSBP:RDS.3", "CIS-AWS-3.0:2.3.1"),
        check=is_true("storageEncrypted"),
    ),
    PolicyRule(
        name="volume-encrypted",
        types=("aws:ebs/volume:Volume", "aws:efs/fileSystem:FileSystem"),
        severity="critical",
        reason="A volume outlives its instance, and its snapshots outlive both.",
        frameworks=("FSBP:EC2.3", "FSBP:EFS.1", "CIS-AWS-3.0:2.4.1"),
        check=is_true("encrypted"),
    ),
    PolicyRule(
        name="database-insights",
        types=(_INSTANCE,),
        severity="low",
        reason="Last night's slow query is only known if it was recorded.",
        check=is_true("performanceInsightsEnabled"),
    ),
    PolicyRule(
        name="database-three-zones",
        types=("aws:rds/subnetGroup:SubnetGroup", "aws:elasticache/subnetGroup:SubnetGroup"),
        severity="high",
        reason="A database in one zone has no other zone to fail over to.",
        frameworks=("FSBP:RDS.15", "FSBP:ElastiCache.7"),
        check=several("subnetIds", _ZONES),
    ),
    PolicyRule(
        name="database-forces-tls",
        types=("aws:rds/clusterParameterGroup:ClusterParameterGroup",),
        severity="critical",
        reason="A client that forgot sslmode would send its password in the clear.",
        check=_forces_tls,
    ),
    PolicyRule(
        name="proxy-tls",
        types=("aws:rds/proxy:Proxy",),
        severity="critical",
        reason="To its clients, the proxy is the database.",
        check=is_true("requireTls"),
    ),
    PolicyRule(
        name="proxy-three-zones",
        types=("aws:rds/proxy:Proxy", "aws:rds/proxyEndpoint:ProxyEndpoint"),
        severity="high",
        reason="Every connection goes through it; it must outlive a zone.",
        check=several("vpcSubnetIds", _ZONES),
    ),
    PolicyRule(
        name="proxy-pool-bounded",
        types=("aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup",),
        severity="high",
        reason="A pool that may take every connection leaves none for jobs and operators.",
        check=wants(
            "connectionPoolConfig.maxConnectionsPercent",
            lambda value: isinstance(value, int | float) and 0 < value < 100,
            "set, and below 100",
        ),
    ),
    PolicyRule(
        name="cache-encrypted-at-rest",
        types=(_CACHE,),
        severity="high",
        reason="Sessions and profiles are in it, and it cannot be switched on later.",
        frameworks=("FSBP:ElastiCache.4",),
        check=_unless_global(is_true("atRestEncryptionEnabled")),
    ),
    PolicyRule(
        name="cache-encrypted-in-transit",
        types=(_CACHE,),
        severity="high",
        reason="The token goes over the same connection as the data.",
        frameworks=("FSBP:ElastiCache.5",),
        check=_unless_global(is_true("transitEncryptionEnabled")),
    ),
    PolicyRule(
        name="cache-token",
        types=(_CACHE,),
        severity="high",
        reason="Without one, every program in the network can read and write everything.",
        frameworks=("FSBP:ElastiCache.6",),
        check=given("authToken"),
    ),
    PolicyRule(
        name="cache-fails-over",
        types=(_CACHE,),
        severity="high",
        reason="A cache that is down sends its whole load to the database at once.",
        frameworks=("FSBP:ElastiCache.3",),
        check=_several_fail_over,
        when=having("cache"),
    ),
    PolicyRule(
        name="cache-snapshots",
        types=(_CACHE,),
        severity="medium",
        reason="After a mistake, a snapshot gives a warm start instead of a cold one.",
        frameworks=("FSBP:ElastiCache.1",),
        check=_unless_global(at_least("snapshotRetentionLimit", 1)),
    ),
    PolicyRule(
        name="cache-fit-for-global",
        types=(_CACHE,),
        severity="medium",
        reason="For a safe growth: what cannot be changed later has to be right from the start.",
        check=_global_nodes,
    ),
    PolicyRule(
        name="bucket-private",
        types=("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",),
        severity="critical",
        reason="Open buckets have caused many data leaks.",
        frameworks=("FSBP:S3.1", "FSBP:S3.8", "CIS-AWS-3.0:2.1.4"),
        check=every(
            is_true("blockPublicAcls"),
            is_true("blockPublicPolicy"),
            is_true("ignorePublicAcls"),
            is_true("restrictPublicBuckets"),
        ),
    ),
    PolicyRule(
        name="bucket-acl-private",
        types=("aws:s3/bucket:Bucket", "aws:s3/bucketAcl:BucketAcl"),
        severity="critical",
        reason="A public access list opens every object, whatever the bucket's policy says.",
        frameworks=("FSBP:S3.2", "FSBP:S3.3"),
        check=wants("acl", lambda value: "public" not in str(value), "a private one"),
    ),
    PolicyRule(
        name="bucket-owner-alone",
        types=("aws:s3/bucketOwnershipControls:BucketOwnershipControls",),
        severity="medium",
        reason="Access lists are a second, forgotten way to share.",
        frameworks=("FSBP:S3.12",),
        check=one_of("rule.objectOwnership", "BucketOwnerEnforced"),
    ),
    PolicyRule(
        name="bucket-encrypted",
        types=("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",),
        severity="high",
        reason="To read an object should take the key as well as the bucket.",
        frameworks=("FSBP:S3.17",),
        check=one_of("rules[*].applyServerSideEncryptionByDefault.sseAlgorithm", "aws:kms", "aws:kms:dsse", "AES256"),
    ),
    PolicyRule(
        name="bucket-versioned",
        types=("aws:s3/bucketVersioning:BucketVersioning",),
        severity="medium",
        reason="It can undo a deletion, and replication needs it.",
        frameworks=("FSBP:S3.14",),
        check=one_of("versioningConfiguration.status", "Enabled"),
    ),
    PolicyRule(
        name="bucket-kept",
        types=("aws:s3/bucket:Bucket",),
        severity="critical",
        reason="With forceDestroy, one wrong move deletes every object without a question.",
        check=is_false("forceDestroy"),
        guards=True,
    ),
    PolicyRule(
        name="bucket-expires",
        types=("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",),
        severity="low",
        reason="Old versions and unfinished uploads cost money, and no list shows them.",
        frameworks=("FSBP:S3.13",),
        check=_expires,
    ),
    PolicyRule(
        name="bucket-tls-only",
        types=("aws:s3/bucketPolicy:BucketPolicy",),
        severity="high",
        reason="S3 answers plain HTTP unless a policy denies it.",
        frameworks=("FSBP:S3.5", "CIS-AWS-3.0:2.1.1"),
        check=_denies_http,
    ),
    PolicyRule(
        name="policy-not-public",
        types=(
            "aws:s3/bucketPolicy:BucketPolicy",
            "aws:sqs/queuePolicy:QueuePolicy",
            "aws:sns/topicPolicy:TopicPolicy",
        ),
        severity="critical",
        reason="A policy that admits everyone undoes every other one.",
        frameworks=("FSBP:S3.8", "FSBP:SQS.3"),
        check=_public,
    ),
    PolicyRule(
        name="queue-encrypted",
        types=(_QUEUE,),
        severity="high",
        reason="Messages hold what users wrote.",
        frameworks=("FSBP:SQS.1",),
        check=_encrypted_queue,
    ),
    PolicyRule(
        name="queue-keeps",
        types=(_QUEUE,),
        severity="medium",
        reason="Messages that were not processed over a long weekend must still exist.",
        check=at_least("messageRetentionSeconds", 4 * 24 * 3600),
    ),
)
