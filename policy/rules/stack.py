"""Policies of a whole stack: what its stage has to have, and what belongs together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from policy.model import Facts, Resource, StackRule, having, hidden

_DNS = "cloudflare:index/dnsRecord:DnsRecord"
_BALANCED = "cloudflare:index/loadBalancer:LoadBalancer"
_NAT = "aws:ec2/natGateway:NatGateway"
_CLUSTER = "aws:rds/cluster:Cluster"
_INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
_PROXY = "aws:rds/proxy:Proxy"
_BUCKET = "aws:s3/bucket:Bucket"
_VPC = "aws:ec2/vpc:Vpc"
_FLOW = "aws:ec2/flowLog:FlowLog"
_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_QUEUE = "aws:sqs/queue:Queue"
_GROUP = "aws:autoscaling/group:Group"
_ZONES = 3
Found = Iterator[tuple[str, str]]

# Types whose data is gone with the resource.
_PRECIOUS = (
    _CLUSTER,
    "aws:ec2/eip:Eip",
    "aws:kms/key:Key",
    _BUCKET,
    "aws:secretsmanager/secret:Secret",
    _QUEUE,
    _VPC,
)
# Parts of a bucket: each has to be there for every bucket, and is found by its name.
_BUCKET_PARTS = (
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
)


def _of(resources: Iterable[Resource], *types: str) -> list[Resource]:
    return [one for one in resources if one.type in types]


def _protects(resources: Sequence[Resource], facts: Facts) -> Found:
    for one in _of(resources, *_PRECIOUS):
        if facts.keeps(one.region) and not one.protect:
            yield one.urn, "it is not protected: a change of its name, or of a condition, would delete it"


def _bucket_complete(resources: Sequence[Resource], facts: Facts) -> Found:
    del facts
    present = {(one.type, one.name) for one in resources}
    for bucket in _of(resources, _BUCKET):
        for part in _BUCKET_PARTS:
            if (part, bucket.name) not in present:
                yield bucket.urn, f"it has no {part.rpartition(':')[2]}"


def _vpc_logged(resources: Sequence[Resource], facts: Facts) -> Found:
    del facts
    logged = {one.region for one in _of(resources, _FLOW)}
    for vpc in _of(resources, _VPC):
        if vpc.region not in logged:
            yield vpc.urn, "nothing logs what flows in it"


def _egress_per_zone(resources: Sequence[Resource], facts: Facts) -> Found:
    del facts
    for vpc in _of(resources, _VPC):
        gateways = [one for one in _of(resources, _NAT) if one.region == vpc.region]
        if len(gateways) < _ZONES:
            yield vpc.urn, f"{len(gateways)} NAT gateways: the loss of a zone would cut the others off"


def _has_readers(resources: Sequence[Resource], facts: Facts) -> Found:
    for cluster in _of(resources, _CLUSTER):
        members = [one for one in _of(resources, _INSTANCE) if one.region == cluster.region]
        if len(members) < 2 and facts.has_original(cluster.region):
            yield cluster.urn, "one instance: there is nothing to fail over to"


def _pooled(resources: Sequence[Resource], facts: Facts) -> Found:
    if facts.on_ec2 and _of(resources, _CLUSTER) and not _of(resources, _PROXY):
        yield _of(resources, _CLUSTER)[0].urn, "instances connect past a pooler, and use up connections as they grow"


def _proxied(resources: Sequence[Resource], facts: Facts) -> Found:
    del facts
    names = [*_of(resources, _DNS), *_of(resources, _BALANCED)]
    if names and not any(one.inputs.get("proxied") is True for one in names):
        yield names[0].urn, "no name is proxied: requests bypass the CDN and its rules"


def _regions(resources: Sequence[Resource], facts: Facts) -> Found:
    balancers = _of(resources, _BALANCER)
    regions = {one.region for one in balancers}
    if balancers and len(regions) < len(facts.regions):
        yield balancers[0].urn, f"{len(regions)} of {len(facts.regions)} regions have a way in"


def _dead_letters(resources: Sequence[Resource], facts: Facts) -> Found:
    del facts
    queues = _of(resources, _QUEUE)
    dead = [one for one in queues if one.inputs.get("redrivePolicy") is None]
    # A queue that no other queue redrives to takes undelivered events of schedules and rules, and is an end by itself.
    ends = [one for one in dead if "denyAll" in str(one.inputs.get("redriveAllowPolicy"))]
    if (len(dead) - len(ends)) * 2 > len(queues) - len(ends):
        yield dead[0].urn, "more queues without than with a dead-letter queue: a bad message is retried for ever"


def _spot_is_not_all(resources: Sequence[Resource], facts: Facts) -> Found:
    del facts
    for group in _of(resources, _GROUP):
        mixed = group.inputs.get("mixedInstancesPolicy")
        if not isinstance(mixed, dict) or hidden(mixed):
            continue
        shares = mixed.get("instancesDistribution") or {}
        least = group.inputs.get("minSize")
        if isinstance(least, int) and float(shares.get("onDemandBaseCapacity") or 0) < least:
            yield group.urn, "the minimum itself may be spot, and be taken away at once"


RULES = (
    StackRule(
        name="stack-protects-data",
        types=_PRECIOUS,
        severity="critical",
        reason="Nothing that holds data or identity may be deleted by a change of the program.",
        check=_protects,
    ),
    StackRule(
        name="stack-buckets-complete",
        types=(_BUCKET,),
        severity="high",
        reason="A bucket's safety is in resources beside it, and one left out is not seen on the bucket.",
        frameworks=("FSBP:S3.1", "FSBP:S3.5", "FSBP:S3.12", "FSBP:S3.17"),
        check=_bucket_complete,
    ),
    StackRule(
        name="stack-networks-logged",
        types=(_VPC,),
        severity="medium",
        reason="After an incident, the flows have to be known.",
        frameworks=("FSBP:EC2.6", "CIS-AWS-3.0:3.7"),
        check=_vpc_logged,
    ),
    StackRule(
        name="stack-egress-per-zone",
        types=(_NAT,),
        severity="high",
        reason="From the stage with zonal egress on, the loss of a zone must not cut the others off.",
        check=_egress_per_zone,
        when=having("zonal-egress"),
    ),
    StackRule(
        name="stack-failover-target",
        types=(_INSTANCE,),
        severity="high",
        reason="From the stage with readers on, a lost writer is replaced within a minute, not ten.",
        frameworks=("FSBP:RDS.15",),
        check=_has_readers,
        when=having("readers"),
    ),
    StackRule(
        name="stack-pooled",
        types=(_PROXY,),
        severity="high",
        reason="From the stage with pooling on, connections do not grow with instances.",
        check=_pooled,
        when=having("pooling"),
    ),
    StackRule(
        name="stack-behind-cdn",
        types=(_DNS,),
        severity="high",
        reason="From the stage with the CDN on, rate limits and the WAF must see every request.",
        check=_proxied,
        when=having("proxied-dns"),
    ),
    StackRule(
        name="stack-in-every-region",
        types=(_BALANCER,),
        severity="high",
        reason="From the global stage on, each region that the stack lists serves users.",
        check=_regions,
        when=having("regional-replicas"),
    ),
    StackRule(
        name="stack-dead-letters",
        types=(_QUEUE,),
        severity="medium",
        reason="A message that can never be processed has to end in a queue, where it can be looked at.",
        check=_dead_letters,
    ),
    StackRule(
        name="stack-spot-above-minimum",
        types=(_GROUP,),
        severity="high",
        reason="AWS takes spot back with two minutes' notice, many at once.",
        check=_spot_is_not_all,
    ),
)
