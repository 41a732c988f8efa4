"""The Kubernetes Secrets of the application. Their values are those of the version that Secrets Manager holds."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from infra.components.database import DATABASE
from infra.database_url import password, through, userlist
from infra.platform.databases import DIRECT_URL, READERS, pools_in_cluster
from infra.platform.in_cluster import REDIS_SECRET, USERS, USERS_KEY, pooler_host
from infra.platform.surroundings import Surroundings

APP_SECRET, DATABASE_SECRET = "app-secrets", "database-credentials"
URL, READER_URL = "DATABASE_URL", "DATABASE_READER_URL"
REDIS_URL, REDIS_READER_URL = "REDIS_URL", "REDIS_READER_URL"

__all__ = ["APP_SECRET", "DATABASE_SECRET", "REDIS_SECRET", "pod_secrets"]


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
        found[USERS] = {USERS_KEY: direct.apply(userlist)}
    if REDIS_URL in held:
        url = secret.value(REDIS_URL)
        found[REDIS_SECRET] = {"url": url, "readerUrl": secret.value(REDIS_READER_URL), "password": url.apply(password)}
    own = held - {*database, REDIS_URL, REDIS_READER_URL}
    if own:
        found[APP_SECRET] = {name: secret.value(name) for name in sorted(own)}
    return found


def _by_way_of(url: pulumi.Output[str], host: str, alias: str) -> pulumi.Output[str]:
    return url.apply(lambda known: through(known, host, alias))
