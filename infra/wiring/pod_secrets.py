"""The Kubernetes Secrets of the application. Their values are those of the version that Secrets Manager holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pulumi

from infra.components.data.database import DATABASE
from infra.database_url import password, through, userlist
from infra.wiring.databases import DIRECT_URL, READERS, pools_in_cluster
from infra.wiring.in_cluster import POOLER, REDIS_SECRET, USERS, USERS_KEY, pooler_host
from infra.wiring.workload_context import Surroundings

APP_SECRET, DATABASE_SECRET, JOBS_SECRET = "app-secrets", "database-credentials", "jobs-credentials"
URL, READER_URL = "DATABASE_URL", "DATABASE_READER_URL"
REDIS_URL, REDIS_READER_URL = "REDIS_URL", "REDIS_READER_URL"

# What Redis in the cluster reads of its Secret when it starts; the rest is the application's.
REDIS_PASSWORDS = ("password", "previousPassword")
_REVISION_LENGTH = 16

__all__ = [
    "APP_SECRET",
    "DATABASE_SECRET",
    "JOBS_SECRET",
    "REDIS_SECRET",
    "pod_secrets",
    "read_by_pods",
    "redis_revision",
]


def pod_secrets(around: Surroundings, namespace: str) -> dict[str, Mapping[str, pulumi.Input[str]]]:
    """Keys and values by name of each Secret, as secret outputs; a Secret without a value is left out."""
    secret = around.secret
    held = set(secret.names)
    database = {name: secret.value(name) for name in (URL, READER_URL, DIRECT_URL) if name in held}
    found: dict[str, Mapping[str, pulumi.Input[str]]] = {DATABASE_SECRET: database}
    if pools_in_cluster(around.settings):
        direct, host = secret.value(DIRECT_URL), pooler_host(namespace)
        for name, alias in ((URL, DATABASE), (READER_URL, READERS)):
            if name in held:
                database[name] = _by_way_of(direct, host, alias)
        found[USERS] = {USERS_KEY: _users(around, direct)}
    if around.settings.database.roles:
        # Apart, because pods of the application may not change tables.
        found[JOBS_SECRET] = {DIRECT_URL: around.data.jobs}
    if REDIS_URL in held:
        url = secret.value(REDIS_URL)
        found[REDIS_SECRET] = {"url": url, "readerUrl": secret.value(REDIS_READER_URL), "password": url.apply(password)}
        last = around.data.last_token
        if last is not None:
            # Beside the new one, for pods that have not been replaced yet.
            found[REDIS_SECRET] = {**found[REDIS_SECRET], "previousPassword": last}
    # By whatever names: of the addresses, those that pods have.
    names = around.settings.described.names
    found[DATABASE_SECRET] = around.settings.described.renamed(database)
    own = held - {*found[DATABASE_SECRET], REDIS_URL, REDIS_READER_URL, *names.values()}
    if own:
        found[APP_SECRET] = {name: secret.value(name) for name in sorted(own)}
    return found


def read_by_pods(around: Surroundings) -> pulumi.Output[str]:
    """What changes with whatever pods read of the Secrets when they start: they are replaced when it does.

    The address by way of a pooler in the cluster is no part of the version that Secrets Manager holds.
    """
    version = pulumi.Output.from_input(around.secret.version)
    return pulumi.Output.concat(version, "-", POOLER) if pools_in_cluster(around.settings) else version


def redis_revision(secret: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
    """What changes with Redis' own passwords, and with nothing else in the application's secret.

    A digest, so that it is right whatever changes them; a part of one, and of random passwords of more than 300 bits
    (`CACHE_TOKEN_LENGTH`), so that nobody who reads it comes closer to them than by guessing.
    """
    own = [secret[key] for key in REDIS_PASSWORDS if key in secret]
    digest = pulumi.Output.all(*own).apply(
        lambda known: hashlib.sha256("\n".join(known).encode()).hexdigest()[:_REVISION_LENGTH]
    )
    return pulumi.Output.unsecret(digest)


def _users(around: Surroundings, direct: pulumi.Output[str]) -> pulumi.Output[str]:
    """Whom the pooler lets in: the user of the application, and with roles also those that pods may still have."""
    if len(around.data.poolers) < 2:
        return direct.apply(userlist)
    urls = [user.url("any") for user in around.data.poolers]
    return pulumi.Output.secret(pulumi.Output.all(*urls).apply(lambda known: "".join(userlist(url) for url in known)))


def _by_way_of(url: pulumi.Output[str], host: str, alias: str) -> pulumi.Output[str]:
    return url.apply(lambda known: through(known, host, alias))
