"""What gets alarms: turns the resources of a region into subjects of the alarm table. A new kind of resource is one
more function here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pulumi

from infra.alarms.model import PERCENT, SECONDS_A_MINUTE, SLOW_PERIOD, Kind
from infra.alarms.subject import Subject
from infra.capacity.connections import CLASSES
from infra.components.compute.load_balancer import LoadBalancer, Target
from infra.components.compute.queues import Queues
from infra.components.data.cache import Cache
from infra.components.data.database import Database
from infra.components.data.proxy import Proxy
from infra.config.settings import Settings
from infra.stages import STAGES, Capability
from infra.thresholds import ACU_BYTES, AURORA_VOLUME, QUIET_SHARE, REQUESTS_PER_USER, VISITS_SHARE
from infra.wiring.networks import RegionNetwork
from infra.wiring.region_context import RegionContext


def of_balancer(region: RegionContext, balancer: LoadBalancer) -> Subject:
    """A region's load balancer; without a CDN in front, its outgoing traffic gets an alarm too."""
    egress = () if region.has(Capability.PROXIED_DNS) else (Kind.EGRESS,)
    return Subject(
        kinds=(Kind.BALANCER, *egress),
        name=f"{region.base}-balancer",
        dimensions={"LoadBalancer": balancer.arn_suffix},
    )


def of_visitors(region: RegionContext, balancer: LoadBalancer, serving: pulumi.Input[str]) -> Iterable[Subject]:
    """A region's load balancer, for the alarm about missing visitors. Known once the region is known to be `serving`.

    A stack enters a stage when it has more users than the stage below is made for, and some of them visit at every
    hour. The first stage has no stage below: a night without a visitor looks the same as an outage.
    """
    settings = region.settings
    has_own_visitors = region.is_home or _steered(settings)
    if settings.stage == 1 or not region.has_visitors or not has_own_visitors:
        return
    yield Subject(
        kinds=(Kind.VISITED,),
        name=f"{region.base}-visitors",
        dimensions={"LoadBalancer": pulumi.Output.all(balancer.arn_suffix, serving).apply(lambda both: str(both[0]))},
        limits={"visits": visits(settings)},
    )


def visits(settings: Settings) -> float:
    """Requests of a region in the quietest hours, in one period of the alarm about missing visitors."""
    # Visitors of an unreachable region come to the others: the limit stays, and they only exceed it further.
    regions = len(settings.active_regions) if _steered(settings) else 1
    minutes = SLOW_PERIOD.value / SECONDS_A_MINUTE
    users = STAGES[settings.stage - 1].users / regions
    # The synthetic check comes once a minute, and is no visitor. The alarm takes a share of all requests, so its checks
    # are scaled up to count in full. One more falls into a period that begins between two, and EventBridge may send one
    # twice (its FAQ: at least once).
    checks = (minutes + 2) * PERCENT / VISITS_SHARE.value
    return users * REQUESTS_PER_USER.value * QUIET_SHARE.value / PERCENT * minutes + checks


def _steered(settings: Settings) -> bool:
    return settings.row.has(Capability.GLOBAL_TRAFFIC) and settings.domain.zone_id is not None


def of_targets(region: RegionContext, balancer: LoadBalancer, targets: Mapping[str, Target]) -> dict[str, Subject]:
    """The target groups, by name; those with a weight also get the alarms about serving."""
    return {
        target: Subject(
            kinds=(Kind.TARGETS, Kind.SERVING) if one.weight else (Kind.TARGETS,),
            name=f"{region.base}-{target}",
            dimensions={
                "LoadBalancer": balancer.arn_suffix,
                "TargetGroup": balancer.target_groups[target].arn_suffix,
            },
        )
        for target, one in targets.items()
    }


def of_instances(
    region: RegionContext, groups: Mapping[str, pulumi.Output[str]], log_group: pulumi.Input[str]
) -> Iterable[Subject]:
    """A region's autoscaling groups by name, and the log group of their instances, where it has instances."""
    for fleet, group in groups.items():
        yield Subject(kinds=(Kind.FLEET,), name=fleet, dimensions={"AutoScalingGroupName": group})
    if region.runtime.on_ec2:
        yield Subject(kinds=(Kind.APPLICATION, Kind.INSTANCE_LOG), name=f"{region.base}-app", log_group=log_group)


