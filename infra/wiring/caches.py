"""The cache, in every region: one Global Datastore for the standbys, a cache of their own for the rest."""

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
from infra.wiring.alarms import of_cache
from infra.wiring.cache_engine import NONE
from infra.wiring.databases import Secrets
from infra.wiring.site import Site


@dataclass(frozen=True, kw_only=True)
class Caches:
    """What there is, by region.

    secrets: the application's addresses: where it writes, and where it reads.
    subjects: what is to be watched; nothing of an external one, nor of one in the cluster.
    engine: the engine of ElastiCache; `NONE` where there is another cache, or none.
    """

    secrets: Mapping[str, Secrets]
    subjects: Mapping[str, Sequence[Subject]]
    engine: pulumi.Input[str]


def caches(sites: Sequence[Site], token: pulumi.Output[str], engine: str, *, rotates: bool) -> Caches:
    """Declare the caches; `rotates` where the token is a new one, and clients may still have the last.

    A Global Datastore takes writes in one region alone, so the others reach it over a peering, and read at home. Beyond
    its three regions, each has a cache that knows of no other: what is in it has a time to live.
    """
    external, size = sites[0].settings.external_cache, sites[0].settings.sizes.cache
    if external is not None or size is None:
        url = pulumi.Output.secret(external.url.get_secret_value() if external else "")
        return _same(sites, url)
    if size.in_cluster:
        # Only pods use it, so that only they need the module, which imports a large SDK.
        from infra.wiring.in_cluster import redis_url

        return _same(sites, redis_url(naming.namespace(pulumi.get_project(), pulumi.get_stack()), token))
    members = [site for site in sites if site.place.standby]
    made = _datastore(members, token, size, engine, rotates=rotates)
    made |= {site.name: _cache(site, token, size, engine, rotates=rotates) for site in sites if site.name not in made}
    writing = next(made[site.name] for site in sites if site.place.writes)
    secrets = {
        site.name: {
            "REDIS_URL": _url(token, (writing if site in members else made[site.name]).endpoint),
            "REDIS_READER_URL": _url(token, made[site.name].reader_endpoint),
        }
        for site in sites
    }
    follows = [site for site in members if not site.place.writes]
    subjects = {site.name: list(of_cache(site, made[site.name], follows=site in follows)) for site in sites}
    return Caches(secrets=secrets, subjects=subjects, engine=made[sites[0].name].engine)


def _same(sites: Sequence[Site], url: pulumi.Output[str]) -> Caches:
    secrets = {site.name: {"REDIS_URL": url, "REDIS_READER_URL": url} for site in sites}
    return Caches(secrets=secrets, subjects={}, engine=NONE)


def _datastore(
    members: Sequence[Site], token: pulumi.Output[str], size: CacheSize, engine: str, *, rotates: bool
) -> dict[str, Cache]:
    home, *others = members
    made = {home.name: _cache(home, token, size, engine, members, rotates=rotates)}
    if not others:
        return made
    # By their place in the address plan: the order in the stack's file may change, and the names stay.
    for one, other in combinations(sorted(members, key=lambda site: site.place.region.slot), 2):
        Peering(f"{one.base}-{other.place.region.code}", PeeringArgs(asks=one.side, accepts=other.side))
    world = GlobalCache(
        f"{home.base}-global",
        GlobalCacheArgs(primary_id=made[home.name].replication_group_id, engine=engine, node_type=size.node_type),
        opts=home.place.options,
    )
    return made | {
        one.name: _cache(one, token, size, engine, members, world.identifier, rotates=rotates) for one in others
    }


def _cache(
    site: Site,
    token: pulumi.Output[str],
    size: CacheSize,
    engine: str,
    members: Sequence[Site] = (),
    joins: pulumi.Input[str] | None = None,
    *,
    rotates: bool,
) -> Cache:
    return Cache(
        f"{site.base}-cache",
        CacheArgs(
            vpc_id=site.network.vpc_id,
            subnet_ids=site.network.data_subnet_ids,
            client_cidr=str(site.vpc),
            peer_cidrs={one.name: str(one.vpc) for one in members if one is not site},
            key_arn=site.key_arn,
            token=token,
            rotates=rotates,
            engine=engine,
            member=len(members) > 1,
            global_identifier=joins,
            node_type=size.node_type,
            nodes=size.nodes,
        ),
        opts=site.place.options,
    )


def _url(token: pulumi.Output[str], host: pulumi.Output[str]) -> pulumi.Output[str]:
    return pulumi.Output.concat("rediss://:", token, "@", host, f":{REDIS_PORT.value}")
