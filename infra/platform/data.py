"""The data tier, region by region, and what the application is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra import iam
from infra.components.credentials import Credentials, CredentialsArgs
from infra.components.queues import Queues, QueuesArgs
from infra.components.storage import Storage
from infra.platform.caches import Caches, caches
from infra.platform.databases import Databases, databases
from infra.platform.objects import may_use, stores
from infra.platform.site import Site
from infra.platform.watching import of_queues
from infra.stages import Capability
from infra.thresholds import CACHE_TTLS, CONNECTIONS_PER_INSTANCE, POOL_PER_INSTANCE_MIN, UPLOAD_LIMIT
from infra.watch.subject import Subject


@dataclass(frozen=True, kw_only=True)
class Data:
    """What the data tier hands over to the workload of one region.

    secrets: environment variables of the application that are secret.
    environment: those that are not.
    hosts: where our own database is, by the name that a pooler gives it; none for an external one.
    objects: statements for its role: what it may do with objects.
    queues: what it may send jobs to, in the region that takes the writes.
    subjects: what is to be watched of the region's data.
    """

    secrets: Mapping[str, pulumi.Output[str]]
    environment: Mapping[str, pulumi.Input[str]]
    hosts: Mapping[str, pulumi.Input[str]]
    objects: Sequence[iam.Statement]
    queues: Queues
    subjects: Sequence[Subject]


@dataclass(frozen=True, kw_only=True)
class DataTier:
    """All of it.

    regions: what each region's workload gets.
    served: the buckets that a CDN reads, in the region that takes the writes: copies may be behind.
    outputs: what the stack tells about it.
    """

    regions: Mapping[str, Data]
    served: Storage
    outputs: Mapping[str, pulumi.Input[object]]


def data_tier(sites: Sequence[Site]) -> DataTier:
    """Declare the data tier of all regions, the primary first."""
    home = sites[0]
    settings, row = home.settings, home.settings.row
    credentials = Credentials(
        f"{home.base}-credentials",
        CredentialsArgs(key_arn=home.key_arn, generation=settings.credentials_generation, protect=home.place.protect),
        opts=home.place.options,
    )
    made = stores(sites)
    queues = {
        site.name: Queues(f"{site.base}-jobs", QueuesArgs(protect=site.place.protect), opts=site.place.options)
        for site in sites
        if site.place.standby
    }
    addresses: Databases = databases(sites, credentials)
    cached = caches(sites, credentials.cache_token) if row.has(Capability.CACHE) else Caches(secrets={}, subjects={})
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
    regions = {
        site.name: Data(
            secrets={**addresses.secrets[site.name], **cached.secrets.get(site.name, {})},
            hosts=addresses.hosts[site.name],
            environment={**common, "READER_BUCKETS": pulumi.Output.json_dumps(made[site.name].buckets)},
            objects=may_use(written, made[site.name]),
            queues=jobs,
            subjects=[
                *addresses.subjects[site.name],
                *cached.subjects.get(site.name, ()),
                *(of_queues(site, jobs) if site.place.writes and row.has(Capability.QUEUES) else ()),
            ],
        )
        for site in sites
    }
    return DataTier(regions=regions, served=written, outputs={**addresses.outputs, "buckets": written.buckets})
