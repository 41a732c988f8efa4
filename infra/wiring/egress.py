"""What the application's pods have to reach in the network, for the policies that let them."""

from __future__ import annotations

from infra.components.kubernetes.network_policies import Reach
from infra.config.settings import Settings
from infra.database_url import port
from infra.pod_spec import NAME
from infra.security_groups import ANYWHERE
from infra.thresholds import DATABASE_PORT, POOLER_PORT, REDIS_PORT, SENTINEL_PORT
from infra.wiring.in_cluster import POOLER, REDIS


def app_reach(settings: Settings) -> list[Reach]:
    """The database, its pooler and the cache, wherever they are.

    At every stage, with or without them: policies change before pods do, and a pod that is still to be replaced uses
    what its stage had.
    """
    found = [
        _own_database(settings),
        Reach(ports=[POOLER_PORT.value], selected={NAME: POOLER}),
        Reach(ports=[REDIS_PORT.value, SENTINEL_PORT.value], selected={NAME: REDIS}),
        Reach(ports=[REDIS_PORT.value], cidrs=settings.ranges),
    ]
    if settings.external_database is not None:
        found.append(database_reach(settings))
    if settings.external_cache is not None:
        url = settings.external_cache.url.get_secret_value()
        found.append(Reach(ports=[port(url, REDIS_PORT.value)], cidrs=[ANYWHERE]))
    return found


def database_reach(settings: Settings) -> Reach:
    """The database itself: ours in whichever region of the stack it is, or somebody else's anywhere."""
    external = settings.external_database
    if external is None:
        return _own_database(settings)
    urls = (external.direct_url.get_secret_value(), external.pooled_url.get_secret_value())
    return Reach(ports=sorted({port(url, DATABASE_PORT.value) for url in urls}), cidrs=[ANYWHERE])


def _own_database(settings: Settings) -> Reach:
    return Reach(ports=[DATABASE_PORT.value], cidrs=settings.ranges)
