"""What the drawing of a stack shows, in words: from its settings and from what it renders to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from infra.capacity.connections import SERVERLESS
from infra.config.models.domain import Dns
from infra.config.settings import Settings
from infra.regions import REGIONS
from infra.stages import Capability
from infra.thresholds import POOLER_PODS
from ops.console import many
from ops.engine.recorder import Recorded

# A box: its first line, and smaller ones below.
Lines = Sequence[str]
_KINDS = {
    "buckets": "aws:s3/bucket:Bucket",
    "secrets": "aws:secretsmanager/secret:Secret",
    "keys": "aws:kms/key:Key",
    "schedules": "aws:scheduler/schedule:Schedule",
    "cron jobs": "kubernetes:batch/v1:CronJob",
    "queues": "aws:sqs/queue:Queue",
    "alarms": "aws:cloudwatch/metricAlarm:MetricAlarm",
    "composites": "aws:cloudwatch/compositeAlarm:CompositeAlarm",
    "dashboards": "aws:cloudwatch/dashboard:Dashboard",
    "topics": "aws:sns/topic:Topic",
    "budgets": "aws:budgets/budget:Budget",
    "gateways": "aws:ec2/natGateway:NatGateway",
    "roles": "aws:iam/role:Role",
    "endpoints": "aws:ec2/vpcEndpoint:VpcEndpoint",
    "instances": "aws:rds/clusterInstance:ClusterInstance",
}
_DNS = {Dns.CLOUDFLARE: "at Cloudflare", Dns.ROUTE53: "at Route 53", Dns.EXTERNAL: "yours"}
# What of the database answers requests.
_ASKED = ("Aurora writer", "Aurora replica", "Readers")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """The parts of a stack, from where visitors come in to where data is kept.

    title: of the drawing. home: name of the home region. stage: number.
    edge: what is in front of the load balancer: the name, or Cloudflare.
    outside: the check from there.
    gateways, balancer: in public subnets. workload, poolers: in private ones; of both runtimes, instances come first,
        and an empty box holds the place of what only one of them has.
    proxies, data, cache: in data subnets; cache is empty where there is none.
    asked: which of `data` is asked by requests, by place.
    beside: what is in the region without being in its network.
    away: the other regions in use. copied: what these are, in words.
    hosted: what others host in place of the stack.
    """

    title: str
    home: str
    stage: int
    edge: Lines
    outside: Lines
    gateways: Sequence[str]
    balancer: Lines
    zones: Sequence[str]
    workload: Sequence[Lines]
    poolers: Sequence[Lines]
    proxies: Sequence[Lines]
    data: Sequence[Lines]
    asked: Sequence[int]
    cache: Lines
    beside: Sequence[Lines]
    away: Sequence[Lines]
    copied: str
    hosted: Sequence[Lines]

    @property
    def description(self) -> str:
        """The way of a request, and what is beside it, as sentences."""
        way = [self.edge, self.balancer, *self.workload, *self.poolers, *self.proxies, *self.data, self.cache]
        parts = {
            "From visitors to the data": [", ".join(lines) for lines in way if lines],
            "Beside them": [lines[0] for lines in self.beside],
            "Hosted elsewhere": [lines[0] for lines in self.hosted],
            "Other regions": [", ".join(lines) for lines in self.away],
        }
        return ". ".join(f"{name}: {'; '.join(texts)}" for name, texts in parts.items() if texts) + "."


def scene(settings: Settings, resources: Iterable[Recorded]) -> Scene:
    """The parts of a stack. What is counted is counted in its home region, and what is in none."""
    home = settings.home
    by_type = Counter(one.type for one in resources if one.location in (home, None))
    count = {name: by_type[type_] for name, type_ in _KINDS.items()}
    zones, data = REGIONS[home].zones, _data(settings, count["instances"])
    return Scene(
        title=f"A stack at stage {settings.stage} ({settings.row.name})",
        home=f"{home}, lost" if home == settings.unreachable else home,
        stage=settings.stage,
        edge=_edge(settings),
        outside=["A check from outside", "the host, once a minute"],
        gateways=zones[: count["gateways"]],
        balancer=_balancer(settings),
        zones=zones,
        workload=_workload(settings),
        poolers=_poolers(settings),
        proxies=_proxies(settings),
        data=data,
        asked=[place for place, lines in enumerate(data) if lines[0] in _ASKED],
        cache=_cache(settings),
        beside=_beside(settings, count),
        away=[_away(settings, region) for region in settings.active_regions if region != home],
        copied="Database, cache and buckets are copied to:" if settings.writing_region == home else "Other regions:",
        hosted=_hosted(settings),
    )


def _edge(settings: Settings) -> Lines:
    if settings.row.has(Capability.EDGE_RULES):
        more = ["steers by region"] if settings.row.has(Capability.GLOBAL_TRAFFIC) else []
        return ["Cloudflare", "cache, firewall, limits", *more]
    return ["DNS record", _DNS[settings.domain.dns]]


def _balancer(settings: Settings) -> Lines:
    colors = [(name, one.weight) for name, one in settings.rollout.colors.items() if one.image is not None]
    split = ", ".join(f"{name} {weight} %" for name, weight in colors)
    if not (settings.runtime.on_ec2 and settings.runtime.on_kubernetes):
        return ["Load balancer", split]
    pods = settings.rollout.kubernetes_share
    return ["Load balancer", f"{split}; instances {100 - pods} %, pods {pods} %"]


def _workload(settings: Settings) -> list[Lines]:
    sizes, found = settings.sizes, list[Lines]()
    if settings.runtime.on_ec2:
        fleet = sizes.fleet
        kinds = fleet.instance_types[0] + (" and like" if len(fleet.instance_types) > 1 else "")
        pool = ", a warm pool" if settings.row.has(Capability.WARM_POOL) else ""
        found.append([f"{fleet.minimum} to {fleet.maximum} instances", f"{kinds}{pool}"])
    if settings.runtime.on_kubernetes:
        of = "EKS" if settings.makes_clusters else "your cluster"
        found.append(
            [
                f"{sizes.hpa.minimum} to {sizes.hpa.maximum} pods",
                f"{of}, {sizes.pods.cpu:g} vCPU, {sizes.pods.memory} MiB",
            ]
        )
    return found


def _poolers(settings: Settings) -> list[Lines]:
    if not (settings.pooled and settings.runtime.on_kubernetes):
        return []
    pooler: Lines = ["PgBouncer", f"{POOLER_PODS.value} pods in the cluster"]
    return [[], pooler] if settings.runtime.on_ec2 else [pooler]


def _proxies(settings: Settings) -> list[Lines]:
    if not (settings.pooled and settings.runtime.on_ec2) or settings.external_database is not None:
        return []
    proxy: Lines = ["RDS Proxy", "writes, and reads apart" if settings.sizes.readers else "shares connections"]
    return [proxy, []] if settings.runtime.on_kubernetes else [proxy]


def _data(settings: Settings, instances: int) -> Sequence[Lines]:
    if settings.external_database is not None:
        return []
    size, readers = settings.sizes.database, settings.sizes.readers
    serverless = size.instance_class == SERVERLESS
    each = f"{size.min_acu:g} to {size.max_acu:g} ACUs" if serverless else size.instance_class.removeprefix("db.")
    at_home = settings.writing_region == settings.home
    writer: Lines = ["Aurora writer", each] if at_home else ["Aurora replica", f"writes: {settings.writing_region}"]
    copies: Lines = ["Six copies", "in three zones"]
    if readers is not None:
        return [["Readers", f"{readers.minimum} to {readers.maximum}, by load"], writer, copies]
    return [["Failover", "second instance"], writer, copies] if instances > 1 else [copies, writer]


def _cache(settings: Settings) -> Lines:
    size = settings.sizes.cache
    if size is None or settings.external_cache is not None:
        return []
    if size.in_cluster:
        return ["Redis", "with sentinels, in the cluster"]
    engine = "Redis" if settings.cache.engine == "redis" else "Valkey"
    return [f"{engine}, {size.nodes} nodes", size.node_type]


def _hosted(settings: Settings) -> list[Lines]:
    cached = settings.sizes.cache is not None and settings.external_cache is not None
    found: list[Lines] = [["PostgreSQL", "the database"]] if settings.external_database is not None else []
    return [*found, ["Redis", "the cache"]] if cached else found


def _beside(settings: Settings, count: dict[str, int]) -> list[Lines]:
    jobs = count["schedules"] + count["cron jobs"]
    where = "as pods" if count["cron jobs"] else "as Fargate tasks"
    workers = settings.sizes.workers
    rows: list[Lines] = [
        [many(count["buckets"], "bucket"), "encrypted, not public"],
        [f"{many(count['secrets'], 'secret')}, {many(count['keys'], 'key')}", "made and kept there"],
        [f"{many(count['roles'], 'role')}, {many(count['endpoints'], 'endpoint')}", "each role for one task"],
    ]
    if jobs:
        rows.append([f"{many(jobs, 'job')} by schedule", where])
    if workers is not None:
        rows.append([many(count["queues"], "queue"), f"{workers.minimum} to {workers.maximum} workers"])
    joined = f"{many(count['composites'], 'composite')}, {many(count['dashboards'], 'dashboard')}"
    return [
        *rows,
        [many(count["alarms"], "alarm"), joined],
        [f"{many(count['topics'], 'topic')}, {many(count['budgets'], 'budget')}", "now, or by day"],
    ]


def _away(settings: Settings, region: str) -> Lines:
    if region == settings.unreachable:
        return [region, "lost", "not called, no traffic"]
    there = "at home" if settings.writing_region == settings.home else f"in {settings.writing_region}"
    role = "takes the writes" if region == settings.writing_region else f"reads here, writes {there}"
    if region in settings.drained:
        role = "drained: no traffic"
    standby = "a standby" if region in settings.standby_regions else "no standby"
    runs = " and ".join(
        name
        for name, on in {"instances": settings.runtime.on_ec2, "pods": settings.runtime.on_kubernetes}.items()
        if on
    )
    return [region, role, f"its own balancer, {runs}; {standby}"]
