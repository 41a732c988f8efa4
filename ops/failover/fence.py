"""Keeps the old writer's clients away from it, as far as its region answers, and asks Aurora whether it did the same.

Aurora itself blocks writes at the old writer's storage when another cluster is promoted with data loss. That is a best
effort, and clients have to be kept away as well (Amazon Aurora User Guide, Performing managed failovers). A security
group would stop only new connections, as open ones are tracked; a network ACL tracks nothing (Amazon VPC User Guide,
Connection tracking; Network ACL basics).
"""

from __future__ import annotations

from typing import Any

from infra.clients import Clients
from infra.security_groups import ANYWHERE
from infra.thresholds import DATABASE_PORT
from ops.failover.errors import explained

RULE = 1  # The lowest number: this rule is evaluated first.
TCP, DENY = "6", "deny"
PORTS = {"From": DATABASE_PORT.value, "To": DATABASE_PORT.value}
MINUTES = 60
# Amazon Aurora User Guide, RDS-EVENT-0390 and RDS-EVENT-0391: "Attempt to block writes for DB cluster ...".
BLOCKED = "block writes"


class Fence:
    """Calls AWS in a region that may not answer, so `clients` should have short timeouts."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def put(self, cluster: str, region: str) -> None:
        """Deny all traffic to the database's port in the subnets of a cluster.

        Raises:
            CloudError: when AWS refuses or does not answer.
        """
        with explained("ec2", region):
            ec2 = self._clients("ec2", region)
            for acl in self._acls(cluster, region):
                if not _fenced(acl):
                    ec2.create_network_acl_entry(
                        NetworkAclId=acl["NetworkAclId"],
                        RuleNumber=RULE,
                        RuleAction=DENY,
                        Egress=False,
                        Protocol=TCP,
                        PortRange=PORTS,
                        CidrBlock=ANYWHERE,
                    )

    def lift(self, cluster: str, region: str) -> bool:
        """Remove that rule. Returns whether there was one.

        Raises:
            CloudError: when AWS refuses or does not answer.
        """
        with explained("ec2", region):
            ec2 = self._clients("ec2", region)
            fenced = [acl for acl in self._acls(cluster, region) if _fenced(acl)]
            for acl in fenced:
                ec2.delete_network_acl_entry(NetworkAclId=acl["NetworkAclId"], RuleNumber=RULE, Egress=False)
        return bool(fenced)

    def said(self, region: str) -> str | None:
        """Aurora's newest event, within the last hour, about its own attempt to block writes; None without one.

        Raises:
            CloudError: when AWS refuses or does not answer.
        """
        with explained("rds", region):
            pages = self._clients("rds", region).get_paginator("describe_events")
            found = pages.paginate(SourceType="db-instance", Duration=MINUTES)
            events = [one for page in found for one in page["Events"] if BLOCKED in one["Message"]]
        newest = max(events, key=lambda one: one["Date"], default=None)
        return None if newest is None else str(newest["Message"])

    def _acls(self, cluster: str, region: str) -> list[dict[str, Any]]:
        rds = self._clients("rds", region)
        (found,) = rds.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"]
        (group,) = rds.describe_db_subnet_groups(DBSubnetGroupName=found["DBSubnetGroup"])["DBSubnetGroups"]
        subnets = [one["SubnetIdentifier"] for one in group["Subnets"]]
        answer = self._clients("ec2", region).describe_network_acls(
            Filters=[{"Name": "association.subnet-id", "Values": subnets}]
        )
        acls: list[dict[str, Any]] = answer["NetworkAcls"]
        return acls


def _fenced(acl: dict[str, Any]) -> bool:
    """Whether the first rule is the fence, and not a rule that was made elsewhere."""
    return any(
        one["RuleNumber"] == RULE and not one["Egress"] and one["RuleAction"] == DENY and one.get("PortRange") == PORTS
        for one in acl["Entries"]
    )
