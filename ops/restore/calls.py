"""The calls of AWS, as `perform` makes them and as a person would type them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ops.restore.names import Names
from ops.restore.shape import InstanceShape, ProxyShape, Shape, listed

# The tag with the time that a cluster was restored to. The next update removes it, as the program does not set it.
MARK = "ascent:restored"
READERS = "rds:cluster:ReadReplicaCount"


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreSource:
    """The source of a restore.

    time: the time that it is restored to, in UTC.
    snapshot: identifier of the snapshot, or None for a point in time.
    lost: AWS' own id of a deleted cluster whose backups are kept, or None where the cluster exists.
    """

    time: datetime
    snapshot: str | None
    lost: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A call of an AWS service: boto3's name of the operation, and its arguments."""

    service: str
    operation: str
    arguments: Mapping[str, Any]

    def typed(self, region: str) -> str:
        """The call as a command of the AWS CLI, which derives its options from the API's names as botocore does."""
        from botocore import xform_name  # type: ignore[import-untyped]

        words = ["aws", self.service, self.operation.replace("_", "-"), "--region", region]
        for name, value in self.arguments.items():
            option = xform_name(name, "-")
            if isinstance(value, bool):
                words.append(f"--{option}" if value else f"--no-{option}")
            else:
                words += [f"--{option}", *_words(value)]
        return shlex.join(words)


def restore(shape: Shape, names: Names, source: RestoreSource) -> Call:
    """Create the restored cluster, without an instance."""
    common = {
        "DBClusterIdentifier": names.restored,
        **shape.arguments,
        "Tags": listed({**shape.tags, MARK: names.stamp}),
    }
    if source.snapshot is not None:
        return _rds(
            "restore_db_cluster_from_snapshot",
            SnapshotIdentifier=source.snapshot,
            Engine=shape.fixed["Engine"],
            # Else it would be AWS' default version (Amazon RDS API Reference, RestoreDBClusterFromSnapshot).
            EngineVersion=shape.version,
            **common,
        )
    origin = {"SourceDbClusterResourceId": source.lost} if source.lost else {"SourceDBClusterIdentifier": shape.cluster}
    return _rds("restore_db_cluster_to_point_in_time", **origin, RestoreToTime=source.time, **common)


def create(names: Names, instance: InstanceShape) -> Call:
    """Create an instance of the restored cluster."""
    return _rds(
        "create_db_instance",
        DBInstanceIdentifier=names.beside(instance.name),
        DBClusterIdentifier=names.restored,
        **instance.arguments,
    )


def data_api(arn: str) -> Call:
    """Turn on the RDS Data API of a cluster."""
    return _rds("enable_http_endpoint", ResourceArn=arn)


def rename_instance(now: str, then: str) -> Call:
    """Rename an instance, which reboots it."""
    return _rds("modify_db_instance", DBInstanceIdentifier=now, NewDBInstanceIdentifier=then, ApplyImmediately=True)


def reboot(name: str) -> Call:
    """Reboot an instance, which ends the connections to it."""
    return _rds("reboot_db_instance", DBInstanceIdentifier=name)


def rename_cluster(now: str, then: str) -> Call:
    """Rename a cluster, which changes its endpoints."""
    return _rds("modify_db_cluster", DBClusterIdentifier=now, NewDBClusterIdentifier=then, ApplyImmediately=True)


def keep(now: str, then: str) -> Call:
    """Rename the old cluster, and protect it from deletion."""
    call = rename_cluster(now, then)
    return Call(service="rds", operation=call.operation, arguments={**call.arguments, "DeletionProtection": True})


def detach(proxy: ProxyShape, clusters: Sequence[str]) -> Call:
    """Deregister clusters from a proxy."""
    return _proxied("deregister_db_proxy_targets", proxy, clusters)


def attach(proxy: ProxyShape, clusters: Sequence[str]) -> Call:
    """Register clusters with a proxy."""
    return _proxied("register_db_proxy_targets", proxy, clusters)


def scaling(resource: str, *, held: bool) -> Call:
    """Suspend autoscaling of a cluster's readers, or resume it; its bounds stay as they are."""
    state = dict.fromkeys(
        ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"), held
    )
    return Call(
        service="application-autoscaling",
        operation="register_scalable_target",
        arguments={
            "ServiceNamespace": "rds",
            "ResourceId": resource,
            "ScalableDimension": READERS,
            "SuspendedState": state,
        },
    )


def delete_instance(name: str) -> Call:
    """Delete an instance of a cluster; the data belongs to the cluster."""
    return _rds("delete_db_instance", DBInstanceIdentifier=name)


def password(cluster: str, password: str) -> Call:
    """Set the master user's password."""
    return _rds("modify_db_cluster", DBClusterIdentifier=cluster, MasterUserPassword=password, ApplyImmediately=True)


def password_typed(cluster: str, secret: str, region: str) -> str:
    """The same as a person would type it, with the password in a pipe, not in an argument that others could see."""
    wanted = f'{{DBClusterIdentifier: "{cluster}", MasterUserPassword: .password, ApplyImmediately: true}}'
    return (
        f"aws secretsmanager get-secret-value --region {region} --secret-id {secret} --query SecretString --output text"
        f" | jq {shlex.quote(wanted)}"
        f" | aws rds modify-db-cluster --region {region} --cli-input-json file:///dev/stdin"
    )


def _rds(operation: str, **arguments: Any) -> Call:
    return Call(service="rds", operation=operation, arguments=arguments)


def _proxied(operation: str, proxy: ProxyShape, clusters: Sequence[str]) -> Call:
    return _rds(operation, DBProxyName=proxy.name, TargetGroupName=proxy.group, DBClusterIdentifiers=list(clusters))


def _words(value: Any) -> list[str]:
    if isinstance(value, list):
        return [word for one in value for word in _words(one)]
    if isinstance(value, dict):
        return [",".join(f"{name}={_quoted(_plain(one))}" for name, one in value.items())]
    return [_plain(value)]


def _quoted(text: str) -> str:
    """A value in the CLI's shorthand syntax, where a comma ends one that is not in quotes."""
    return json.dumps(text) if "," in text else text


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"{value:g}" if isinstance(value, float) else str(value)
