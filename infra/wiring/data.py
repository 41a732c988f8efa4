"""The data tier, region by region, and what the application is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra import iam
from infra.alarms.subject import Subject
from infra.components.compute.queues import Queues, QueuesArgs
from infra.components.data.credentials import Credentials, CredentialsArgs
from infra.components.data.storage import Storage
from infra.rotation import Turns
from infra.stages import Capability
from infra.thresholds import CACHE_TTLS, CONNECTIONS_PER_INSTANCE, POOL_PER_INSTANCE_MIN, UPLOAD_LIMIT
from infra.wiring.alarms import of_queues
from infra.wiring.cache_engine import ENGINE, NONE
from infra.wiring.caches import Caches, caches
from infra.wiring.database_users import User
from infra.wiring.databases import Databases, databases
from infra.wiring.endpoints import CACHE
from infra.wiring.engine_version import EngineVersion
from infra.wiring.objects import may_use, stores
from infra.wiring.proxies import Gate
from infra.wiring.site import Site


@dataclass(frozen=True, kw_only=True)
class Data:
    """What the data tier hands over to the workload of one region.

    secrets: environment variables of the application that are secret.
    environment: those that are not.
    jobs: the database's own address for jobs and migrations, a secret output.
    poolers: users that a pooler in the cluster knows; none for an external database.
    last_token: Redis' password before, while clients may still have it; else None.
    hosts: where our own database is, by the name that a pooler gives it; none for an external one.
    objects: statements for its role: what it may do with objects.
    queues: its own queues; in a region that never takes the writes, those of the one that does.
    queue_arns: what it may send jobs to: the queues of all regions that can take the writes.
    subjects: what is to be watched of the region's data.
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
    """All of it.

    regions: what each region's workload gets.
    target_key: what a request has to know to choose its target group, a secret output.
    stores: the buckets of each region.
    served: the buckets that a CDN reads, in the region that takes the writes: copies may be behind.
    endpoints: those that clients may have the addresses of, by region.
    outputs: what the stack tells about it.
    """

    regions: Mapping[str, Data]
    target_key: pulumi.Output[str]
    stores: Mapping[str, Storage]
    served: Storage
    endpoints: Mapping[str, Sequence[str]]
    outputs: Mapping[str, pulumi.Input[object]]


def data_tier(sites: Sequence[Site], turns: Turns, engine: EngineVersion, cache_engine: str, gate: Gate) -> DataTier:
    """Declare the data tier of all regions, the primary first.

    Args:
        sites: the regions.
        turns: of the passwords.
        engine: version of the database.
        cache_engine: engine of ElastiCache, or `NONE`.
        gate: holds back the addresses of proxies that are not ready.
    """
    home = sites[0]
    settings, row = home.settings, home.settings.row
    credentials = Credentials(
        f"{home.base}-credentials",
        CredentialsArgs(key_arn=home.key_arn, turns=turns, protect=home.place.protect),
        opts=home.place.options,
    )
    made = stores(sites)
    queues = {
        site.name: Queues(
            f"{site.base}-jobs",
            QueuesArgs(kinds=settings.described.queues, protect=site.place.protect),
            opts=site.place.options,
        )
        for site in sites
        if site.place.standby
    }
    addresses: Databases = databases(sites, credentials, turns, engine, gate)
    rotates = turns.cache.under_way or turns.credentials.under_way
    cached = Caches(secrets={}, subjects={}, engine=NONE)
    if row.has(Capability.CACHE):
        cached = caches(sites, credentials.cache_token, cache_engine, rotates=rotates)
    written, jobs = made[settings.writing_region], queues[settings.writing_region]
    common: dict[str, pulumi.Input[str]] = {
        "DB_POOL_MAX": str(CONNECTIONS_PER_INSTANCE.value),
        "DB_POOL_MIN": str(POOL_PER_INSTANCE_MIN.value),
        "BUCKETS": pulumi.Output.json_dumps(written.buckets),
        "BUCKETS_REGION": written.region,
        "UPLOAD_MAX_BYTES": str(UPLOAD_LIMIT.value),
    }
    if row.has(Capability.CACHE):
        common |= {f"CACHE_TTL_{name}": str(ttl.value) for name, ttl in CACHE_TTLS.items()}
    if row.has(Capability.EDGE_RULES):
        common["STORAGE_URL"] = f"https://{settings.storage_host}"
    if row.has(Capability.QUEUES):
        common["QUEUE_URLS"] = pulumi.Output.json_dumps(jobs.urls)
        # Requests to SQS are signed for the region of the queue, which may be another one than the instance's.
        common["QUEUES_REGION"] = settings.writing_region
    # Whichever region writes: a role that a failover had to change would wait for IAM, which is changed in us-east-1
    # alone (AWS Fault Isolation Boundaries, Global services).
    writable = [made[name] for name in queues]
    queue_arns = [arn for one in queues.values() for arn in one.arns]
    regions = {
        site.name: Data(
            secrets={**addresses.secrets[site.name], **cached.secrets.get(site.name, {})},
            jobs=addresses.jobs[site.name],
            poolers=addresses.poolers,
            last_token=credentials.last_token,
            hosts=addresses.hosts[site.name],
            environment={**common, "READER_BUCKETS": pulumi.Output.json_dumps(made[site.name].buckets)},
            objects=may_use(writable, made[site.name]),
            queues=queues.get(site.name, jobs),
            queue_arns=queue_arns,
            subjects=[
                *addresses.subjects[site.name],
                *cached.subjects.get(site.name, ()),
                *(of_queues(site, jobs) if site.place.writes and row.has(Capability.QUEUES) else ()),
            ],
        )
        for site in sites
    }
    return DataTier(
        regions=regions,
        target_key=credentials.target_key,
        stores=made,
        served=written,
        endpoints={
            site.name: [*addresses.endpoints[site.name], *([CACHE] if site.name in cached.subjects else [])]
            for site in sites
        },
        outputs={**addresses.outputs, ENGINE: cached.engine, "buckets": written.buckets},
    )
