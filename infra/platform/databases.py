"""The database, in every region: who writes where, and the addresses that say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.components.credentials import DATABASE_USER, Credentials
from infra.components.database import DATABASE, Database, DatabaseArgs, Owner, Replica
from infra.components.global_database import GlobalDatabase, GlobalDatabaseArgs
from infra.components.master_secret import MasterSecret, MasterSecretArgs
from infra.components.proxy import Proxy, ProxyArgs
from infra.connections import pool_percent
from infra.platform.site import Site
from infra.platform.watching import of_database
from infra.settings import Settings
from infra.stages import Capability
from infra.watch.subject import Subject

# For jobs, which build indexes and change tables: a pooler in transaction mode cannot carry them.
DIRECT_URL = "DATABASE_DIRECT_URL"
# What pods call the readers when they ask the pooler in their cluster.
READERS = f"{DATABASE}_readers"
Secrets = dict[str, pulumi.Output[str]]


@dataclass(frozen=True, kw_only=True)
class Databases:
    """What there is.

    secrets: the application's addresses, by region.
    hosts: where our own database is, by region and by the name that a pooler gives it; none for an external one.
    subjects: what is to be watched, by region; nothing of an external one, which is its owner's to watch.
    outputs: what the stack tells about it.
    """

    secrets: Mapping[str, Secrets]
    hosts: Mapping[str, Mapping[str, pulumi.Input[str]]]
    subjects: Mapping[str, Sequence[Subject]]
    outputs: Mapping[str, pulumi.Input[object]]


def databases(sites: Sequence[Site], credentials: Credentials) -> Databases:
    """Declare Aurora in each region, the first one's as the source of the others; or use somebody else's everywhere."""
    home, *others = sites
    external = home.settings.external_database
    if external is not None:
        url = external.pooled_url if home.settings.row.has(Capability.POOLING) else external.direct_url
        given = {"DATABASE_URL": url, DIRECT_URL: external.direct_url}
        secrets = {name: pulumi.Output.secret(value.get_secret_value()) for name, value in given.items()}
        return Databases(
            secrets={site.name: dict(secrets) for site in sites},
            hosts={site.name: {} for site in sites},
            subjects={site.name: () for site in sites},
            outputs={"database": "external", "connectionBudget": "kept by the external database's own pooler"},
        )
    clusters = {home.name: _database(home, Owner(password=credentials.database_password))}
    outputs: dict[str, pulumi.Input[object]] = {}
    if others:
        source = clusters[home.name]
        # After the source's instances: an empty cluster has nothing to copy yet.
        world = GlobalDatabase(
            f"{home.base}-global",
            GlobalDatabaseArgs(source_arn=source.arn),
            opts=pulumi.ResourceOptions(providers=[home.place.provider], depends_on=[source]),
        )
        outputs["globalDatabase"] = world.identifier
        clusters |= {one.name: _database(one, Replica(global_identifier=world.identifier)) for one in others}
    proxies = {site.name: _proxy(site, clusters[site.name], credentials) for site in sites}
    writing = next(clusters[site.name] for site in sites if site.place.writes)
    outputs |= {"database": writing.endpoint, "connectionBudget": str(home.settings.connections)}
    return Databases(
        secrets={site.name: _secrets(site, clusters[site.name], proxies[site.name], credentials) for site in sites},
        hosts={site.name: _hosts(site, clusters[site.name]) for site in sites},
        subjects={site.name: list(of_database(site, clusters[site.name], proxies[site.name])) for site in sites},
        outputs=outputs,
    )


def pools_in_cluster(settings: Settings) -> bool:
    """Whether PgBouncer runs beside the pods; an external database has a pooler of its own."""
    pooled = settings.row.has(Capability.POOLING) and settings.external_database is None
    return pooled and settings.runtime.on_kubernetes


def _database(site: Site, origin: Owner | Replica) -> Database:
    size, readers = site.settings.sizes.database, site.settings.sizes.readers
    return Database(
        f"{site.base}-db",
        DatabaseArgs(
            vpc_id=site.network.vpc_id,
            subnet_ids=site.network.data_subnet_ids,
            zones=site.place.region.zone_names[:2],
            client_cidr=str(site.vpc),
            key_arn=site.key_arn,
            origin=origin,
            # The source is no member yet when its global database comes, and needs this only once it is demoted.
            forwards=isinstance(origin, Replica) or not site.place.writes,
            instance_class=size.instance_class,
            min_acu=size.min_acu,
            max_acu=size.max_acu,
            tuned=site.settings.row.has(Capability.DATABASE_TUNING),
            readers=(readers.minimum, readers.maximum) if readers else None,
            scaled=site.place.writes,
            protect=site.place.protect,
        ),
        opts=site.place.options,
    )


def _secrets(site: Site, database: Database, proxy: Proxy | None, credentials: Credentials) -> Secrets:
    """The addresses in one region. Where writes do not go, the replica itself forwards them: a proxy cannot."""
    direct = _hosts(site, database)[DATABASE]
    pooled = proxy.endpoint if proxy and site.place.writes else direct
    secrets = {"DATABASE_URL": _url(credentials, pooled), DIRECT_URL: _url(credentials, direct)}
    if site.settings.row.has(Capability.READERS):
        reads = proxy.reader_endpoint if proxy and proxy.reader_endpoint is not None else database.reader_endpoint
        secrets["DATABASE_READER_URL"] = _url(credentials, reads)
    return secrets


def _hosts(site: Site, database: Database) -> dict[str, pulumi.Output[str]]:
    """Where the writes of a region go, and its reads."""
    hosts = {DATABASE: database.endpoint if site.place.writes else database.reader_endpoint}
    if site.settings.row.has(Capability.READERS):
        hosts[READERS] = database.reader_endpoint
    return hosts


def _proxy(site: Site, database: Database, credentials: Credentials) -> Proxy | None:
    """RDS Proxy for instances; pods have a pooler of their own."""
    if not (site.settings.row.has(Capability.POOLING) and site.settings.runtime.on_ec2):
        return None
    budget = site.settings.connections
    secret_arn, waits = credentials.master_secret_arn, [database, credentials]
    if not site.place.primary:
        secret = MasterSecret(
            f"{site.base}-credentials",
            MasterSecretArgs(key_arn=site.key_arn, password=credentials.database_password, protect=site.place.protect),
            opts=site.place.options,
        )
        secret_arn, waits = secret.arn, [database, secret]
    return Proxy(
        f"{site.base}-proxy",
        ProxyArgs(
            region=site.name,
            vpc_id=site.network.vpc_id,
            subnet_ids=site.network.data_subnet_ids,
            client_cidr=str(site.vpc),
            cluster_identifier=database.cluster_identifier,
            secret_arn=secret_arn,
            key_arn=site.key_arn,
            pool_percent=pool_percent(budget.application, budget.limit),
            reads=site.settings.row.has(Capability.READERS),
        ),
        opts=pulumi.ResourceOptions(providers=[site.place.provider], depends_on=waits),
    )


def _url(credentials: Credentials, host: pulumi.Output[str]) -> pulumi.Output[str]:
    password = credentials.database_password
    return pulumi.Output.concat(
        "postgresql://", DATABASE_USER, ":", password, "@", host, "/", DATABASE, "?sslmode=require"
    )
