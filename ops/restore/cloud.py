"""The calls of AWS that a restore makes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.clients import Clients
from ops.failover.errors import CloudError, explained
from ops.restore import calls
from ops.restore.calls import Call
from ops.restore.names import ADDED
from ops.restore.shape import ProxyShape

AVAILABLE, DELETING = "available", "deleting"
# Amazon RDS API Reference, DescribeDBClusterSnapshots: an automated one is found only with its type, and has
# this prefix (Amazon Aurora User Guide, "Overview of backing up and restoring an Aurora DB cluster").
KINDS: Mapping[str, str] = {"rds:": "automated", "awsbackup:": "awsbackup"}


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseCluster:
    """A cluster.

    id: AWS' own id of it, which it keeps when it is renamed.
    about: the properties of `shape.FIXED` at AWS. mark: the time that it was restored to, or None.
    earliest, latest: the times between which it can be restored, None where AWS has none.
    settled: whether it is available, and neither a name nor a password of it is about to change.
    """

    name: str
    id: str
    arn: str
    endpoint: str
    mark: str | None
    about: Mapping[str, Any]
    http: bool
    earliest: datetime | None
    latest: datetime | None
    settled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """An instance of a cluster.

    settled: as for `DatabaseCluster`. added: whether autoscaling made it. going: whether it is being deleted.
    """

    name: str
    settled: bool
    added: bool
    going: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """A snapshot of a cluster."""

    name: str
    cluster: str
    engine: str
    version: str
    user: str
    encrypted: bool
    status: str
    time: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Backups:
    """The kept backups of a deleted cluster: the times between which it can be restored."""

    resource_id: str
    earliest: datetime
    latest: datetime


class RestoreCloud:
    """Calls AWS in one region."""

    def __init__(self, clients: Clients, region: str) -> None:
        self._clients = clients
        self.region = region

    def cluster(self, name: str) -> DatabaseCluster | None:
        """A cluster by its identifier; None where there is none.

        Raises:
            CloudError: when AWS refuses.
        """
        found = self._found("describe_db_clusters", "DBClusterNotFoundFault", DBClusterIdentifier=name)
        if found is None:
            return None
        has = found["DBClusters"][0]
        tags = {one["Key"]: one["Value"] for one in has.get("TagList", ())}
        return DatabaseCluster(
            name=has["DBClusterIdentifier"],
            id=has["DbClusterResourceId"],
            arn=has["DBClusterArn"],
            endpoint=has.get("Endpoint", ""),
            mark=tags.get(calls.MARK),
            about=has,
            http=bool(has.get("HttpEndpointEnabled")),
            earliest=has.get("EarliestRestorableTime"),
            latest=has.get("LatestRestorableTime"),
            settled=_settled(has, "Status", "DBClusterIdentifier", "MasterUserPassword"),
        )

    def members(self, cluster: str) -> dict[str, Member]:
        """The instances of a cluster, by name.

        Raises:
            CloudError: when AWS refuses.
        """
        with explained("rds", self.region):
            pages = self._rds.get_paginator("describe_db_instances")
            found = pages.paginate(Filters=[{"Name": "db-cluster-id", "Values": [cluster]}])
            all_ = [one for page in found for one in page["DBInstances"]]
        return {
            one["DBInstanceIdentifier"]: Member(
                name=one["DBInstanceIdentifier"],
                settled=_settled(one, "DBInstanceStatus", "DBInstanceIdentifier"),
                added=one["DBInstanceIdentifier"].startswith(ADDED),
                going=one.get("DBInstanceStatus") == DELETING,
            )
            for one in all_
        }

    def snapshot(self, name: str) -> Snapshot | None:
        """A snapshot by its identifier, or by its ARN where another account shares it; None where there is none.

        Raises:
            CloudError: when AWS refuses.
        """
        kinds = [kind for start, kind in KINDS.items() if name.startswith(start)]
        how: dict[str, Any] = {"SnapshotType": kinds[0]} if kinds else {}
        if name.startswith("arn:"):
            how["IncludeShared"] = True
        found = self._found(
            "describe_db_cluster_snapshots", "DBClusterSnapshotNotFoundFault", DBClusterSnapshotIdentifier=name, **how
        )
        if found is None or not found["DBClusterSnapshots"]:
            return None
        has = found["DBClusterSnapshots"][0]
        return Snapshot(
            name=name,
            cluster=has["DBClusterIdentifier"],
            engine=has["Engine"],
            version=has.get("EngineVersion", ""),
            user=has.get("MasterUsername", ""),
            encrypted=bool(has.get("StorageEncrypted")),
            status=has["Status"],
            time=has["SnapshotCreateTime"],
        )

    def backups(self, resource_id: str) -> Backups | None:
        """The kept backups of a deleted cluster, by AWS' own id of it; None without any.

        Raises:
            CloudError: when AWS refuses.
        """
        found = self._found(
            "describe_db_cluster_automated_backups",
            "DBClusterAutomatedBackupNotFoundFault",
            DbClusterResourceId=resource_id,
        )
        if found is None or not found["DBClusterAutomatedBackups"]:
            return None
        window = found["DBClusterAutomatedBackups"][0].get("RestoreWindow") or {}
        if "EarliestTime" not in window or "LatestTime" not in window:
            return None
        return Backups(resource_id=resource_id, earliest=window["EarliestTime"], latest=window["LatestTime"])

    def world(self, arn: str) -> str | None:
        """The global database that a cluster belongs to, or None.

        Raises:
            CloudError: when AWS refuses.
        """
        with explained("rds", self.region):
            pages = self._rds.get_paginator("describe_global_clusters").paginate()
            for one in (one for page in pages for one in page["GlobalClusters"]):
                if any(member["DBClusterArn"] == arn for member in one.get("GlobalClusterMembers", ())):
                    return str(one["GlobalClusterIdentifier"])
        return None

    def targets(self, proxy: ProxyShape) -> list[str]:
        """Identifiers of the clusters behind a proxy.

        Raises:
            CloudError: when AWS refuses.
        """
        return [one["RdsResourceId"] for one in self._targets(proxy) if one.get("Type") == "TRACKED_CLUSTER"]

    def served(self, proxy: ProxyShape) -> bool:
        """Whether a proxy has an instance behind it that takes writes.

        Raises:
            CloudError: when AWS refuses.
        """
        return any(
            one.get("Role") == "READ_WRITE" and one.get("TargetHealth", {}).get("State") == "AVAILABLE"
            for one in self._targets(proxy)
        )

    def held(self, resource: str) -> bool | None:
        """Whether autoscaling of a cluster's readers is suspended; None where nothing scales them.

        Raises:
            CloudError: when AWS refuses.
        """
        with explained("application-autoscaling", self.region):
            found = self._clients("application-autoscaling", self.region).describe_scalable_targets(
                ServiceNamespace="rds", ResourceIds=[resource], ScalableDimension=calls.READERS
            )["ScalableTargets"]
        return bool(found[0].get("SuspendedState", {}).get("DynamicScalingOutSuspended")) if found else None

    def password(self, secret: str) -> str:
        """The master user's password, as the secret has it now.

        Raises:
            CloudError: when AWS refuses, or the secret has none.
        """
        with explained("secretsmanager", self.region):
            answer = self._clients("secretsmanager", self.region).get_secret_value(SecretId=secret)
        try:
            return str(json.loads(answer["SecretString"])["password"])
        except (KeyError, ValueError):
            raise CloudError(f"secretsmanager in {self.region}: {secret} has no password in it") from None

    def tell(self, call: Call) -> None:
        """Make a call that changes something.

        Raises:
            CloudError: when AWS refuses.
        """
        with explained(call.service, self.region):
            getattr(self._clients(call.service, self.region), call.operation)(**call.arguments)

    @property
    def _rds(self) -> Any:
        return self._clients("rds", self.region)

    def _targets(self, proxy: ProxyShape) -> list[Mapping[str, Any]]:
        with explained("rds", self.region):
            pages = self._rds.get_paginator("describe_db_proxy_targets")
            found = pages.paginate(DBProxyName=proxy.name, TargetGroupName=proxy.group)
            return [one for page in found for one in page["Targets"]]

    def _found(self, operation: str, absent: str, **arguments: Any) -> dict[str, Any] | None:
        """AWS' answer about one resource; None where the error `absent` says that there is none."""
        from botocore.exceptions import ClientError  # type: ignore[import-untyped]

        with explained("rds", self.region):
            try:
                answer: dict[str, Any] = getattr(self._rds, operation)(**arguments)
            except ClientError as error:
                if error.response["Error"]["Code"] == absent:
                    return None
                raise
        return answer


def _settled(has: Mapping[str, Any], status: str, *pending: str) -> bool:
    """Whether a resource is available, and no rename is pending: it still says available right after the call."""
    return has.get(status) == AVAILABLE and not set(pending) & set(has.get("PendingModifiedValues") or {})
