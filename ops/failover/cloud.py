"""AWS, as far as a failover asks and tells it something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.thresholds import RESTART_SHARE

# A client of a service in a region: boto3's own, or a stubbed one in tests.
Clients = Callable[[str, str], Any]
LAG_WINDOW = timedelta(minutes=5)
LAG_PERIOD = 60  # seconds; CloudWatch keeps these metrics once a minute
MILLISECONDS = 1000


class CloudError(Exception):
    """AWS did not do or say what was asked. The text is one line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Members:
    """Who belongs to a global database or datastore, by region, and who takes the writes.

    ready: whether all is well with it. moving: whether another member is about to take the writes.
    """

    id: str
    by_region: dict[str, str]
    writer: str
    ready: bool
    moving: bool


class Cloud:
    """Asks and tells AWS, in whichever region the question has to be put."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def database(self, name: str, region: str) -> Members:
        """The members of the global database `name`, as `region` sees them.

        Raises:
            CloudError: when there is none, or AWS refuses.
        """
        with _explained("rds", region):
            answer = self._clients("rds", region).describe_global_clusters(GlobalClusterIdentifier=name)
        found = answer["GlobalClusters"]
        if not found:
            raise CloudError(f"{region} knows no global database {name}; first: pulumi up")
        members = found[0]["GlobalClusterMembers"]
        writers = [_region(one["DBClusterArn"]) for one in members if one["IsWriter"]]
        return Members(
            id=name,
            by_region={_region(one["DBClusterArn"]): one["DBClusterArn"] for one in members},
            writer=writers[0] if writers else "",
            ready=found[0]["Status"] == "available" and "FailoverState" not in found[0],
            moving="FailoverState" in found[0],
        )

    def move_database(self, name: str, *, arn: str, region: str, lost: bool) -> None:
        """Start to have another cluster take the writes.

        Raises:
            CloudError: when AWS refuses.
        """
        with _explained("rds", region):
            client = self._clients("rds", region)
            target = {"GlobalClusterIdentifier": name, "TargetDbClusterIdentifier": arn}
            if lost:
                client.failover_global_cluster(**target, AllowDataLoss=True)
            else:
                client.switchover_global_cluster(**target)

    def cache(self, name: str, region: str) -> Members:
        """The members of the Global Datastore that was made as `name`: AWS puts letters of its own before that.

        Raises:
            CloudError: when there is none, or AWS refuses.
        """
        with _explained("elasticache", region):
            pages = self._clients("elasticache", region).get_paginator("describe_global_replication_groups")
            groups = [one for page in pages.paginate(ShowMemberInfo=True) for one in page["GlobalReplicationGroups"]]
        found = [one for one in groups if one["GlobalReplicationGroupId"].partition("-")[2] == name]
        if not found:
            raise CloudError(f"{region} knows no global datastore {name}; first: pulumi up")
        members = found[0]["Members"]
        writers = [one["ReplicationGroupRegion"] for one in members if one["Role"] == "PRIMARY"]
        return Members(
            id=found[0]["GlobalReplicationGroupId"],
            by_region={one["ReplicationGroupRegion"]: one["ReplicationGroupId"] for one in members},
            writer=writers[0] if writers else "",
            ready=found[0]["Status"] == "available",
            moving=found[0]["Status"] == "modifying",
        )

    def move_cache(self, identifier: str, to: str, *, group: str) -> None:
        """Start to have another region's cache take the writes.

        Raises:
            CloudError: when AWS refuses.
        """
        with _explained("elasticache", to):
            self._clients("elasticache", to).failover_global_replication_group(
                GlobalReplicationGroupId=identifier, PrimaryRegion=to, PrimaryReplicationGroupId=group
            )

    def lag(self, cluster_arn: str) -> float | None:
        """Seconds that a secondary cluster was behind at most in the last minutes; None where nobody measured it.

        Raises:
            CloudError: when AWS refuses.
        """
        region, now = _region(cluster_arn), datetime.now(UTC)
        with _explained("cloudwatch", region):
            answer = self._clients("cloudwatch", region).get_metric_statistics(
                Namespace="AWS/RDS",
                MetricName="AuroraGlobalDBReplicationLag",
                Dimensions=[{"Name": "DBClusterIdentifier", "Value": cluster_arn.rpartition(":")[2]}],
                StartTime=now - LAG_WINDOW,
                EndTime=now,
                Period=LAG_PERIOD,
                Statistics=["Maximum"],
            )
        points = [point["Maximum"] for point in answer["Datapoints"]]
        return max(points) / MILLISECONDS if points else None

    def restart(self, stack: str, region: str) -> str:
        """Have the instances of one region restart the application, half of them at a time. Returns the command's id.

        Raises:
            CloudError: when AWS refuses.
        """
        with _explained("ssm", region):
            answer = self._clients("ssm", region).send_command(
                DocumentName="AWS-RunShellScript",
                Comment="ascent failover: fetch the new addresses",
                Targets=[{"Key": "tag:ascent:stack", "Values": [stack]}],
                Parameters={"commands": ["systemctl restart app"]},
                MaxConcurrency=f"{RESTART_SHARE.value}%",
                MaxErrors="100%",
            )
        return str(answer["Command"]["CommandId"])


def sdk(service: str, region: str) -> Any:
    """boto3's client, with the environment's credentials."""
    # The SDK takes half a second to import, and nobody needs it who only wants to see the steps.
    import boto3  # type: ignore[import-untyped]
    from botocore.config import Config  # type: ignore[import-untyped]

    return boto3.client(service, region_name=region, config=Config(retries={"mode": "standard"}))


def _region(arn: str) -> str:
    return arn.split(":")[3]


@contextmanager
def _explained(service: str, region: str) -> Iterator[None]:
    """Turns what AWS or the SDK says into one line."""
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise CloudError(f"{service} in {region}: {error}") from error
