"""Kubernetes Secrets of the application, with the values of the version in Secrets Manager."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pulumi

from infra.components.data.database import DATABASE
from infra.database_url import password, through, userlist
from infra.wiring.databases import DIRECT_URL, READERS, pools_in_cluster
from infra.wiring.helm_releases import POOLER, REDIS_SECRET, USERS, USERS_KEY, pooler_host
from infra.wiring.workload_context import WorkloadContext

APP_SECRET, DATABASE_SECRET, JOBS_SECRET = "app-secrets", "database-credentials", "jobs-credentials"
URL, READER_URL = "DATABASE_URL", "DATABASE_READER_URL"
REDIS_URL, REDIS_READER_URL = "REDIS_URL", "REDIS_READER_URL"

# Keys of its Secret that Redis in the cluster reads when it starts; the application reads the others.
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


def pod_secrets(workload: WorkloadContext, namespace: str) -> dict[str, Mapping[str, pulumi.Input[str]]]:
    """Keys and values of each Secret, by its name, as secret outputs. A Secret without a value is left out."""
    settings, secret = workload.region.settings, workload.secret
    held = set(secret.names)
    database = {name: secret.value(name) for name in (URL, READER_URL, DIRECT_URL) if name in held}
    found: dict[str, Mapping[str, pulumi.Input[str]]] = {DATABASE_SECRET: database}
    if pools_in_cluster(settings):
        direct, host = secret.value(DIRECT_URL), pooler_host(namespace)
        for name, alias in ((URL, DATABASE), (READER_URL, READERS)):
            if name in held:
                database[name] = _through_pooler(direct, host, alias)
        found[USERS] = {USERS_KEY: _users(workload, direct)}
    if settings.database.roles:
        # A Secret of its own, because pods of the application may not change tables.
        found[JOBS_SECRET] = {DIRECT_URL: workload.data.jobs}
    if REDIS_URL in held:
        url = secret.value(REDIS_URL)
        found[REDIS_SECRET] = {"url": url, "readerUrl": secret.value(REDIS_READER_URL), "password": url.apply(password)}
        last = workload.data.last_token
        if last is not None:
            # For pods that have not been replaced yet.
            found[REDIS_SECRET] = {**found[REDIS_SECRET], "previousPassword": last}
    # Under the names that the application chose for the variables; of the URLs, only those for pods.
    application = settings.described
    names = application.names
    found[DATABASE_SECRET] = application.renamed(database)
    own = held - {*found[DATABASE_SECRET], REDIS_URL, REDIS_READER_URL, *names.values()}
    if own:
        found[APP_SECRET] = {name: secret.value(name) for name in sorted(own)}
    return found


def read_by_pods(workload: WorkloadContext) -> pulumi.Output[str]:
    """A revision that changes with every value that pods read from the Secrets. Pods are replaced when it changes.

    It names the pooler too, as the URL through PgBouncer is not part of the version in Secrets Manager.
    """
    version = pulumi.Output.from_input(workload.secret.version)
    return pulumi.Output.concat(version, "-", POOLER) if pools_in_cluster(workload.region.settings) else version


def redis_revision(secret: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
    """A revision that changes with the passwords of Redis, and with nothing else in the application's secret.

    It is a digest, so it is right whatever changes them. It is shortened, and the passwords are random with more than
    300 bits (`CACHE_TOKEN_LENGTH`), so it does not help to find them.
    """
    own = [secret[key] for key in REDIS_PASSWORDS if key in secret]
    digest = pulumi.Output.all(*own).apply(
        lambda known: hashlib.sha256("\n".join(known).encode()).hexdigest()[:_REVISION_LENGTH]
    )
    return pulumi.Output.unsecret(digest)


def _users(workload: WorkloadContext, direct: pulumi.Output[str]) -> pulumi.Output[str]:
    """PgBouncer's list of users: the application's user, and with roles also those that pods may still use."""
    if len(workload.data.poolers) < 2:
        return direct.apply(userlist)
    urls = [user.url("any") for user in workload.data.poolers]
    return pulumi.Output.secret(pulumi.Output.all(*urls).apply(lambda known: "".join(userlist(url) for url in known)))


def _through_pooler(url: pulumi.Output[str], host: str, alias: str) -> pulumi.Output[str]:
    return url.apply(lambda known: through(known, host, alias))