def of_certificate(region: RegionContext, certificate: pulumi.Input[str]) -> Subject:
    """A region's certificate, by its ARN."""
    return Subject(
        kinds=(Kind.CERTIFICATE,), name=f"{region.base}-certificate", dimensions={"CertificateArn": certificate}
    )


def of_nat_gateways(network: RegionNetwork) -> Iterable[Subject]:
    """The NAT gateways of a network."""
    for nat, identifier in network.nat_ids.items():
        yield Subject(kinds=(Kind.NAT,), name=nat, dimensions={"NatGatewayId": identifier})


def of_pods(name: str, cluster: str, namespace: str, deployment: str, maximum: int) -> Subject:
    """The pods of a Deployment; `maximum` is that of its autoscaler."""
    return Subject(
        kinds=(Kind.PODS,),
        name=name,
        # In Container Insights, the name of all pods of a Deployment is that of the Deployment.
        dimensions={"ClusterName": cluster, "Namespace": namespace, "PodName": deployment},
        limits={"replicas": maximum},
    )


def of_pod_logs(name: str, log_group: pulumi.Input[str]) -> Subject:
    """The log group of the pods."""
    return Subject(kinds=(Kind.APPLICATION, Kind.POD_LOG), name=name, log_group=log_group)


def of_database(region: RegionContext, database: Database, proxy: Proxy | None) -> Iterable[Subject]:
    """A region's database: writer, readers, log group, and RDS Proxy."""
    settings = region.settings
    name, size = f"{region.base}-db", settings.sizes.database
    cluster = database.cluster_identifier
    if region.takes_writes:
        memory = CLASSES[size.instance_class]
        kinds = {
            Kind.DATABASE: True,
            Kind.SERVERLESS: memory is None,
            Kind.DIRECT: not region.has(Capability.POOLING),
            Kind.UNTUNED: not region.has(Capability.DATABASE_TUNING),
        }
        yield Subject(
            kinds=tuple(kind for kind, there in kinds.items() if there),
            name=name,
            dimensions={"DBClusterIdentifier": cluster, "Role": "WRITER"},
            limits={
                "connections": settings.connections.limit,
                "memory": (size.max_acu if memory is None else memory) * ACU_BYTES.value,
                "volume": AURORA_VOLUME.value,
            },
        )
    if region.has(Capability.READERS):
        # In a replica region, all instances are readers.
        yield Subject(
            kinds=(Kind.READERS,) if region.takes_writes else (Kind.READERS, Kind.REPLICA),
            name=f"{name}-readers",
            dimensions={"DBClusterIdentifier": cluster, "Role": "READER"},
        )
    slow = Kind.SLOW_LOG if proxy is None else Kind.STATEMENTS
    yield Subject(
        kinds=(Kind.DATABASE_LOG, slow) if region.has(Capability.DATABASE_TUNING) else (Kind.DATABASE_LOG,),
        name=f"{name}-log",
        dimensions={} if proxy is None else {"ProxyName": proxy.proxy_name},
        log_group=database.log_group,
    )
    if proxy is not None:
        yield Subject(
            kinds=(Kind.PROXY,) if region.has(Capability.CACHE) else (Kind.PROXY, Kind.UNCACHED),
            name=f"{name}-pool",
            dimensions={"ProxyName": proxy.proxy_name},
        )


def of_cache(region: RegionContext, cache: Cache, *, replica: bool) -> Iterable[Subject]:
    """Each node of a region's cache. `replica`: whether it replicates the cache of another region."""
    kinds = (Kind.CACHE_NODE, Kind.CACHE_REPLICA) if replica else (Kind.CACHE_NODE,)
    for index, node in enumerate(cache.node_ids, start=1):
        yield Subject(kinds=kinds, name=f"{region.base}-cache-{index}", dimensions={"CacheClusterId": node})


def of_queues(region: RegionContext, queues: Queues) -> Iterable[Subject]:
    """Each queue, and its dead-letter queue."""
    name = f"{region.base}-jobs"
    for kind, queue in queues.names.items():
        yield Subject(kinds=(Kind.QUEUE,), name=f"{name}-{kind}", dimensions={"QueueName": queue})
    for kind, queue in queues.dead_names.items():
        yield Subject(kinds=(Kind.DEAD_QUEUE,), name=f"{name}-{kind}-dead", dimensions={"QueueName": queue})
