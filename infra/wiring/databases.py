"""The database, in every region: who writes where, and the addresses that say so."""

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
from infra.wiring.alarms import of_database
from infra.wiring.database_users import User, Users, users
from infra.wiring.engine_version import VERSION, WORLD, EngineVersion
from infra.wiring.proxies import Gate, has_proxy, proxy_of
from infra.wiring.site import Site

# For jobs, which build indexes and change tables: a pooler in transaction mode cannot carry them.
DIRECT_URL = "DATABASE_DIRECT_URL"
# What pods call the readers when they ask the pooler in their cluster.
READERS = f"{DATABASE}_readers"
Secrets = dict[str, pulumi.Output[str]]


@dataclass(frozen=True, kw_only=True)
class Databases:
    """What there is.

    secrets: the application's addresses, by region.
    jobs: the address for database jobs and migrations, by region.
    poolers: users that a pooler in a cluster knows, the application's; none where the database is external.
    hosts: where our own database is, by region and by the name that a pooler gives it; none for an external one.
    subjects: what is to be watched, by region; nothing of an external one, which is its owner's to watch.
    endpoints: those that clients may have the addresses of, by region.
    outputs: what the stack tells about it.
    """

    secrets: Mapping[str, Secrets]
    jobs: Mapping[str, pulumi.Output[str]]
    poolers: Sequence[User]
    hosts: Mapping[str, Mapping[str, pulumi.Input[str]]]
    subjects: Mapping[str, Sequence[Subject]]
    endpoints: Mapping[str, Sequence[str]]
    outputs: Mapping[str, pulumi.Input[object]]


def databases(
    sites: Sequence[Site], credentials: Credentials, turns: Turns, engine: EngineVersion, gate: Gate
) -> Databases:
    """Declare Aurora in each region, the first one's as the source of the others; or use somebody else's everywhere.

    `gate` holds back the addresses of proxies that are not ready.
    """
    home, *others = sites
    external = home.settings.external_database
    if external is not None:
        url = external.pooled_url if home.settings.row.has(Capability.POOLING) else external.direct_url
        given = {"DATABASE_URL": url, DIRECT_URL: external.direct_url}
        secrets = {name: pulumi.Output.secret(value.get_secret_value()) for name, value in given.items()}
        return Databases(
            secrets={site.name: dict(secrets) for site in sites},
            jobs={site.name: secrets[DIRECT_URL] for site in sites},
            poolers=(),
            hosts={site.name: {} for site in sites},
            subjects={site.name: () for site in sites},
            endpoints={site.name: () for site in sites},
            outputs={"database": "external", "connectionBudget": "kept by the external database's own pooler"},
        )
    data_api = turns.has_roles
    first = _database(home, Owner(password=credentials.database_password), engine, data_api=data_api)
    clusters = {home.name: first}
    outputs: dict[str, pulumi.Input[object]] = {VERSION: first.engine_version}
    if others:
        source = clusters[home.name]
        # After the source's instances: an empty cluster has nothing to copy yet.
        world = GlobalDatabase(
            f"{home.base}-global",
            GlobalDatabaseArgs(source_arn=source.arn, engine_version=engine.version if engine.in_world else None),
            opts=pulumi.ResourceOptions(providers=[home.place.provider], depends_on=[source]),
        )
        outputs |= {WORLD: world.identifier, VERSION: world.engine_version}
        clusters |= {
            one.name: _database(one, Replica(global_identifier=world.identifier), engine, data_api=data_api)
            for one in others
        }
    masters: dict[str, Credentials | MasterSecret] = {home.name: credentials}
    masters |= {
        site.name: _master(site, credentials)
        for site in others
        if has_proxy(site) or (turns.has_roles and site.place.standby)
    }
    who, logins = users(sites, clusters, masters, credentials, turns)
    proxies = {
        site.name: proxy_of(site, clusters[site.name], masters[site.name], logins.get(site.name))
        for site in sites
        if has_proxy(site)
    }
    writing = next(clusters[site.name] for site in sites if site.place.writes)
    outputs |= {"database": writing.endpoint, "connectionBudget": str(home.settings.connections)}
    return Databases(
        secrets={site.name: _secrets(site, clusters[site.name], proxies.get(site.name), who, gate) for site in sites},
        jobs={site.name: who.jobs.url(_hosts(site, clusters[site.name])[DATABASE]) for site in sites},
        poolers=who.all_applications,
        hosts={site.name: _hosts(site, clusters[site.name]) for site in sites},
        subjects={site.name: list(of_database(site, clusters[site.name], proxies.get(site.name))) for site in sites},
        endpoints={site.name: _endpoints(proxies.get(site.name)) for site in sites},
        outputs=outputs,
    )


