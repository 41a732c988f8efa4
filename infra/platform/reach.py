"""What the application's pods have to reach in the network, for the policies that let them."""

from __future__ import annotations

from infra.components.network_policies import Reach
from infra.database_url import port
from infra.platform.databases import pools_in_cluster
from infra.platform.in_cluster import POOLER, REDIS
from infra.pod_spec import NAME
from infra.security_groups import ANYWHERE
from infra.settings import Settings
from infra.thresholds import DATABASE_PORT, POOLER_PORT, REDIS_PORT, SENTINEL_PORT


def app_reach(settings: Settings) -> list[Reach]:
    """The database, its pooler and the cache, wherever they are."""
    found = [database_reach(settings)]
    if pools_in_cluster(settings):
        found.append(Reach(ports=[POOLER_PORT.value], selected={NAME: POOLER}))
    external, cache = settings.external_cache, settings.sizes.cache
    if external is not None:
        url = external.url.get_secret_value()
        found.append(Reach(ports=[port(url, REDIS_PORT.value)], cidrs=[ANYWHERE]))
    elif cache is not None and cache.in_cluster:
        found.append(Reach(ports=[REDIS_PORT.value, SENTINEL_PORT.value], selected={NAME: REDIS}))
    elif cache is not None:
        found.append(Reach(ports=[REDIS_PORT.value], cidrs=settings.ranges))
    return found


def database_reach(settings: Settings) -> Reach:
    """The database itself: ours in whichever region of the stack it is, or somebody else's anywhere."""
    external = settings.external_database
    if external is None:
        return Reach(ports=[DATABASE_PORT.value], cidrs=settings.ranges)
    urls = (external.direct_url.get_secret_value(), external.pooled_url.get_secret_value())
    return Reach(ports=sorted({port(url, DATABASE_PORT.value) for url in urls}), cidrs=[ANYWHERE])
