"""What holds data: Aurora and its proxy, caches, buckets, queues, and the copies of all of it elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.capacity.connections import SERVERLESS
from infra.thresholds import BACKUP_DAYS
from ops.cost import usage
from ops.cost.around import Around, CannotPriceError, PricedAmount, Rule, hours, known
from ops.cost.span import NOTHING, CostSpan, exactly, total

CLUSTER = "aws:rds/cluster:Cluster"
INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
READERS = "aws:appautoscaling/target:Target"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
GLOBAL_CACHE = "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup"
BUCKET = "aws:s3/bucket:Bucket"
QUEUE = "aws:sqs/queue:Queue"
GROUP = "aws:autoscaling/group:Group"
_READER_DIMENSION = "rds:cluster:ReadReplicaCount"
_LEAST_PROXY_ACU = 8  # AWS RDS Proxy pricing: what is billed at least for Aurora Serverless v2
_LEAST_PROXY_CPU = 2  # AWS RDS Proxy pricing: what is billed at least for provisioned instances
_LONG_POLLS = 730 * 3600 / 20  # receives a month of one worker that waits 20 s each on an empty queue
_NODE_GIB = {"m": 6.38, "r": 13.07}  # AWS ElastiCache: memory of a .large node
_NODE_SIZES = {"large": 1, "xlarge": 2, "2xlarge": 4, "4xlarge": 8, "8xlarge": 16, "12xlarge": 24, "16xlarge": 32}
_CPUS = {"medium": 2, "large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32}


def cluster(around: Around) -> Iterator[PricedAmount]:
    """An Aurora cluster: storage, I/O and backups. Its instances are priced on their own."""
    # Each cluster holds the data of all users, whichever region they use.
    stored = around.usage.per_user(usage.DATABASE_GB) * len(around.regions)
    if not around.inputs.get("storageType"):
        yield PricedAmount("aurora.io", around.usage.per_request(usage.DATABASE_IO) * 1e-6)
    yield PricedAmount("aurora.storage", stored)
    days = float(around.inputs.get("backupRetentionPeriod") or 1)
    share = usage.BACKUP_SHARE.span * (days / BACKUP_DAYS.value)
    yield PricedAmount("aurora.backup", stored * share if days > 1 else NOTHING)
    yield PricedAmount("transfer.zone-gb", around.usage.gigabytes(usage.ZONE_KB) * 2, "between zones, both ways")


def copies(around: Around) -> Iterator[PricedAmount]:
    """Copies of a cluster's snapshots, once a day. What another account keeps is on its own bill.

    Each is a full copy: Amazon Aurora User Guide, "DB cluster snapshot copying", full copies.
    """
    stored = around.usage.per_user(usage.DATABASE_GB) * len(around.regions)
    actions = [one for rule in around.inputs.get("rules") or () for one in rule.get("copyActions") or ()]
    for action in actions:
        # Another account's vault is in this region. The stack's own is in another one, or has no ARN yet.
        vault = action["destinationVaultArn"]
        if isinstance(vault, str) and vault.split(":")[3] == around.region:
            yield PricedAmount("aurora.backup", NOTHING, "copies, on the other account's bill")
            continue
        yield PricedAmount(
            "aurora.backup", stored * float(action["lifecycle"]["deleteAfter"]), "copies, each a whole one"
        )
        yield PricedAmount("transfer.region-gb", stored * usage.MONTH_DAYS, "a whole copy each day")


def instance(around: Around) -> Iterator[PricedAmount]:
    """One instance of an Aurora cluster: capacity units between its bounds, or a class by the hour."""
    class_ = str(known(around.inputs.get("instanceClass"), "the instance class"))
    if class_ == SERVERLESS:
        # By its role, which its name ends in: a reader may have a number.
        role = "writer" if around.resource.name.endswith("-writer") else "reader"
        yield PricedAmount("aurora.acu-hour", hours(_units(around, role)))
    else:
        yield PricedAmount(f"aurora.{_class_key(class_)}", hours())


def readers(around: Around) -> Iterator[PricedAmount]:
    """Readers that autoscaling adds to the ones declared."""
    if around.inputs.get("scalableDimension") != _READER_DIMENSION:
        raise CannotPriceError(f"no rule for scaling of {around.inputs.get('scalableDimension')}")
    instances = around.beside(INSTANCE) or around.here(INSTANCE)
    more = _added(around, len(instances))
    class_ = str(instances[0].inputs["instanceClass"]) if instances else SERVERLESS
    if class_ == SERVERLESS:
        yield PricedAmount("aurora.acu-hour", hours(more * _units(around, "added")), "added readers")
    else:
        yield PricedAmount(f"aurora.{_class_key(class_)}", hours(more), "added readers")


def _added(around: Around, declared: int) -> CostSpan:
    """Readers beyond the declared ones. A target's bounds count all readers, and the writer is none."""
    standing = max(declared - 1, 0)
    added = [
        around.scaled("readers", "", CostSpan(float(one.inputs["minCapacity"]), float(one.inputs["maxCapacity"])))
        + exactly(-standing)
        for one in around.here(READERS)
        if one.inputs.get("scalableDimension") == _READER_DIMENSION
    ]
    return total(added).at_least(0)


