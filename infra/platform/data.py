"""The data tier in the primary region, and what the application is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi

from infra.components.credentials import DATABASE_USER, Credentials, CredentialsArgs
from infra.components.database import DATABASE, Database, DatabaseArgs
from infra.components.encryption_keys import EncryptionKeys
from infra.components.network import Network
from infra.components.proxy import Proxy, ProxyArgs
from infra.connections import pool_percent
from infra.platform.place import Place
from infra.settings import Settings
from infra.stages import Capability


@dataclass(frozen=True, kw_only=True)
class Data:
    """What the data tier hands over.

    secrets: environment variables of the application that are secret.
    outputs: what the stack tells about it.
    """

    secrets: Mapping[str, pulumi.Output[str]]
    outputs: Mapping[str, pulumi.Input[object]]


def data_tier(settings: Settings, place: Place, network: Network, vpc: IPv4Network, keys: EncryptionKeys) -> Data:
    """Declare the data tier: a database of our own or somebody else's, and a pooler where the stage has one."""
    row = settings.row
    external = settings.external_database
    if external is not None:
        url = external.pooled_url if row.has(Capability.POOLING) else external.direct_url
        return Data(
            secrets={"DATABASE_URL": pulumi.Output.secret(url.get_secret_value())},
            outputs={"database": "external", "connectionBudget": "kept by the external database's own pooler"},
        )
    credentials = Credentials(
        f"{place.base}-credentials",
        CredentialsArgs(key_arn=keys.arn, generation=settings.credentials_generation, protect=place.protect),
        opts=place.options,
    )
    database = _database(settings, place, network, vpc, keys, credentials)
    proxy = _proxy(settings, place, network, vpc, keys, credentials, database)
    host: pulumi.Output[str] = proxy.endpoint if proxy else database.endpoint
    secrets = {"DATABASE_URL": _url(credentials, host)}
    if row.has(Capability.READERS):
        reads = proxy.reader_endpoint if proxy and proxy.reader_endpoint is not None else database.reader_endpoint
        secrets["DATABASE_READER_URL"] = _url(credentials, reads)
    return Data(
        secrets=secrets,
        outputs={"database": database.endpoint, "connectionBudget": str(settings.connections)},
    )


def _database(
    settings: Settings,
    place: Place,
    network: Network,
    vpc: IPv4Network,
    keys: EncryptionKeys,
    credentials: Credentials,
) -> Database:
    size, readers = settings.sizes.database, settings.sizes.readers
    return Database(
        f"{place.base}-db",
        DatabaseArgs(
            vpc_id=network.vpc_id,
            subnet_ids=network.data_subnet_ids,
            client_cidr=str(vpc),
            key_arn=keys.arn,
            password=credentials.database_password,
            instance_class=size.instance_class,
            min_acu=size.min_acu,
            max_acu=size.max_acu,
            tuned=settings.row.has(Capability.DATABASE_TUNING),
            readers=(readers.minimum, readers.maximum) if readers else None,
            protect=place.protect,
        ),
        opts=place.options,
    )


def _proxy(
    settings: Settings,
    place: Place,
    network: Network,
    vpc: IPv4Network,
    keys: EncryptionKeys,
    credentials: Credentials,
    database: Database,
) -> Proxy | None:
    """RDS Proxy for instances; pods have a pooler of their own."""
    if not (settings.row.has(Capability.POOLING) and settings.runtime.on_ec2):
        return None
    budget = settings.connections
    return Proxy(
        f"{place.base}-proxy",
        ProxyArgs(
            region=place.region.name,
            vpc_id=network.vpc_id,
            subnet_ids=network.data_subnet_ids,
            client_cidr=str(vpc),
            cluster_identifier=database.cluster_identifier,
            secret_arn=credentials.master_secret_arn,
            key_arn=keys.arn,
            pool_percent=pool_percent(budget.application, budget.limit),
            reads=settings.row.has(Capability.READERS),
        ),
        opts=pulumi.ResourceOptions(providers=[place.provider], depends_on=[database, credentials]),
    )


def _url(credentials: Credentials, host: pulumi.Output[str]) -> pulumi.Output[str]:
    password = credentials.database_password
    return pulumi.Output.concat(
        "postgresql://", DATABASE_USER, ":", password, "@", host, "/", DATABASE, "?sslmode=require"
    )
