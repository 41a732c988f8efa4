"""Cloudflare's load balancer: each visitor to the nearest healthy region, and on to the next where that is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra import naming
from infra.thresholds import (
    HEALTH_INTERVAL,
    HEALTH_TIMEOUT,
    HEALTHY_COUNT,
    HTTPS_PORT,
    MONITOR_RETRIES,
    UNHEALTHY_COUNT,
)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """One region's load balancer.

    pool: name of its pool, unique in the Cloudflare account.
    address: its host name, known once something behind it answers.
    watched_from: part of the world that Cloudflare checks its health from.
    serves: whether visitors may be sent there, if it is healthy.
    """

    pool: str
    address: pulumi.Input[str]
    watched_from: str
    serves: bool


@dataclass(frozen=True, kw_only=True)
class GlobalTrafficArgs:
    """What steering needs.

    zone_id: Cloudflare zone of the host.
    host: host name of the application. A DNS record of the same name may exist, and is used when this does not.
    health_path: what it answers with 200 while it works.
    origins: origin by region.
    order: regions by preference, where nothing else is known. The first gets what no healthy region can.
    nearest: the same, for each part of the world.
    shortest: seconds between two checks, at least.
    """

    zone_id: str
    host: str
    health_path: str
    origins: Mapping[str, Origin]
    order: Sequence[str]
    nearest: Mapping[str, Sequence[str]]
    shortest: int


class GlobalTraffic(pulumi.ComponentResource):
    """A proxied load balancer without sessions, its pools and the monitor they share.

    balancer_id: its id at Cloudflare.
    """

    def __init__(self, name: str, args: GlobalTrafficArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("GlobalTraffic"), name, None, opts)
        import pulumi_cloudflare as cloudflare

        child = pulumi.ResourceOptions(parent=self)
        # Pools and monitors belong to the account, which the zone knows.
        account_id = cloudflare.get_zone_output(
            zone_id=args.zone_id, opts=pulumi.InvokeOutputOptions(parent=self)
        ).account.id
        interval = max(HEALTH_INTERVAL.value, args.shortest)
        monitor = cloudflare.LoadBalancerMonitor(
            name,
            account_id=account_id,
            description=f"Health of {args.host}",
            type="https",
            method="GET",
            path=args.health_path,
            port=HTTPS_PORT.value,
            expected_codes="200",
            # What the region's load balancer has a certificate for.
            header={"Host": [args.host]},
            interval=interval,
            timeout=HEALTH_TIMEOUT.value,
            retries=MONITOR_RETRIES.value,
            consecutive_up=HEALTHY_COUNT.value,
            # Of rarer checks fewer, so that a region that is down is found out after about as long.
            consecutive_down=-(-UNHEALTHY_COUNT.value * HEALTH_INTERVAL.value // interval),
            opts=child,
        )
        pools = {
            region: cloudflare.LoadBalancerPool(
                one.pool,
                account_id=account_id,
                name=one.pool,
                description=f"{args.host} in {region}",
                monitor=monitor.id,
                enabled=one.serves,
                check_regions=[one.watched_from],
                minimum_origins=1,
                origins=[
                    {
                        "name": region,
                        "address": one.address,
                        "enabled": True,
                        "weight": 1,
                        "header": {"hosts": [args.host]},
                    }
                ],
                opts=child,
            ).id
            for region, one in args.origins.items()
        }
        balancer = cloudflare.LoadBalancer(
            name,
            zone_id=args.zone_id,
            name=args.host,
            description=f"The regions of {args.host}",
            proxied=True,
            enabled=True,
            session_affinity="none",
            steering_policy="geo",
            region_pools={part: [pools[region] for region in regions] for part, regions in args.nearest.items()},
            default_pools=[pools[region] for region in args.order],
            fallback_pool=pools[args.order[0]],
            # A region that stops answering between two checks costs a retry in the next one, not an error.
            adaptive_routing={"failover_across_pools": True},
            opts=child,
        )
        self.balancer_id = balancer.id
        self.register_outputs({"balancerId": self.balancer_id})