def _units(around: Around, role: str) -> CostSpan:
    for one in around.beside(CLUSTER) or around.here(CLUSTER):
        scaling = one.inputs.get("serverlessv2ScalingConfiguration")
        if scaling:
            bounds = CostSpan(float(scaling["minCapacity"]), float(scaling["maxCapacity"]))
            return around.scaled("acus", role, bounds)
    raise CannotPriceError("its cluster states no capacity")


def proxy(around: Around) -> Iterator[PricedAmount]:
    """RDS Proxy, which is billed by the capacity of the database behind it."""
    classes = [str(one.inputs.get("instanceClass")) for one in around.here(INSTANCE)]
    count = exactly(len(classes)) + _added(around, len(classes))
    if SERVERLESS in classes:
        yield PricedAmount("rds-proxy.acu-hour", hours((count * _units(around, "reader")).at_least(_LEAST_PROXY_ACU)))
    elif classes:
        cpus = _CPUS[classes[0].rpartition(".")[2]]
        yield PricedAmount("rds-proxy.vcpu-hour", hours((count * cpus).at_least(_LEAST_PROXY_CPU)))


def proxy_endpoint(around: Around) -> Iterator[PricedAmount]:
    """A further endpoint of RDS Proxy, which is a PrivateLink endpoint."""
    yield PricedAmount("vpc.endpoint-hour", hours(len(around.inputs.get("vpcSubnetIds") or ())), "further endpoint")


def _class_key(class_: str) -> str:
    return f"db.{class_.removeprefix('db.')}"


def world_database(around: Around) -> Iterator[PricedAmount]:
    """An Aurora global database: writes replicated to each other region, and their transfer."""
    others = max(len(around.everywhere(CLUSTER)) - 1, 0)
    writes = around.usage.per_request(usage.WRITES) * len(around.regions) * others
    yield PricedAmount("aurora.replicated-io", writes * 1e-6)
    yield PricedAmount("transfer.region-gb", writes * usage.REPLICA_KB.span * 1e-6, "replication")


def cache(around: Around) -> Iterator[PricedAmount]:
    """A replication group: its nodes, and snapshots beyond the one that costs nothing."""
    type_ = str(known(_node_type(around), "the node type")).removeprefix("cache.")
    shards = float(around.inputs.get("numNodeGroups") or 1)
    replicas = around.inputs.get("replicasPerNodeGroup")
    nodes = float(around.inputs.get("numCacheClusters") or shards * (float(replicas or 0) + 1))
    yield PricedAmount(f"elasticache.{'valkey.' if _valkey(around) else ''}{type_}", hours(nodes))
    family, _, size = type_.partition(".")
    memory = _NODE_GIB[family[0]] * _NODE_SIZES[size] * shards
    snapshots = max(float(around.inputs.get("snapshotRetentionLimit") or 0) - 1, 0)
    yield PricedAmount("elasticache.backup", CostSpan(0, memory * snapshots))


def _node_type(around: Around) -> Any:
    """Its own node type, or that of the Global Datastore it belongs to."""
    groups = [around.resource, *around.everywhere(CACHE)]
    own = [one.inputs.get("nodeType") for one in groups]
    world = [one.inputs.get("cacheNodeType") for one in around.everywhere(GLOBAL_CACHE)]
    return next((one for one in (own[0], *world, *own) if isinstance(one, str)), None)


def _valkey(around: Around) -> bool:
    """Whether its engine is Valkey: its own, or that of the Global Datastore it belongs to."""
    groups = [around.resource, *around.everywhere(CACHE)]
    return next((one.inputs["engine"] for one in groups if "engine" in one.inputs), "redis") == "valkey"


