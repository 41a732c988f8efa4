"""RDS Proxy of a region, and when clients get its addresses."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra.capacity.connections import pool_percent, server_limit
from infra.clients import Clients
from infra.components.data.credentials import Credentials
from infra.components.data.database import Database
from infra.components.data.master_secret import MasterSecret
from infra.components.data.proxy import Proxy, ProxyArgs
from infra.components.data.role_secrets import RoleSecrets
from infra.proxied import Proxied, Role, once_available
from infra.roles.names import APPLICATIONS
from infra.stages import Capability
from infra.wiring.endpoints import PROXY, PROXY_READS, Given
from infra.wiring.networks import RegionNetwork
from infra.wiring.region_context import RegionContext


@dataclass(frozen=True, kw_only=True, slots=True)
class ProxyGate:
    """Holds the addresses of a proxy back until the proxy reaches the database.

    before: endpoints that clients use already, by region.
    clients: AWS clients, to ask for the state of a proxy; None to hold nothing back.
    """

    before: Given
    clients: Clients | None

    def writes(self, region: RegionContext, proxy: Proxy) -> pulumi.Output[str]:
        """Host of the proxy for the writer."""
        return self._held(region, proxy, proxy.endpoint, PROXY, "READ_WRITE")

    def reads(self, region: RegionContext, proxy: Proxy) -> pulumi.Output[str] | None:
        """Host of the proxy for the readers; None where it has none."""
        host = proxy.reader_endpoint
        return None if host is None else self._held(region, proxy, host, PROXY_READS, "READ_ONLY")

    def _held(
        self, region: RegionContext, proxy: Proxy, host: pulumi.Output[str], endpoint: str, role: Role
    ) -> pulumi.Output[str]:
        # An unreachable region gives no answer.
        if self.clients is None or not region.has_visitors:
            return host
        used = endpoint in self.before.get(region.name, ())
        return once_available(
            Proxied(host=host, region=region.name, proxy_name=proxy.proxy_name, role=role, in_use=used), self.clients
        )


def has_proxy(region: RegionContext) -> bool:
    """Whether the region has RDS Proxy, which instances use; pods use PgBouncer."""
    return region.has(Capability.POOLING) and region.runtime.on_ec2


def proxy(
    region: RegionContext,
    network: RegionNetwork,
    database: Database,
    master: Credentials | MasterSecret,
    logins: RoleSecrets | None,
) -> Proxy:
    """Declare the proxy of a region.

    Args:
        region: the region.
        network: its network.
        database: its cluster.
        master: the secret with the master user.
        logins: the secrets with the application's users, or None where the application logs in as the master.
    """
    # The master user stays, for instances that still use it.
    arns = [master.master_secret_arn, *([logins.arns[user] for user in APPLICATIONS] if logins else [])]
    settings = region.settings
    size = settings.sizes.database
    budget = settings.connections if region.takes_writes else settings.replica_connections
    taken = server_limit(size.instance_class, size.max_connections) or budget.limit
    return Proxy(
        f"{region.base}-proxy",
        ProxyArgs(
            region=region.name,
            vpc_id=network.vpc_id,
            subnet_ids=network.data_subnet_ids,
            client_cidr=str(region.vpc_cidr),
            cluster_identifier=database.cluster_identifier,
            secret_arns=arns,
            key_arn=region.key_arn,
            pool_percent=pool_percent(budget.proxy, taken),
            idle_percent=pool_percent(settings.connections.application, taken),
            reads=region.has(Capability.READERS),
        ),
        opts=region.after(database, master, *([logins] if logins else [])),
    )
