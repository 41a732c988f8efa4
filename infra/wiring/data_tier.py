"""The data tier of all regions, and what the application gets to know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra import iam
from infra.alarms.subject import Subject
from infra.components.compute.queues import Queues, QueuesArgs
from infra.components.data.credentials import Credentials, CredentialsArgs
from infra.components.data.storage import Storage
from infra.config.settings import Settings
from infra.rotation import Turns
from infra.stages import Capability
from infra.thresholds import CACHE_TTLS, CONNECTIONS_PER_INSTANCE, POOL_PER_INSTANCE_MIN, UPLOAD_LIMIT
from infra.wiring.alarm_subjects import of_queues
from infra.wiring.buckets import buckets, may_use
from infra.wiring.cache_engine import ENGINE, NONE
from infra.wiring.caches import Caches, caches
from infra.wiring.database_users import User
from infra.wiring.databases import databases
from infra.wiring.endpoints import CACHE
from infra.wiring.engine_version import EngineVersion
from infra.wiring.networks import RegionNetwork
from infra.wiring.proxies import ProxyGate
from infra.wiring.region_context import RegionContext


@dataclass(frozen=True, kw_only=True)
class RegionData:
    """What the workload of one region gets from the data tier.

    secrets: secret environment variables of the application.
    environment: environment variables that are not secret.
    jobs: URL of the database for jobs and migrations, a secret output.
    poolers: users that PgBouncer in the cluster accepts; none for an external database.
    last_token: the previous password of Redis, while clients may still use it; else None.
    hosts: hosts of Aurora, by the name that PgBouncer gives the database; none for an external database.
    objects: IAM statements for access to the objects in the buckets.
    queues: the region's own queues; in a region that is no standby, those of the writing region.
    queue_arns: queues that it may send jobs to: those of all standby regions.
    subjects: what gets alarms in the region's data tier.
    """

    secrets: Mapping[str, pulumi.Output[str]]
    jobs: pulumi.Output[str]
    poolers: Sequence[User]
    last_token: pulumi.Output[str] | None
    environment: Mapping[str, pulumi.Input[str]]
    hosts: Mapping[str, pulumi.Input[str]]
    objects: Sequence[iam.Statement]
    queues: Queues
    queue_arns: Sequence[pulumi.Input[str]]
    subjects: Sequence[Subject]


@dataclass(frozen=True, kw_only=True)
class DataTier:
    """Result of the data tier.

    regions: what each region's workload gets.
    target_key: header value that a request needs to choose its target group, a secret output.
    stores: the buckets of each region.
    served: the buckets that the CDN reads: those of the writing region, as replicas may be behind.
    endpoints: endpoints that clients may use, by region.
    outputs: outputs of the stack about the data tier.
    """

    regions: Mapping[str, RegionData]
    target_key: pulumi.Output[str]
    stores: Mapping[str, Storage]
    served: Storage
    endpoints: Mapping[str, Sequence[str]]
    outputs: Mapping[str, pulumi.Input[object]]


def data_tier(
    regions: Sequence[RegionContext],
    networks: Mapping[str, RegionNetwork],
    turns: Turns,
    engine: EngineVersion,
    cache_engine: str,
    gate: ProxyGate,
) -> DataTier:
    """Declare the data tier of all regions.

    Args:
        regions: the regions in use, the home region first.
        networks: their networks, by region.
        turns: state of the password rotations.
        engine: version of the database.
        cache_engine: engine of ElastiCache, or `NONE`.
        gate: holds back the addresses of proxies that are not ready.
    """
    home = regions[0]
    settings = home.settings
    credentials = Credentials(
        f"{home.base}-credentials",
        CredentialsArgs(key_arn=home.key_arn, turns=turns, protect=home.protect),
        opts=home.options,
    )
    stores = buckets(regions)
    queues = {
        region.name: Queues(
            f"{region.base}-jobs",
            QueuesArgs(kinds=settings.described.queues, protect=region.protect),
            opts=region.options,
        )
        for region in regions
        if region.is_standby
    }
    database = databases(regions, networks, credentials, turns, engine, gate)
    rotates = turns.cache.under_way or turns.credentials.under_way
    cache = Caches(secrets={}, subjects={}, engine=NONE)
    if home.has(Capability.CACHE):
        cache = caches(regions, networks, credentials.cache_token, cache_engine, rotates=rotates)
    written, jobs = stores[settings.writing_region], queues[settings.writing_region]
    common = _environment(settings, written, jobs)
    # For every standby region: an IAM role that a failover had to change would wait for IAM, whose control plane is in
    # us-east-1 alone (AWS Fault Isolation Boundaries, Global services).
    writable = [stores[name] for name in queues]
    queue_arns = [arn for one in queues.values() for arn in one.arns]
    return DataTier(
        regions={
            region.name: RegionData(
                secrets={**database.secrets[region.name], **cache.secrets.get(region.name, {})},
                jobs=database.jobs[region.name],
                poolers=database.poolers,
                last_token=credentials.last_token,
                hosts=database.hosts[region.name],
                environment={**common, "READER_BUCKETS": pulumi.Output.json_dumps(stores[region.name].buckets)},
                objects=may_use(writable, stores[region.name]),
                queues=queues.get(region.name, jobs),
                queue_arns=queue_arns,
                subjects=[
                    *database.subjects[region.name],
                    *cache.subjects.get(region.name, ()),
                    *(of_queues(region, jobs) if region.takes_writes and region.has(Capability.QUEUES) else ()),
                ],
            )
            for region in regions
        },
        target_key=credentials.target_key,
        stores=stores,
        served=written,
        endpoints={
            region.name: [*database.endpoints[region.name], *([CACHE] if region.name in cache.subjects else [])]
            for region in regions
        },
        outputs={**database.outputs, ENGINE: cache.engine, "buckets": written.buckets},
    )


def _environment(settings: Settings, written: Storage, jobs: Queues) -> dict[str, pulumi.Input[str]]:
    """Environment variables that are the same in every region."""
    variables: dict[str, pulumi.Input[str]] = {
        "DB_POOL_MAX": str(CONNECTIONS_PER_INSTANCE.value),
        "DB_POOL_MIN": str(POOL_PER_INSTANCE_MIN.value),
        "BUCKETS": pulumi.Output.json_dumps(written.buckets),
        "BUCKETS_REGION": written.region,
        "UPLOAD_MAX_BYTES": str(UPLOAD_LIMIT.value),
    }
    if settings.row.has(Capability.CACHE):
        variables |= {f"CACHE_TTL_{name}": str(ttl.value) for name, ttl in CACHE_TTLS.items()}
    if settings.row.has(Capability.EDGE_RULES):
        variables["STORAGE_URL"] = f"https://{settings.storage_host}"
    if settings.row.has(Capability.QUEUES):
        variables["QUEUE_URLS"] = pulumi.Output.json_dumps(jobs.urls)
        # Requests to SQS are signed for the region of the queue, which may be another one than the instance's.
        variables["QUEUES_REGION"] = settings.writing_region
    return variables