def world_cache(around: Around) -> Iterator[PricedAmount]:
    """A Global Datastore: transfer of writes to each other region. The datastore itself costs nothing."""
    others = max(len(around.everywhere(CACHE)) - 1, 0)
    written = around.usage.gigabytes(usage.CACHE_WRITES_KB) * len(around.regions)
    yield PricedAmount("transfer.region-gb", written * others, "replication")


def bucket(around: Around) -> Iterator[PricedAmount]:
    """A bucket: access logs where it holds logs, else its share of the objects that users keep."""
    if around.kind("LogBucket"):
        yield PricedAmount("s3.storage", around.usage.gigabytes(usage.FLOW_LOG_KB) * 3, "three months of logs")
        yield PricedAmount("s3.put", CostSpan(1, 10) * 8.64, "a log file every five minutes and node")
        return
    share = 1 / max(len(around.beside(BUCKET)), 1)
    requests = around.usage.per_request(usage.OBJECT_REQUESTS) * (share / 1000)
    yield PricedAmount("s3.storage", around.usage.per_user(usage.OBJECT_GB) * share)
    yield PricedAmount("s3.get", requests)
    yield PricedAmount("s3.put", requests * usage.WRITES.span)


def bucket_copies(around: Around) -> Iterator[PricedAmount]:
    """Replication of a bucket: transfer of new objects to each other region, with time control if configured."""
    rules = around.inputs.get("rules") or []
    share = len(rules) / max(len(around.beside(around.resource.type)), 1)
    moved = around.usage.per_user(usage.OBJECT_GB) * (share / usage.MONTHS_KEPT)
    yield PricedAmount("transfer.region-gb", moved, "replication")
    timed = [one for one in rules if (one.get("destination") or {}).get("replicationTime")]
    if timed:
        yield PricedAmount("s3.replication-time", moved)
        yield PricedAmount("cloudwatch.metric", exactly(3 * len(timed)), "replication metrics")


def repository(around: Around) -> Iterator[PricedAmount]:
    """A repository of container images."""
    del around
    yield PricedAmount("ecr.storage", usage.IMAGE_GB.span)


def queue(around: Around) -> Iterator[PricedAmount]:
    """A queue: its messages, and the empty receives of workers that wait. A dead-letter queue has no consumer."""
    working = [one for one in around.beside(QUEUE) if one.inputs.get("redrivePolicy")]
    if around.resource not in working:
        yield PricedAmount("sqs.request", NOTHING)
        return
    workers = [one.inputs for one in around.here(GROUP) if "Workers" in around.world.components(one)]
    sizes = [CostSpan(float(one["minSize"]), float(one["maxSize"])) for one in workers]
    polls = total(around.scaled("workers", "", size) * _LONG_POLLS for size in sizes)
    sent = around.usage.per_user(usage.MESSAGES) * usage.MESSAGE_REQUESTS.span * (1 / len(working))
    yield PricedAmount("sqs.request", (CostSpan(0, sent.high) + polls) * 1e-6)


RULES: dict[str, Rule] = {
    CLUSTER: cluster,
    INSTANCE: instance,
    "aws:backup/plan:Plan": copies,
    READERS: readers,
    "aws:rds/proxy:Proxy": proxy,
    "aws:rds/proxyEndpoint:ProxyEndpoint": proxy_endpoint,
    "aws:rds/globalCluster:GlobalCluster": world_database,
    CACHE: cache,
    GLOBAL_CACHE: world_cache,
    BUCKET: bucket,
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": bucket_copies,
    QUEUE: queue,
    "aws:ecr/repository:Repository": repository,
}
FREE = {
    "aws:backup/selection:Selection": "settings",
    "aws:backup/vault:Vault": "what is in it is priced with the plan that puts it there",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "settings",
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": "settings; what it copies is small",
    "aws:appautoscaling/policy:Policy": "scaling policies cost nothing",
    "aws:elasticache/parameterGroup:ParameterGroup": "settings",
    "aws:elasticache/subnetGroup:SubnetGroup": "settings",
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": "settings",
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": "part of the proxy",
    "aws:rds/proxyTarget:ProxyTarget": "part of the proxy",
    "aws:rds/subnetGroup:SubnetGroup": "settings",
    "aws:sqs/queuePolicy:QueuePolicy": "settings",
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": "settings",
    **{
        f"aws:s3/{name[0].lower()}{name[1:]}:{name}": "settings of a bucket"
        for name in (
            "BucketCorsConfiguration",
            "BucketLifecycleConfiguration",
            "BucketOwnershipControls",
            "BucketPolicy",
            "BucketPublicAccessBlock",
            "BucketServerSideEncryptionConfiguration",
            "BucketVersioning",
        )
    },
}
