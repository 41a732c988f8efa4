"""Helm releases in the cluster: PgBouncer, and Redis where the stack chooses it. The charts' typed values refuse a
mistake here, before Helm starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from charts.digest import digest
from charts.values import (
    Amounts,
    Auth,
    AuthorityFile,
    Database,
    PgBouncer,
    PgBouncerPolicy,
    Policy,
    Pool,
    Redis,
    RedisAuth,
    RedisResources,
    Resources,
    Sentinel,
    ServerTls,
    Storage,
)
from infra.capacity.connections import Pooler
from infra.components.kubernetes.chart_release import ChartRelease, ChartReleaseArgs
from infra.pod_spec import APP, NAME
from infra.thresholds import (
    DATABASE_PORT,
    POOLER_POD_CPU,
    POOLER_POD_MEMORY,
    POOLER_PODS,
    REDIS_POD_CPU,
    REDIS_POD_MEMORY,
    REDIS_PORT,
    SENTINEL_CPU,
    SENTINEL_MEMORY,
    SENTINEL_PORT,
)

_REDIS_MAX_MEMORY = 768  # MiB: charts/redis: three quarters of the pod's memory

POOLER, REDIS = "pgbouncer", "redis"
USERS = "pgbouncer-users"
USERS_KEY = "userlist.txt"
REDIS_SECRET = "redis-credentials"  # noqa: S105  its name, not what is in it
MASTER = "ascent"
# Placeholder in the typed values for a host that is known only after the update.
_PLACEHOLDER = "later.invalid"
CLIENTS = {NAME: APP}


def pooler_host(namespace: str) -> str:
    """Host of PgBouncer for pods of the cluster."""
    return f"{POOLER}.{namespace}.svc"


def redis_url(namespace: str, token: pulumi.Input[str]) -> pulumi.Output[str]:
    """URL of the sentinels, with the name of the Redis master."""
    host = f"{REDIS}-sentinel.{namespace}.svc:{SENTINEL_PORT.value}"
    return pulumi.Output.concat("redis+sentinel://:", token, "@", host, "/", MASTER)


def pooler_values(
    pooler: Pooler, names: list[str], database: str, cidrs: Sequence[str], *, together: bool, roots: str | None
) -> PgBouncer:
    """Values of PgBouncer for databases with these names, each of which is `database` on a server.

    Each has its own server, or with `together` all have one: a replica, which forwards writes. The hosts are
    placeholders until they are known.

    Args:
        pooler: size of the pools.
        names: names of the databases in PgBouncer.
        database: name of the database on the server.
        cidrs: ranges of the servers.
        together: whether one server serves all.
        roots: root certificates of the servers in PEM; None to verify none.
    """
    both = pooler.cap * len(names)
    return PgBouncer(
        replicas=POOLER_PODS.value,
        databases=[
            Database(name=name, host=f"{name}.{_PLACEHOLDER}", port=DATABASE_PORT.value, dbname=database)
            for name in names
        ],
        connection_budget=pooler.connections * (len(names) if together else 1),
        pool=Pool(
            default_size=pooler.cap,
            # No reserve beyond the cap: the connection budget counts the cap alone.
            reserve_size=0,
            max_db_connections=pooler.cap,
            max_user_connections=both,
            max_client_connections=pooler.clients,
        ),
        auth=Auth(secret_name=USERS, key=USERS_KEY),
        # Without roots, connections are encrypted, but the server is not verified: docs/adr/0012 and 0042.
        server_tls=ServerTls(mode="verify-full", ca=AuthorityFile(pem=roots)) if roots else ServerTls(mode="require"),
        network_policy=PgBouncerPolicy(clients=CLIENTS, database_cidrs=list(cidrs)),
        resources=Resources(
            requests=Amounts(cpu=f"{POOLER_POD_CPU.value}m", memory=f"{POOLER_POD_MEMORY.value}Mi"),
            limits=Amounts(cpu="1", memory=f"{POOLER_POD_MEMORY.value * 2}Mi"),
        ),
    )


def redis_values(storage_class: str | None) -> Redis:
    """Values of Redis with sentinels."""
    return Redis(
        port=REDIS_PORT.value,
        maxmemory_mi=_REDIS_MAX_MEMORY,
        auth=RedisAuth(secret_name=REDIS_SECRET, key="password"),
        sentinel=Sentinel(
            port=SENTINEL_PORT.value,
            master_name=MASTER,
            resources=Resources(
                requests=Amounts(cpu=f"{SENTINEL_CPU.value}m", memory=f"{SENTINEL_MEMORY.value}Mi"),
                limits=Amounts(cpu="200m", memory=f"{SENTINEL_MEMORY.value * 2}Mi"),
            ),
        ),
        storage=Storage(class_name=storage_class or ""),
        network_policy=Policy(clients=CLIENTS),
        resources=RedisResources(cpu_request=f"{REDIS_POD_CPU.value}m", memory_mi=REDIS_POD_MEMORY.value),
    )


def release_pooler(
    name: str,
    values: PgBouncer,
    hosts: Mapping[str, pulumi.Input[str]],
    namespace: str,
    opts: pulumi.ResourceOptions,
) -> ChartRelease:
    """Release PgBouncer for the databases at `hosts`. It reloads changed users by itself, so it needs no revision."""
    helm: dict[str, Any] = values.to_helm()
    for database in helm["databases"]:
        database["host"] = hosts[database["name"]]
    return _release(name, POOLER, namespace, helm, opts)


def release_redis(
    name: str, values: Redis, namespace: str, revision: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> ChartRelease:
    """Release Redis with sentinels. A new `revision` of its password restarts its pods in turn."""
    helm: dict[str, Any] = values.to_helm()
    helm["auth"]["revision"] = revision
    return _release(name, REDIS, namespace, helm, opts)


def _release(
    name: str, chart: str, namespace: str, helm: Mapping[str, object], opts: pulumi.ResourceOptions
) -> ChartRelease:
    return ChartRelease(
        f"{name}-{chart}",
        ChartReleaseArgs(
            chart=f"./charts/{chart}", release=chart, digest=digest(chart), namespace=namespace, values=helm
        ),
        opts=opts,
    )