def pools_in_cluster(settings: Settings) -> bool:
    """Whether PgBouncer runs beside the pods; an external database has a pooler of its own."""
    pooled = settings.row.has(Capability.POOLING) and settings.external_database is None
    return pooled and settings.runtime.on_kubernetes


def _database(site: Site, origin: Owner | Replica, engine: EngineVersion, *, data_api: bool) -> Database:
    settings, size, readers = site.settings, site.settings.sizes.database, site.settings.sizes.readers
    least = readers.minimum if readers else int(settings.row.has(Capability.FAILOVER_TARGET))
    return Database(
        f"{site.base}-db",
        DatabaseArgs(
            vpc_id=site.network.vpc_id,
            subnet_ids=site.network.data_subnet_ids,
            zones=site.network.zone_names,
            client_cidr=str(site.vpc),
            key_arn=site.key_arn,
            origin=origin,
            # The source is no member yet when its global database comes, and needs this only once it is demoted.
            engine_version=engine.version,
            major_upgrade=engine.major,
            member=len(settings.active_regions) > 1,
            forwards=isinstance(origin, Replica) or not site.place.writes,
            instance_class=size.instance_class,
            min_acu=size.min_acu,
            max_acu=size.max_acu,
            max_connections=server_limit(size.instance_class, size.max_connections),
            data_api=data_api,
            tuned=settings.row.has(Capability.DATABASE_TUNING),
            # A replica of another region's has its standby, and one reader beside it.
            readers=least if site.place.writes else min(least, 1),
            most_readers=readers.maximum if readers and site.place.writes else None,
            # Of every region: once it takes the writes, what it has kept is all that it can go back to.
            backup_days=(BACKUP_DAYS if settings.protect else BACKUP_DAYS_UNPROTECTED).value,
            final_snapshot=settings.database.final_snapshot and (isinstance(origin, Owner) or site.place.writes),
            protect=site.place.protect,
        ),
        opts=site.place.options,
    )


def _secrets(site: Site, database: Database, proxy: Proxy | None, who: Users, gate: Gate) -> Secrets:
    """The addresses in one region. Where writes do not go, the replica itself forwards them: a proxy cannot."""
    direct = _hosts(site, database)[DATABASE]
    pooled = gate.writes(site, proxy) if proxy and site.place.writes else direct
    secrets = {"DATABASE_URL": who.application.url(pooled), DIRECT_URL: who.application.url(direct)}
    if site.settings.row.has(Capability.READERS):
        reads = gate.reads(site, proxy) if proxy else None
        secrets["DATABASE_READER_URL"] = who.application.url(database.reader_endpoint if reads is None else reads)
    return secrets


def _endpoints(proxy: Proxy | None) -> list[str]:
    """The endpoints of a region. The cluster's own are there as long as it is."""
    pooled = [endpoints.PROXY] if proxy else []
    reads = [endpoints.PROXY_READS] if proxy and proxy.reader_endpoint is not None else []
    return [endpoints.DATABASE, *pooled, *reads]


def _hosts(site: Site, database: Database) -> dict[str, pulumi.Output[str]]:
    """Where the writes of a region go, and its reads."""
    hosts = {DATABASE: database.endpoint if site.place.writes else database.reader_endpoint}
    if site.settings.row.has(Capability.READERS):
        hosts[READERS] = database.reader_endpoint
    return hosts


def _master(site: Site, credentials: Credentials) -> MasterSecret:
    return MasterSecret(
        f"{site.base}-credentials",
        MasterSecretArgs(key_arn=site.key_arn, password=credentials.database_password, protect=site.place.protect),
        opts=site.place.options,
    )
