"""The database tier: Aurora in every region, its proxies, and the addresses that the application gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.alarms.subject import Subject
from infra.capacity.connections import server_limit
from infra.components.data.credentials import Credentials
from infra.components.data.database import DATABASE, Database, DatabaseArgs, Owner, Replica
from infra.components.data.global_database import GlobalDatabase, GlobalDatabaseArgs
from infra.components.data.master_secret import MasterSecret, MasterSecretArgs
from infra.components.data.proxy import Proxy
from infra.config.settings import Settings
from infra.rotation import Turns
from infra.stages import Capability
from infra.thresholds import BACKUP_DAYS, BACKUP_DAYS_UNPROTECTED
from infra.wiring import endpoints
from infra.wiring.alarm_subjects import of_database
from infra.wiring.database_users import User, Users, users
from infra.wiring.engine_version import GLOBAL_DATABASE, VERSION, EngineVersion
from infra.wiring.networks import RegionNetwork
from infra.wiring.proxies import ProxyGate, has_proxy, proxy
from infra.wiring.region_context import RegionContext

# For jobs, which build indexes and change tables: a pooler in transaction mode does not support that.
DIRECT_URL = "DATABASE_DIRECT_URL"
# Name of the readers in PgBouncer.
READERS = f"{DATABASE}_readers"
Secrets = dict[str, pulumi.Output[str]]


@dataclass(frozen=True, kw_only=True)
class Databases:
    """Result of the database tier.

    secrets: the application's database URLs, by region.
    jobs: the URL for database jobs and migrations, by region.
    poolers: users that PgBouncer accepts, those of the application; none where the database is external.
    hosts: hosts of Aurora, by region and by the name that PgBouncer gives the database; none for an external database.
    subjects: what gets alarms, by region; nothing for an external database, which its owner watches.
    endpoints: endpoints that clients may use, by region.
    outputs: outputs of the stack about the database.
    """

    secrets: Mapping[str, Secrets]
    jobs: Mapping[str, pulumi.Output[str]]
    poolers: Sequence[User]
    hosts: Mapping[str, Mapping[str, pulumi.Input[str]]]
    subjects: Mapping[str, Sequence[Subject]]
    endpoints: Mapping[str, Sequence[str]]
    outputs: Mapping[str, pulumi.Input[object]]


def databases(
    regions: Sequence[RegionContext],
    networks: Mapping[str, RegionNetwork],
    credentials: Credentials,
    turns: Turns,
    engine: EngineVersion,
    gate: ProxyGate,
) -> Databases:
    """Declare Aurora in each region, the home region's as the source of the others; or use an external database.

    Args:
        regions: the regions in use, the home region first.
        networks: their networks, by region.
        credentials: the passwords.
        turns: state of the password rotations.
        engine: version of Aurora.
        gate: holds back the addresses of proxies that are not ready.
    """
    home, *others = regions
    external = home.settings.external_database
    if external is not None:
        url = external.pooled_url if home.has(Capability.POOLING) else external.direct_url
        given = {"DATABASE_URL": url, DIRECT_URL: external.direct_url}
        secrets = {name: pulumi.Output.secret(value.get_secret_value()) for name, value in given.items()}
        return Databases(
            secrets={region.name: dict(secrets) for region in regions},
            jobs={region.name: secrets[DIRECT_URL] for region in regions},
            poolers=(),
            hosts={region.name: {} for region in regions},
            subjects={region.name: () for region in regions},
            endpoints={region.name: () for region in regions},
            outputs={"database": "external", "connectionBudget": "kept by the external database's own pooler"},
        )
    data_api = turns.has_roles
    owner = Owner(password=credentials.database_password)
    first = _database(home, networks[home.name], owner, engine, data_api=data_api)
    clusters = {home.name: first}
    outputs: dict[str, pulumi.Input[object]] = {VERSION: first.engine_version}
    if others:
        source = clusters[home.name]
        # After the source's instances: an empty cluster has nothing to copy yet.
        shared = GlobalDatabase(
            f"{home.base}-global",
            GlobalDatabaseArgs(
                source_arn=source.arn, engine_version=engine.version if engine.in_global_database else None
            ),
            opts=home.after(source),
        )
        outputs |= {GLOBAL_DATABASE: shared.identifier, VERSION: shared.engine_version}
        replica = Replica(global_identifier=shared.identifier)
        clusters |= {one.name: _database(one, networks[one.name], replica, engine, data_api=data_api) for one in others}
    masters: dict[str, Credentials | MasterSecret] = {home.name: credentials}
    masters |= {
        region.name: _master(region, credentials)
        for region in others
        if has_proxy(region) or (turns.has_roles and region.is_standby)
    }
    accounts, logins = users(regions, clusters, masters, credentials, turns)
    proxies = {
        region.name: proxy(
            region, networks[region.name], clusters[region.name], masters[region.name], logins.get(region.name)
        )
        for region in regions
        if has_proxy(region)
    }
    writer = next(clusters[region.name] for region in regions if region.takes_writes)
    outputs |= {"database": writer.endpoint, "connectionBudget": str(home.settings.connections)}
    return Databases(
        secrets={
            region.name: _secrets(region, clusters[region.name], proxies.get(region.name), accounts, gate)
            for region in regions
        },
        jobs={region.name: accounts.jobs.url(_hosts(region, clusters[region.name])[DATABASE]) for region in regions},
        poolers=accounts.all_applications,
        hosts={region.name: _hosts(region, clusters[region.name]) for region in regions},
        subjects={
            region.name: list(of_database(region, clusters[region.name], proxies.get(region.name)))
            for region in regions
        },
        endpoints={region.name: _endpoints(proxies.get(region.name)) for region in regions},
        outputs=outputs,
    )


def pools_in_cluster(settings: Settings) -> bool:
    """Whether PgBouncer runs in the cluster; an external database has its own pooler."""
    pooled = settings.row.has(Capability.POOLING) and settings.external_database is None
    return pooled and settings.runtime.on_kubernetes


def _database(
    region: RegionContext,
    network: RegionNetwork,
    origin: Owner | Replica,
    engine: EngineVersion,
    *,
    data_api: bool,
) -> Database:
    settings = region.settings
    size, readers = settings.sizes.database, settings.sizes.readers
    least = readers.minimum if readers else int(region.has(Capability.FAILOVER_TARGET))
    return Database(
        f"{region.base}-db",
        DatabaseArgs(
            vpc_id=network.vpc_id,
            subnet_ids=network.data_subnet_ids,
            zones=network.zone_names,
            client_cidr=str(region.vpc_cidr),
            key_arn=region.key_arn,
            origin=origin,
            # The source joins the global database only after it is created, and needs this only once it is demoted.
            engine_version=engine.version,
            major_upgrade=engine.major,
            member=len(settings.active_regions) > 1,
            forwards=isinstance(origin, Replica) or not region.takes_writes,
            instance_class=size.instance_class,
            min_acu=size.min_acu,
            max_acu=size.max_acu,
            max_connections=server_limit(size.instance_class, size.max_connections),
            data_api=data_api,
            tuned=region.has(Capability.DATABASE_TUNING),
            # A replica region has its own failover target, and one reader.
            readers=least if region.takes_writes else min(least, 1),
            most_readers=readers.maximum if readers and region.takes_writes else None,
            # In every region: after a failover, the region's own backups are the only ones to restore from.
            backup_days=(BACKUP_DAYS if settings.protect else BACKUP_DAYS_UNPROTECTED).value,
            final_snapshot=settings.database.final_snapshot and (isinstance(origin, Owner) or region.takes_writes),
            protect=region.protect,
        ),
        opts=region.options,
    )


def _secrets(
    region: RegionContext, database: Database, proxy: Proxy | None, accounts: Users, gate: ProxyGate
) -> Secrets:
    """Database URLs of one region. Outside the writing region the replica forwards writes; RDS Proxy cannot."""
    direct = _hosts(region, database)[DATABASE]
    pooled = gate.writes(region, proxy) if proxy and region.takes_writes else direct
    secrets = {"DATABASE_URL": accounts.application.url(pooled), DIRECT_URL: accounts.application.url(direct)}
    if region.has(Capability.READERS):
        reads = gate.reads(region, proxy) if proxy else None
        secrets["DATABASE_READER_URL"] = accounts.application.url(database.reader_endpoint if reads is None else reads)
    return secrets


def _endpoints(proxy: Proxy | None) -> list[str]:
    """The endpoints of a region. Those of the cluster itself exist as long as the cluster does."""
    pooled = [endpoints.PROXY] if proxy else []
    reads = [endpoints.PROXY_READS] if proxy and proxy.reader_endpoint is not None else []
    return [endpoints.DATABASE, *pooled, *reads]


def _hosts(region: RegionContext, database: Database) -> dict[str, pulumi.Output[str]]:
    """Hosts that take the writes and the reads of a region."""
    hosts = {DATABASE: database.endpoint if region.takes_writes else database.reader_endpoint}
    if region.has(Capability.READERS):
        hosts[READERS] = database.reader_endpoint
    return hosts


def _master(region: RegionContext, credentials: Credentials) -> MasterSecret:
    return MasterSecret(
        f"{region.base}-credentials",
        MasterSecretArgs(key_arn=region.key_arn, password=credentials.database_password, protect=region.protect),
        opts=region.options,
    )
