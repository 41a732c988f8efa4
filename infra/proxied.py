"""Whether an RDS Proxy reaches its database: no client is given its address before.

The provider registers a proxy's target and does not wait for it (terraform-provider-aws,
internal/service/rds/proxy_target.go). Until the proxy has its capacity and is logged in, it refuses every client.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

from infra.asking import answered
from infra.clients import Clients
from infra.thresholds import PROXY_WAIT, SERVING_POLL

# Amazon RDS API Reference, DBProxyTarget and TargetHealth.
Role = Literal["READ_WRITE", "READ_ONLY"]
_AVAILABLE = "AVAILABLE"
_WHY = {
    "AUTH_FAILURE": "the database refuses the user or the password of the proxy's secrets",
    "CONNECTION_FAILED": "the proxy cannot connect to the database: look at the security groups of both",
    "PENDING_PROXY_CAPACITY": "the proxy does not have its capacity yet",
    "UNREACHABLE": "the proxy cannot reach the database: look at the security groups of both",
}


@dataclass(frozen=True, kw_only=True)
class Proxied:
    """The address of a proxy.

    host: host name of the proxy, or of its endpoint for readers.
    region: its AWS region. proxy_name: the proxy's name at AWS, known once it has its target.
    role: what a target has to do for it.
    in_use: whether clients have the address already: then a proxy that does not get there is a warning.
    """

    host: pulumi.Output[str]
    region: str
    proxy_name: pulumi.Output[str]
    role: Role
    in_use: bool


def once_available(proxied: Proxied, clients: Clients) -> pulumi.Output[str]:
    """The address, known once the proxy reaches its database. In a preview, nothing is asked.

    Raises:
        pulumi.RunError: later, by way of the engine, when a proxy without clients yet does not become available.
    """
    if pulumi.runtime.is_dry_run():
        return proxied.host
    known: pulumi.Output[Sequence[str]] = pulumi.Output.all(proxied.host, proxied.proxy_name)

    async def waited(values: Sequence[str]) -> str:
        host, proxy = values
        await _available(proxy, proxied, clients)
        return host

    return known.apply(waited)


def obstacle(clients: Clients, region: str, proxy: str, role: Role) -> str | None:
    """Why no target of a proxy does what `role` says; None where one does.

    Raises:
        the errors of `infra.clients.faults`: when AWS does not answer.
    """
    pages = clients("rds", region).get_paginator("describe_db_proxy_targets").paginate(DBProxyName=proxy)
    # The cluster itself is a target too, and has no health: its instances have.
    targets = [one for page in pages for one in page["Targets"] if "TargetHealth" in one]
    if any(one["TargetHealth"].get("State") == _AVAILABLE and one.get("Role") == role for one in targets):
        return None
    return next((_told(one["TargetHealth"]) for one in targets if one["TargetHealth"].get("Reason")), "no reason given")


def _told(health: Any) -> str:
    reason = str(health["Reason"])
    return f"{reason}, {_WHY.get(reason) or health.get('Description') or health.get('State')}"


async def _available(proxy: str, proxied: Proxied, clients: Clients) -> None:
    began = time.monotonic()
    limit = SERVING_POLL if proxied.in_use else PROXY_WAIT

    def ask() -> str | None:
        return obstacle(clients, proxied.region, proxy, proxied.role)

    while True:
        why = await answered(ask, proxy, "whether it reaches the database")
        if why is None:
            return
        told = f"RDS Proxy {proxy} in {proxied.region} has no available target that is {proxied.role}: {why}"
        if time.monotonic() - began >= limit.value:
            look = f"aws rds describe-db-proxy-targets --region {proxied.region} --db-proxy-name {proxy}"
            if not proxied.in_use:
                raise pulumi.RunError(f"{told}. No client was given its address. Look with {look}, then run pulumi up")
            pulumi.log.warn(f"{told}. Clients have its address already. Look with {look}")
            return
        pulumi.log.info(told, ephemeral=True)
        await asyncio.sleep(SERVING_POLL.value)
