"""RDS Proxy in a region, and when clients may have its addresses."""

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
from infra.wiring.site import Site


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """Holds a proxy's addresses back until it reaches the database.

    before: what clients have already, by region. clients: of AWS' services, or None to hold nothing back.
    """

    before: Given
    clients: Clients | None

    def writes(self, site: Site, proxy: Proxy) -> pulumi.Output[str]:
        """The address that leads to the writer."""
        return self._held(site, proxy, proxy.endpoint, PROXY, "READ_WRITE")

    def reads(self, site: Site, proxy: Proxy) -> pulumi.Output[str] | None:
        """The address that leads to readers, if there is one."""
        host = proxy.reader_endpoint
        return None if host is None else self._held(site, proxy, host, PROXY_READS, "READ_ONLY")

    def _held(
        self, site: Site, proxy: Proxy, host: pulumi.Output[str], endpoint: str, role: Role
    ) -> pulumi.Output[str]:
        # A region that is lost answers nothing.
        if self.clients is None or site.name not in site.settings.visited_regions:
            return host
        used = endpoint in self.before.get(site.name, ())
        return once_available(
            Proxied(host=host, region=site.name, proxy_name=proxy.proxy_name, role=role, in_use=used), self.clients
        )


def has_proxy(site: Site) -> bool:
    """Whether RDS Proxy is there for instances; pods have a pooler of their own."""
    return site.settings.row.has(Capability.POOLING) and site.settings.runtime.on_ec2


def proxy_of(site: Site, database: Database, master: Credentials | MasterSecret, logins: RoleSecrets | None) -> Proxy:
    """Declare the proxy of a region.

    Args:
        site: the region.
        database: its cluster.
        master: the secret with the master user.
        logins: the secrets with the application's users, or None where it is the master.
    """
    # The master's stays, for machines that still have it.
    arns = [master.master_secret_arn, *([logins.arns[user] for user in APPLICATIONS] if logins else [])]
    size = site.settings.sizes.database
    budget = site.settings.connections if site.place.writes else site.settings.replica_connections
    taken = server_limit(size.instance_class, size.max_connections) or budget.limit
    return Proxy(
        f"{site.base}-proxy",
        ProxyArgs(
            region=site.name,
            vpc_id=site.network.vpc_id,
            subnet_ids=site.network.data_subnet_ids,
            client_cidr=str(site.vpc),
            cluster_identifier=database.cluster_identifier,
            secret_arns=arns,
            key_arn=site.key_arn,
            pool_percent=pool_percent(budget.proxy, taken),
            idle_percent=pool_percent(site.settings.connections.application, taken),
            reads=site.settings.row.has(Capability.READERS),
        ),
        opts=pulumi.ResourceOptions(
            providers=[site.place.provider], depends_on=[database, master, *([logins] if logins else [])]
        ),
    )
