"""Egress of the pods: what network policies let them connect to."""

from __future__ import annotations

from infra.components.kubernetes.network_policies import Reach
from infra.config.settings import Settings
from infra.database_url import port
from infra.pod_spec import NAME
from infra.security_groups import ANYWHERE
from infra.thresholds import DATABASE_PORT, REDIS_PORT, SENTINEL_PORT
from infra.wiring.helm_releases import POOLER, REDIS

_POOLER_PORT = 6432  # PgBouncer documentation: listen_port


def app_reach(settings: Settings) -> list[Reach]:
    """Destinations of the application's pods: the database, PgBouncer and the cache.

    The same at every stage, also where one of them does not exist: policies change before pods do, and pods that are
    not replaced yet use what the previous stage had.
    """
    found = [
        _own_database(settings),
        Reach(ports=[_POOLER_PORT], selected={NAME: POOLER}),
        Reach(ports=[REDIS_PORT.value, SENTINEL_PORT.value], selected={NAME: REDIS}),
        Reach(ports=[REDIS_PORT.value], cidrs=settings.ranges),
    ]
    if settings.external_database is not None:
        found.append(database_reach(settings))
    cache = settings.external_cache
    if cache is not None:
        url = cache.url.get_secret_value()
        found.append(Reach(ports=[port(url, REDIS_PORT.value)], cidrs=[ANYWHERE]))
    return found


def database_reach(settings: Settings) -> Reach:
    """The database itself: Aurora in any region of the stack, or an external database at any address."""
    external = settings.external_database
    if external is None:
        return _own_database(settings)
    urls = (external.direct_url.get_secret_value(), external.pooled_url.get_secret_value())
    return Reach(ports=sorted({port(url, DATABASE_PORT.value) for url in urls}), cidrs=[ANYWHERE])


def _own_database(settings: Settings) -> Reach:
    return Reach(ports=[DATABASE_PORT.value], cidrs=settings.ranges)
