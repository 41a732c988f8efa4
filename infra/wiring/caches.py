"""The cache tier: one Global Datastore for the standby regions, and a cache of its own for every other region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import pulumi

from infra import naming
from infra.alarms.subject import Subject
from infra.components.data.cache import Cache, CacheArgs
from infra.components.data.global_cache import GlobalCache, GlobalCacheArgs
from infra.components.network.peering import Peering, PeeringArgs
from infra.stages import CacheSize
from infra.thresholds import REDIS_PORT
from infra.wiring.alarm_subjects import of_cache
from infra.wiring.cache_engine import NONE
from infra.wiring.databases import Secrets
from infra.wiring.networks import RegionNetwork, peering_side
from infra.wiring.region_context import RegionContext


@dataclass(frozen=True, kw_only=True)
class Caches:
    """Result of the cache tier.

    secrets: the application's cache URLs for writes and for reads, by region.
    subjects: what gets alarms, by region; nothing for an external cache or one in the cluster.
    engine: the engine of ElastiCache; `NONE` where the stack has another cache, or none.
    """

    secrets: Mapping[str, Secrets]
    subjects: Mapping[str, Sequence[Subject]]
    engine: pulumi.Input[str]


def caches(
    regions: Sequence[RegionContext],
    networks: Mapping[str, RegionNetwork],
    token: pulumi.Output[str],
    engine: str,
    *,
    rotates: bool,
) -> Caches:
    """Declare the caches.

    A Global Datastore takes writes in one region alone, so the others write over a VPC peering, and read from their own
    replica. Every region beyond its three has a separate cache, which is not replicated: its entries have a time to
    live.

    Args:
        regions: the regions in use, the home region first.
        networks: their networks, by region.
        token: the password.
        engine: engine of ElastiCache.
        rotates: whether the token is a new one, and clients may still use the previous one.
    """
    settings = regions[0].settings
    external, size = settings.external_cache, settings.sizes.cache
    if external is not None or size is None:
        url = pulumi.Output.secret(external.url.get_secret_value() if external else "")
        return _same_everywhere(regions, url)
    if size.in_cluster:
        # Imported here, as only pods use this cache, and the module imports a large SDK.
        from infra.wiring.helm_releases import redis_url

        return _same_everywhere(regions, redis_url(naming.namespace(pulumi.get_project(), pulumi.get_stack()), token))
    members = [region for region in regions if region.is_standby]
    made = _datastore(members, networks, token, size, engine, rotates=rotates)
    made |= {
        region.name: _cache(region, networks[region.name], token, size, engine, rotates=rotates)
        for region in regions
        if region.name not in made
    }
    writer = next(made[region.name] for region in regions if region.takes_writes)
    secrets = {
        region.name: {
            "REDIS_URL": _url(token, (writer if region in members else made[region.name]).endpoint),
            "REDIS_READER_URL": _url(token, made[region.name].reader_endpoint),
        }
        for region in regions
    }
    replicas = [region for region in members if not region.takes_writes]
    subjects = {
        region.name: list(of_cache(region, made[region.name], replica=region in replicas)) for region in regions
    }
    return Caches(secrets=secrets, subjects=subjects, engine=made[regions[0].name].engine)


def _same_everywhere(regions: Sequence[RegionContext], url: pulumi.Output[str]) -> Caches:
    secrets = {region.name: {"REDIS_URL": url, "REDIS_READER_URL": url} for region in regions}
    return Caches(secrets=secrets, subjects={}, engine=NONE)


def _datastore(
    members: Sequence[RegionContext],
    networks: Mapping[str, RegionNetwork],
    token: pulumi.Output[str],
    size: CacheSize,
    engine: str,
    *,
    rotates: bool,
) -> dict[str, Cache]:
    """Declare the caches of the standby regions, and what joins them. Returns them by region."""
    home, *others = members
    made = {home.name: _cache(home, networks[home.name], token, size, engine, members, rotates=rotates)}
    if not others:
        return made
    # Sorted by address slot: the order in the stack file may change, and the names stay the same.
    for one, other in combinations(sorted(members, key=lambda region: region.aws_region.slot), 2):
        asks, accepts = (peering_side(end, networks[end.name]) for end in (one, other))
        Peering(f"{one.base}-{other.aws_region.code}", PeeringArgs(asks=asks, accepts=accepts))
    shared = GlobalCache(
        f"{home.base}-global",
        GlobalCacheArgs(primary_id=made[home.name].replication_group_id, engine=engine, node_type=size.node_type),
        opts=home.options,
    )
    return made | {
        one.name: _cache(one, networks[one.name], token, size, engine, members, shared.identifier, rotates=rotates)
        for one in others
    }


def _cache(
    region: RegionContext,
    network: RegionNetwork,
    token: pulumi.Output[str],
    size: CacheSize,
    engine: str,
    members: Sequence[RegionContext] = (),
    joins: pulumi.Input[str] | None = None,
    *,
    rotates: bool,
) -> Cache:
    return Cache(
        f"{region.base}-cache",
        CacheArgs(
            vpc_id=network.vpc_id,
            subnet_ids=network.data_subnet_ids,
            client_cidr=str(region.vpc_cidr),
            peer_cidrs={one.name: str(one.vpc_cidr) for one in members if one is not region},
            key_arn=region.key_arn,
            token=token,
            rotates=rotates,
            engine=engine,
            member=len(members) > 1,
            global_identifier=joins,
            node_type=size.node_type,
            nodes=size.nodes,
        ),
        opts=region.options,
    )


def _url(token: pulumi.Output[str], host: pulumi.Output[str]) -> pulumi.Output[str]:
    return pulumi.Output.concat("rediss://:", token, "@", host, f":{REDIS_PORT.value}")
