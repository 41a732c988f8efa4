"""The data tier in the primary region, and what the application is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi

from infra import naming
from infra.components.cache import Cache, CacheArgs
from infra.components.credentials import DATABASE_USER, Credentials, CredentialsArgs
from infra.components.database import DATABASE, Database, DatabaseArgs
from infra.components.encryption_keys import EncryptionKeys
from infra.components.network import Network
from infra.components.proxy import Proxy, ProxyArgs
from infra.components.queues import Queues, QueuesArgs
from infra.components.storage import Storage, StorageArgs
from infra.connections import pool_percent
from infra.platform.edge import clients
from infra.platform.place import Place
from infra.settings import Settings
from infra.stages import Capability
from infra.thresholds import CACHE_TTLS, CONNECTIONS_PER_INSTANCE, POOL_PER_INSTANCE_MIN, REDIS_PORT, UPLOAD_LIMIT

# For jobs, which build indexes and change tables: a pooler in transaction mode cannot carry them.
DIRECT_URL = "DATABASE_DIRECT_URL"
# What pods call the readers when they ask the pooler in their cluster.
READERS = f"{DATABASE}_readers"


@dataclass(frozen=True, kw_only=True)
class Data:
    """What the data tier hands over.

    secrets: environment variables of the application that are secret.
    environment: those that are not.
    hosts: where our own database is, by the name that a pooler gives it; none for an external one.
    storage, queues: what the application may use, for its role.
    outputs: what the stack tells about it.
    """

    secrets: Mapping[str, pulumi.Output[str]]
    environment: Mapping[str, pulumi.Input[str]]
    hosts: Mapping[str, pulumi.Input[str]]
    storage: Storage
    queues: Queues
    outputs: Mapping[str, pulumi.Input[object]]


@dataclass(frozen=True, kw_only=True)
class _Around:
    """What the parts of the data tier stand in: the primary region, its network and range, and what is secret."""

    settings: Settings
    place: Place
    network: Network
    vpc: IPv4Network
    keys: EncryptionKeys
    credentials: Credentials


def data_tier(settings: Settings, place: Place, network: Network, vpc: IPv4Network, keys: EncryptionKeys) -> Data:
    """Declare the data tier of the primary region, which the other regions use too."""
    row = settings.row
    credentials = Credentials(
        f"{place.base}-credentials",
        CredentialsArgs(key_arn=keys.arn, generation=settings.credentials_generation, protect=place.protect),
        opts=place.options,
    )
    storage = Storage(
        f"{place.base}-store",
        StorageArgs(
            region=place.region.name,
            key_arn=keys.arn,
            origin=f"https://{settings.domain.name}",
            readers=[] if settings.edge.storage_origin else clients(settings) or [],
            protect=place.protect,
        ),
        opts=place.options,
    )
    queues = Queues(f"{place.base}-jobs", QueuesArgs(protect=place.protect), opts=place.options)
    environment: dict[str, pulumi.Input[str]] = {
        "DB_POOL_MAX": str(CONNECTIONS_PER_INSTANCE.value),
        "DB_POOL_MIN": str(POOL_PER_INSTANCE_MIN.value),
        "BUCKETS": pulumi.Output.json_dumps(storage.buckets),
        "UPLOAD_MAX_BYTES": str(UPLOAD_LIMIT.value),
    }
    around = _Around(settings=settings, place=place, network=network, vpc=vpc, keys=keys, credentials=credentials)
    secrets, outputs, hosts = _databases(around)
    if row.has(Capability.CACHE):
        secrets["REDIS_URL"] = _cache(around)
        environment |= {f"CACHE_TTL_{name}": str(ttl.value) for name, ttl in CACHE_TTLS.items()}
    if row.has(Capability.EDGE_RULES):
        environment["STORAGE_URL"] = f"https://{settings.storage_host}"
    if row.has(Capability.QUEUES):
        environment["QUEUE_URLS"] = pulumi.Output.json_dumps(queues.urls)
    outputs |= {"buckets": storage.buckets}
    return Data(secrets=secrets, environment=environment, hosts=hosts, storage=storage, queues=queues, outputs=outputs)


def pools_in_cluster(settings: Settings) -> bool:
    """Whether PgBouncer runs beside the pods; an external database has a pooler of its own."""
    pooled = settings.row.has(Capability.POOLING) and settings.external_database is None
    return pooled and settings.runtime.on_kubernetes


def _databases(
    around: _Around,
) -> tuple[dict[str, pulumi.Output[str]], dict[str, pulumi.Input[object]], dict[str, pulumi.Input[str]]]:
    """A database of our own or somebody else's: its URLs, what the stack tells about it, and where ours is."""
    row, external = around.settings.row, around.settings.external_database
    if external is not None:
        url = external.pooled_url if row.has(Capability.POOLING) else external.direct_url
        return (
            {
                "DATABASE_URL": pulumi.Output.secret(url.get_secret_value()),
                DIRECT_URL: pulumi.Output.secret(external.direct_url.get_secret_value()),
            },
            {"database": "external", "connectionBudget": "kept by the external database's own pooler"},
            {},
        )
    database = _database(around)
    proxy = _proxy(around, database)
    host: pulumi.Output[str] = proxy.endpoint if proxy else database.endpoint
    secrets = {"DATABASE_URL": _url(around.credentials, host), DIRECT_URL: _url(around.credentials, database.endpoint)}
    hosts: dict[str, pulumi.Input[str]] = {DATABASE: database.endpoint}
    if row.has(Capability.READERS):
        hosts[READERS] = database.reader_endpoint
        reads = proxy.reader_endpoint if proxy and proxy.reader_endpoint is not None else database.reader_endpoint
        secrets["DATABASE_READER_URL"] = _url(around.credentials, reads)
    return secrets, {"database": database.endpoint, "connectionBudget": str(around.settings.connections)}, hosts


