"""Readers that Application Auto Scaling made. Pulumi's state lacks them, so deleting a cluster leaves them out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from infra import naming
from infra.clients import Clients, explained
from infra.config.settings import Settings

# Amazon Aurora User Guide, "Amazon Aurora Auto Scaling with Aurora Replicas": the prefix of their
# names, and that they stay when the policy or its target is deleted.
MADE = "application-autoscaling-"


class ReadersError(Exception):
    """A call of AWS failed. The text is one line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseReader:
    """A reader that autoscaling made.

    kept: whether a scalable target of the cluster is there, which would make another one for it.
    """

    region: str
    cluster: str
    instance: str
    kept: bool

    def as_dict(self) -> dict[str, Any]:
        """As `ascent readers --json` prints it."""
        return asdict(self)


def readers(settings: Settings, stack: str, clients: Clients) -> Iterator[DatabaseReader]:
    """Such readers in every region that the stack lists, also in those that its stage no longer uses.

    Raises:
        ReadersError: when AWS does not answer.
    """
    if settings.external_database is not None:
        return
    for region in settings.regions:
        if region == settings.unreachable:
            continue
        cluster = f"{naming.regional(stack, region)}-db"
        with explained(ReadersError, region):
            made = [name for name in _members(clients, region, cluster) if name.startswith(MADE)]
            kept = bool(made) and _scaled(clients, region, cluster)
        for name in made:
            yield DatabaseReader(region=region, cluster=cluster, instance=name, kept=kept)


def remove(
    reader: DatabaseReader, clients: Clients, *, seconds: float, wait: Callable[[float], None], poll: float
) -> None:
    """Delete a reader and wait until it is gone. The cluster's data is not its own.

    Raises:
        ReadersError: when AWS refuses, or it is still there when the time is up.
    """
    client, waited = clients("rds", reader.region), 0.0
    with explained(ReadersError, reader.region):
        # DeleteDBInstance: of an Aurora instance no snapshot is taken, and none may be asked for.
        client.delete_db_instance(DBInstanceIdentifier=reader.instance)
        while reader.instance in _members(clients, reader.region, reader.cluster):
            if waited >= seconds:
                raise ReadersError(f"{reader.instance} in {reader.region} is still there after {waited:g} s; try again")
            wait(poll)
            waited += poll


def _members(clients: Clients, region: str, cluster: str) -> list[str]:
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]

    try:
        found = clients("rds", region).describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "DBClusterNotFoundFault":
            return []
        raise
    return sorted(one["DBInstanceIdentifier"] for group in found for one in group["DBClusterMembers"])


def _scaled(clients: Clients, region: str, cluster: str) -> bool:
    answer = clients("application-autoscaling", region).describe_scalable_targets(
        ServiceNamespace="rds",
        ResourceIds=[f"cluster:{cluster}"],
        ScalableDimension="rds:cluster:ReadReplicaCount",
    )
    return bool(answer["ScalableTargets"])
