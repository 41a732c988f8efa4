"""AWS in memory, behind real boto3 clients: botocore's models hold what is told and what is answered to the API.

It does what AWS says of renaming: a name is free only once it is gone, an instance that is renamed starts again, what
has just been told to change says for a look yet that it is available, and nothing is renamed that is not.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.awsrequest import AWSResponse  # type: ignore[import-untyped]
from botocore.validate import ParamValidator  # type: ignore[import-untyped]

REGION = "us-east-1"
NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
ACCOUNT = "123456789012"
READS = ("describe_", "get_")


class RefusedError(Exception):
    """What AWS refuses: the error's code."""


def _clean(record: dict[str, Any]) -> dict[str, Any]:
    return {key: copy.deepcopy(value) for key, value in record.items() if not key.startswith("_")}


@dataclass
class Aurora:
    """Clusters, instances, snapshots, proxies and a scalable target.

    data: what each cluster volume holds, by resource id. told: calls that change something, in order.
    follows: whether a proxy's target follows its cluster when that is renamed, which AWS leaves open.
    forgets: whether a proxy loses a writer that is renamed, which AWS leaves open too.
    stop: called before and after each call that changes something, with its number.
    app: name of the cluster that an application connects to, and stays connected to: connected, by AWS' own id of it.
    frozen: time stands still. busy: how many times a renaming is refused although a cluster says that it is available.
    """

    follows: bool = False
    clusters: dict[str, dict[str, Any]] = field(default_factory=dict)
    instances: dict[str, dict[str, Any]] = field(default_factory=dict)
    snapshots: dict[str, dict[str, Any]] = field(default_factory=dict)
    backups: dict[str, dict[str, Any]] = field(default_factory=dict)
    proxies: dict[str, list[str]] = field(default_factory=dict)
    scaled: dict[str, bool] = field(default_factory=dict)
    worlds: dict[str, list[str]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    stop: Callable[[int, str], None] = lambda _number, _when: None
    forgets: bool = False
    frozen: bool = False
    busy: int = 0
    stale: set[str] = field(default_factory=set)
    app: str = ""
    connected: str = ""
    unwilling: int = 0
    _ahead: list[Iterator[None]] = field(default_factory=list)
    _clients: dict[str, Any] = field(default_factory=dict)
    _made: int = 0

    def client(self, service: str, region: str) -> Any:
        """A boto3 client that ends here."""
        assert region == REGION
        if service not in self._clients:
            client = boto3.client(service, region_name=region, aws_access_key_id="x", aws_secret_access_key="y")
            client.meta.events.register(f"before-parameter-build.{service}.*", self._capture)
            client.meta.events.register(f"before-call.{service}.*", self._answer)
            self._clients[service] = client
        return self._clients[service]

    def step(self, _seconds: float = 0) -> None:
        """Time goes on, unless it is frozen."""
        if self.frozen:
            return
        self._ahead = [one for one in self._ahead if next(one, self) is not self]
        there = self.clusters.get(self.app)
        if there is not None and not self.connected and there["Status"] == "available":
            self.connected = there["DbClusterResourceId"]

    def settle(self) -> None:
        """All that is under way comes to its end."""
        while self._ahead:
            self.step()

    def operations(self) -> list[str]:
        """What was told."""
        return [operation for operation, _ in self.told]

    def add_cluster(self, name: str, **has: Any) -> dict[str, Any]:
        """A cluster that is there."""
        if name in self.clusters:
            raise RefusedError("DBClusterAlreadyExistsFault")
        self._made += 1
        tags = has.pop("Tags", [])
        groups = has.pop("VpcSecurityGroupIds", [])
        self.clusters[name] = {
            "DBClusterIdentifier": name,
            "DBClusterArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:{name}",
            "DbClusterResourceId": f"cluster-{self._made:026d}",
            "Endpoint": f"{name}.cluster-abc.{REGION}.rds.amazonaws.com",
            "Status": "available",
            "HttpEndpointEnabled": False,
            "EarliestRestorableTime": NOW - timedelta(days=35),
            "LatestRestorableTime": NOW - timedelta(minutes=5),
            "TagList": tags,
            "VpcSecurityGroups": [{"VpcSecurityGroupId": one, "Status": "active"} for one in groups],
            **has,
        }
        return self.clusters[name]

    def add_instance(self, name: str, cluster: str, **has: Any) -> None:
        """An instance that is there."""
        if name in self.instances:
            raise RefusedError("DBInstanceAlreadyExists")
        self.instances[name] = {
            "DBInstanceIdentifier": name,
            "DBInstanceStatus": "available",
            "TagList": has.pop("Tags", []),
            **has,
            "DBClusterIdentifier": cluster,
        }

    def _capture(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["given"] = copy.deepcopy(params)

    def _answer(self, model: Any, context: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        operation = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", model.name).lower()
        operation = operation.replace("dbcluster", "db_cluster").replace("dbproxy", "db_proxy")
        given, reads = context["given"], operation.startswith(READS)
        number = len(self.told) + 1
        if not reads:
            self.stop(number, "before")
        self.step()
        try:
            answer = getattr(self, f"_{operation}")(**given) or {}
        except RefusedError as error:
            wrong = {"Error": {"Code": str(error), "Message": f"{operation} {given}"}, "ResponseMetadata": {}}
            return AWSResponse(None, 400, {}, None), wrong
        if not reads:
            self.told.append((operation, given))
            self.stop(number, "after")
        if model.output_shape is not None:
            report = ParamValidator().validate(answer, model.output_shape)
            assert not report.has_errors(), f"{operation}: {report.generate_report()}"
        return AWSResponse(None, 200, {}, None), answer

    def _later(self, *changes: Callable[[], None]) -> None:
        """Changes that come about, one a step. The first is a step away: until then, all looks as before."""

        def run() -> Iterator[None]:
            yield
            for change in changes:
                change()
                yield

        self._ahead.append(run())

    def _available(self, name: str) -> dict[str, Any]:
        if name not in self.clusters:
            raise RefusedError("DBClusterNotFoundFault")
        if self.clusters[name]["Status"] != "available":
            raise RefusedError("InvalidDBClusterStateFault")
        return self.clusters[name]

    # Amazon RDS, what is asked

    def _describe_db_clusters(self, DBClusterIdentifier: str) -> dict[str, Any]:  # noqa: N803
        if DBClusterIdentifier not in self.clusters:
            raise RefusedError("DBClusterNotFoundFault")
        return {"DBClusters": [_clean(self.clusters[DBClusterIdentifier])]}

    def _describe_db_instances(self, Filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        (wanted,) = Filters
        assert wanted["Name"] == "db-cluster-id"
        found = [one for one in self.instances.values() if one["DBClusterIdentifier"] in wanted["Values"]]
        return {"DBInstances": [_clean(one) for one in found]}

    def _describe_db_cluster_snapshots(
        self,
        DBClusterSnapshotIdentifier: str,  # noqa: N803
        SnapshotType: str = "manual",  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        found = self.snapshots.get(DBClusterSnapshotIdentifier)
        if found is None or found.get("SnapshotType", "manual") != SnapshotType:
            raise RefusedError("DBClusterSnapshotNotFoundFault")
        return {"DBClusterSnapshots": [_clean(found)]}

    def _describe_db_cluster_automated_backups(self, DbClusterResourceId: str) -> dict[str, Any]:  # noqa: N803
        if DbClusterResourceId not in self.backups:
            raise RefusedError("DBClusterAutomatedBackupNotFoundFault")
        return {"DBClusterAutomatedBackups": [_clean(self.backups[DbClusterResourceId])]}

    def _describe_global_clusters(self) -> dict[str, Any]:
        worlds = [
            {"GlobalClusterIdentifier": name, "GlobalClusterMembers": [{"DBClusterArn": arn} for arn in arns]}
            for name, arns in self.worlds.items()
        ]
        return {"GlobalClusters": worlds}

    def _describe_db_proxy_targets(self, DBProxyName: str, TargetGroupName: str) -> dict[str, Any]:  # noqa: N803
        assert TargetGroupName == "default"
        targets: list[dict[str, Any]] = []
        for name in self.proxies[DBProxyName]:
            targets.append({"RdsResourceId": name, "TrackedClusterId": name, "Type": "TRACKED_CLUSTER"})
            members = [one for one in self.instances.values() if one["DBClusterIdentifier"] == name]
            well = self.clusters.get(name, {}).get("Status") == "available"
            for index, one in enumerate(members):
                well = well and DBProxyName not in self.stale
                state = "AVAILABLE" if well and one["DBInstanceStatus"] == "available" else "UNAVAILABLE"
                targets.append(
                    {
                        "RdsResourceId": one["DBInstanceIdentifier"],
                        "TrackedClusterId": name,
                        "Type": "RDS_INSTANCE",
                        "Role": "READ_ONLY" if index else "READ_WRITE",
                        "TargetHealth": {"State": state},
                    }
                )
        return {"Targets": targets}

    # Amazon RDS, what is told

    def _restored(self, origin: str, given: dict[str, Any]) -> None:
        renamed = {
            "DBSubnetGroupName": "DBSubnetGroup",
            "DBClusterParameterGroupName": "DBClusterParameterGroup",
            "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
            "EnableCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
        }
        has = {renamed.get(key, key): value for key, value in given.items() if key not in ("RestoreToTime",)}
        name = has.pop("DBClusterIdentifier")
        made = self.add_cluster(name, **{"Engine": "aurora-postgresql", "StorageEncrypted": True, **has})
        made |= {"MasterUsername": "ascent", "DatabaseName": "app", "Status": "creating"}
        made |= {"EarliestRestorableTime": NOW, "LatestRestorableTime": NOW}
        self.data[made["DbClusterResourceId"]] = origin
        self.passwords[made["DbClusterResourceId"]] = "that of its time"
        self._later(lambda: None, lambda: made.update(Status="available"))

    def _restore_db_cluster_to_point_in_time(self, RestoreToTime: datetime, **given: Any) -> None:  # noqa: N803
        source = given.pop("SourceDBClusterIdentifier", None)
        resource = given.pop("SourceDbClusterResourceId", None)
        if resource is not None:
            window = self.backups[resource]["RestoreWindow"]
            earliest, latest = window["EarliestTime"], window["LatestTime"]
        else:
            had = self._available(source)
            earliest, latest = had["EarliestRestorableTime"], had["LatestRestorableTime"]
        if not earliest <= RestoreToTime <= latest:
            raise RefusedError("InvalidRestoreFault")
        self._restored(f"{source or resource} at {RestoreToTime:%H:%M:%S}", given)

    def _restore_db_cluster_from_snapshot(self, SnapshotIdentifier: str, **given: Any) -> None:  # noqa: N803
        if SnapshotIdentifier not in self.snapshots:
            raise RefusedError("DBClusterSnapshotNotFoundFault")
        self._restored(f"snapshot {SnapshotIdentifier}", given)

    def _create_db_instance(self, **given: Any) -> None:
        self._available(given["DBClusterIdentifier"])
        renamed = {"EnablePerformanceInsights": "PerformanceInsightsEnabled"}
        has = {renamed.get(key, key): value for key, value in given.items()}
        name, cluster = has.pop("DBInstanceIdentifier"), has.pop("DBClusterIdentifier")
        self.add_instance(name, cluster, **has)
        made = self.instances[name]
        made["DBInstanceStatus"] = "creating"
        self._later(lambda: None, lambda: made.update(DBInstanceStatus="available"))

    def _modify_db_instance(
        self,
        DBInstanceIdentifier: str,  # noqa: N803
        NewDBInstanceIdentifier: str,  # noqa: N803
        ApplyImmediately: bool,  # noqa: FBT001, N803
    ) -> None:
        assert ApplyImmediately
        now, then = DBInstanceIdentifier, NewDBInstanceIdentifier
        if now not in self.instances:
            raise RefusedError("DBInstanceNotFound")
        if then in self.instances:
            raise RefusedError("DBInstanceAlreadyExists")
        one = self.instances[now]
        if one["DBInstanceStatus"] != "available":
            raise RefusedError("InvalidDBInstanceState")

        def move() -> None:
            del self.instances[now]
            self.instances[then] = one
            if self.forgets:
                self.stale |= {name for name, behind in self.proxies.items() if one["DBClusterIdentifier"] in behind}
            one.update(DBInstanceIdentifier=then, DBInstanceStatus="available")

        self._later(
            lambda: one.update(DBInstanceStatus="renaming"),
            move,
            lambda: self._down(one),
            lambda: one.update(DBInstanceStatus="available"),
        )

    def _down(self, instance: dict[str, Any]) -> None:
        """An instance starts again, and ends what connections it has. To rename a cluster ends none."""
        instance["DBInstanceStatus"] = "rebooting"
        if self.clusters[instance["DBClusterIdentifier"]]["DbClusterResourceId"] == self.connected:
            self.connected = ""

    def _reboot_db_instance(self, DBInstanceIdentifier: str) -> None:  # noqa: N803
        one = self.instances[DBInstanceIdentifier]
        if one["DBInstanceStatus"] != "available":
            raise RefusedError("InvalidDBInstanceState")
        self._later(lambda: self._down(one), lambda: one.update(DBInstanceStatus="available"))

    def _modify_db_cluster(self, DBClusterIdentifier: str, **given: Any) -> None:  # noqa: N803
        now, one = DBClusterIdentifier, self._available(DBClusterIdentifier)
        assert given.pop("ApplyImmediately")
        then = given.pop("NewDBClusterIdentifier", None)
        if then is not None and self.busy:
            self.busy -= 1
            raise RefusedError("InvalidDBClusterStateFault")
        if "MasterUserPassword" in given:
            self.passwords[one["DbClusterResourceId"]] = given.pop("MasterUserPassword")
            self._later(
                lambda: one.update(Status="resetting-master-credentials"), lambda: one.update(Status="available")
            )
        one.update(given)
        if then is None:
            return
        if then in self.clusters:
            raise RefusedError("DBClusterAlreadyExistsFault")

        def move() -> None:
            del self.clusters[now]
            self.clusters[then] = one
            one.update(
                DBClusterIdentifier=then,
                DBClusterArn=one["DBClusterArn"].replace(now, then),
                Endpoint=one["Endpoint"].replace(now, then),
                Status="available",
            )
            for member in self.instances.values():
                if member["DBClusterIdentifier"] == now:
                    member["DBClusterIdentifier"] = then
            if self.follows:
                for name, behind in self.proxies.items():
                    self.proxies[name] = [then if target == now else target for target in behind]

        self._later(lambda: one.update(Status="renaming"), move)

    def _enable_http_endpoint(self, ResourceArn: str) -> None:  # noqa: N803
        (one,) = [one for one in self.clusters.values() if one["DBClusterArn"] == ResourceArn]
        one["HttpEndpointEnabled"] = True

    def _delete_db_instance(self, DBInstanceIdentifier: str) -> None:  # noqa: N803
        one = self.instances[DBInstanceIdentifier]
        if one["DBInstanceStatus"] == "deleting":
            raise RefusedError("InvalidDBInstanceState")
        one["DBInstanceStatus"] = "deleting"
        self._later(lambda: None, lambda: self.instances.__delitem__(DBInstanceIdentifier))

    def _deregister_db_proxy_targets(
        self,
        DBProxyName: str,  # noqa: N803
        TargetGroupName: str,  # noqa: N803
        DBClusterIdentifiers: list[str],  # noqa: N803
    ) -> None:
        assert TargetGroupName == "default"
        for name in DBClusterIdentifiers:
            if name not in self.proxies[DBProxyName]:
                raise RefusedError("DBProxyTargetNotFoundFault")
            self.proxies[DBProxyName].remove(name)

    def _register_db_proxy_targets(
        self,
        DBProxyName: str,  # noqa: N803
        TargetGroupName: str,  # noqa: N803
        DBClusterIdentifiers: list[str],  # noqa: N803
    ) -> dict[str, Any]:
        assert TargetGroupName == "default"
        for name in DBClusterIdentifiers:
            self._available(name)
            if self.unwilling:
                self.unwilling -= 1
                raise RefusedError("InvalidDBProxyStateFault")
            if self.proxies[DBProxyName]:
                raise RefusedError("DBProxyTargetAlreadyRegisteredFault")
            self.proxies[DBProxyName].append(name)
            self.stale.discard(DBProxyName)
        return {"DBProxyTargets": []}

    # Other services

    def _describe_scalable_targets(self, ResourceIds: list[str], **_: Any) -> dict[str, Any]:  # noqa: N803
        found = [(name, self.scaled[name]) for name in ResourceIds if name in self.scaled]
        return {
            "ScalableTargets": [
                {
                    "ServiceNamespace": "rds",
                    "ResourceId": name,
                    "ScalableDimension": "rds:cluster:ReadReplicaCount",
                    "MinCapacity": 1,
                    "MaxCapacity": 4,
                    "RoleARN": "arn:aws:iam::123456789012:role/r",
                    "CreationTime": NOW,
                    "SuspendedState": {"DynamicScalingInSuspended": held, "DynamicScalingOutSuspended": held},
                }
                for name, held in found
            ]
        }

    def _register_scalable_target(self, ResourceId: str, SuspendedState: dict[str, bool], **_: Any) -> None:  # noqa: N803
        assert ResourceId in self.scaled
        self.scaled[ResourceId] = SuspendedState["DynamicScalingOutSuspended"]

    def _get_secret_value(self, SecretId: str) -> dict[str, Any]:  # noqa: N803
        return {"SecretString": self.secrets[SecretId]}