def _cache(around: _Around) -> pulumi.Output[str]:
    """The URL of a cache of our own or somebody else's."""
    external, size = around.settings.external_cache, around.settings.sizes.cache
    if external is not None or size is None:
        return pulumi.Output.secret(external.url.get_secret_value() if external else "")
    if size.in_cluster:
        # Only pods use it, so that only they need the module, which imports a large SDK.
        from infra.platform.in_cluster import redis_url

        return redis_url(naming.namespace(pulumi.get_project(), pulumi.get_stack()), around.credentials.cache_token)
    cache = Cache(
        f"{around.place.base}-cache",
        CacheArgs(
            vpc_id=around.network.vpc_id,
            subnet_ids=around.network.data_subnet_ids,
            client_cidr=str(around.vpc),
            key_arn=around.keys.arn,
            token=around.credentials.cache_token,
            node_type=size.node_type,
            nodes=size.nodes,
        ),
        opts=around.place.options,
    )
    return pulumi.Output.concat(
        "rediss://:", around.credentials.cache_token, "@", cache.endpoint, f":{REDIS_PORT.value}"
    )


def _database(around: _Around) -> Database:
    size, readers = around.settings.sizes.database, around.settings.sizes.readers
    return Database(
        f"{around.place.base}-db",
        DatabaseArgs(
            vpc_id=around.network.vpc_id,
            subnet_ids=around.network.data_subnet_ids,
            zones=around.place.region.zone_names[:2],
            client_cidr=str(around.vpc),
            key_arn=around.keys.arn,
            password=around.credentials.database_password,
            instance_class=size.instance_class,
            min_acu=size.min_acu,
            max_acu=size.max_acu,
            tuned=around.settings.row.has(Capability.DATABASE_TUNING),
            readers=(readers.minimum, readers.maximum) if readers else None,
            protect=around.place.protect,
        ),
        opts=around.place.options,
    )


def _proxy(around: _Around, database: Database) -> Proxy | None:
    """RDS Proxy for instances; pods have a pooler of their own."""
    if not (around.settings.row.has(Capability.POOLING) and around.settings.runtime.on_ec2):
        return None
    budget = around.settings.connections
    return Proxy(
        f"{around.place.base}-proxy",
        ProxyArgs(
            region=around.place.region.name,
            vpc_id=around.network.vpc_id,
            subnet_ids=around.network.data_subnet_ids,
            client_cidr=str(around.vpc),
            cluster_identifier=database.cluster_identifier,
            secret_arn=around.credentials.master_secret_arn,
            key_arn=around.keys.arn,
            pool_percent=pool_percent(budget.application, budget.limit),
            reads=around.settings.row.has(Capability.READERS),
        ),
        opts=pulumi.ResourceOptions(providers=[around.place.provider], depends_on=[database, around.credentials]),
    )


def _url(credentials: Credentials, host: pulumi.Output[str]) -> pulumi.Output[str]:
    password = credentials.database_password
    return pulumi.Output.concat(
        "postgresql://", DATABASE_USER, ":", password, "@", host, "/", DATABASE, "?sslmode=require"
    )
