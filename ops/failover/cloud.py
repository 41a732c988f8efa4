"""Reads the global database and the Global Datastore from AWS, and moves their writer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from infra.alarms.data import RDS, REGION_LAGS
from infra.clients import Clients
from ops.failover.errors import CloudError, explained

LAG_WINDOW = timedelta(minutes=5)
LAG_PERIOD = 60  # seconds; CloudWatch keeps these metrics once a minute
MILLISECONDS = 1000
PRIMARY, AVAILABLE = "primary", "available"
# Amazon RDS API Reference, GlobalClusterMember, SynchronizationStatus: the other one is pending-resync.
CONNECTED = "connected"


@dataclass(frozen=True, kw_only=True, slots=True)
class Members:
    """The members of a global database or datastore, by region, and which one takes the writes.

    ready: whether its state allows the writes to be moved.
    heading: region that is about to take the writes, if AWS names one.
    copies: of a database, the state of each region's copy: `CONNECTED`, or that it is made anew.
    """

    id: str
    by_region: dict[str, str]
    writer: str
    ready: bool
    heading: str = ""
    copies: dict[str, str] = field(default_factory=dict)


class FailoverCloud:
    """Calls AWS, in the region that each call needs."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def database(self, name: str, region: str) -> Members:
        """The members of the global database `name`, as `region` sees them.

        Raises:
            CloudError: when there is none, or AWS refuses.
        """
        with explained("rds", region):
            answer = self._clients("rds", region).describe_global_clusters(GlobalClusterIdentifier=name)
        found = answer["GlobalClusters"]
        if not found:
            raise CloudError(f"{region} has no global database {name}; first: pulumi up")
        members = {region_of(one["DBClusterArn"]): one for one in found[0]["GlobalClusterMembers"]}
        # Present but empty when nothing is under way (Amazon RDS API Reference, GlobalCluster).
        move = found[0].get("FailoverState") or {}
        return Members(
            id=name,
            by_region={where: one["DBClusterArn"] for where, one in members.items()},
            writer=next((where for where, one in members.items() if one["IsWriter"]), ""),
            ready=found[0]["Status"] == AVAILABLE and not move,
            heading=region_of(move["ToDbClusterArn"]) if "ToDbClusterArn" in move else "",
            copies={where: one.get("SynchronizationStatus", "") for where, one in members.items()},
        )

    def move_database(self, name: str, *, arn: str, region: str, lost: bool) -> None:
        """Start the move of the writes to another cluster.

        Raises:
            CloudBusyError: when something else is under way.
            CloudError: when AWS refuses.
        """
        with explained("rds", region):
            client = self._clients("rds", region)
            target = {"GlobalClusterIdentifier": name, "TargetDbClusterIdentifier": arn}
            if lost:
                client.failover_global_cluster(**target, AllowDataLoss=True)
            else:
                client.switchover_global_cluster(**target)

    def readable(self, cluster_arn: str) -> bool:
        """Whether a cluster and all its instances are available.

        Raises:
            CloudError: when AWS refuses.
        """
        region, name = region_of(cluster_arn), cluster_arn.rpartition(":")[2]
        with explained("rds", region):
            client = self._clients("rds", region)
            clusters = client.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
            pages = client.get_paginator("describe_db_instances").paginate(
                Filters=[{"Name": "db-cluster-id", "Values": [name]}]
            )
            instances = [one for page in pages for one in page["DBInstances"]]
        states = [one["Status"] for one in clusters] + [one["DBInstanceStatus"] for one in instances]
        return bool(instances) and all(state == AVAILABLE for state in states)

    def cache(self, name: str, region: str) -> Members:
        """The members of the Global Datastore that was made as `name`: AWS puts a prefix of its own before the name.

        Raises:
            CloudError: when there is none, or AWS refuses.
        """
        with explained("elasticache", region):
            pages = self._clients("elasticache", region).get_paginator("describe_global_replication_groups")
            groups = [one for page in pages.paginate(ShowMemberInfo=True) for one in page["GlobalReplicationGroups"]]
        found = [one for one in groups if one["GlobalReplicationGroupId"].partition("-")[2] == name]
        if not found:
            raise CloudError(f"{region} has no global datastore {name}; first: pulumi up")
        members = {one["ReplicationGroupRegion"]: one for one in found[0]["Members"]}
        # Its status is "modifying" during any change, so only a member's role shows which one takes the writes.
        return Members(
            id=found[0]["GlobalReplicationGroupId"],
            by_region={where: one["ReplicationGroupId"] for where, one in members.items()},
            writer=next((where for where, one in members.items() if one["Role"].lower() == PRIMARY), ""),
            ready=found[0]["Status"] == AVAILABLE,
        )

    def move_cache(self, identifier: str, to: str, *, group: str) -> None:
        """Start the move of the writes to another region's cache.

        Raises:
            CloudBusyError: when something else is under way.
            CloudError: when AWS refuses.
        """
        with explained("elasticache", to):
            self._clients("elasticache", to).failover_global_replication_group(
                GlobalReplicationGroupId=identifier, PrimaryRegion=to, PrimaryReplicationGroupId=group
            )

    def lag(self, cluster_arn: str) -> float | None:
        """The greatest lag of a secondary cluster in the last minutes, in seconds; None without a measurement.

        Raises:
            CloudError: when AWS refuses.
        """
        region, now = region_of(cluster_arn), datetime.now(UTC)
        for name in REGION_LAGS.values():
            with explained("cloudwatch", region):
                answer = self._clients("cloudwatch", region).get_metric_statistics(
                    Namespace=RDS,
                    MetricName=name,
                    Dimensions=[{"Name": "DBClusterIdentifier", "Value": cluster_arn.rpartition(":")[2]}],
                    StartTime=now - LAG_WINDOW,
                    EndTime=now,
                    Period=LAG_PERIOD,
                    Statistics=["Maximum"],
                )
            if points := [point["Maximum"] for point in answer["Datapoints"]]:
                return float(max(points)) / MILLISECONDS
        return None


def region_of(arn: str) -> str:
    """The region that an ARN names."""
    return arn.split(":")[3]
