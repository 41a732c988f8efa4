"""Names of clusters and instances during a restore. They follow from what is restored, so they need no record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from infra import naming

# Amazon RDS API Reference, ModifyDBCluster (NewDBClusterIdentifier) and ModifyDBInstance (NewDBInstanceIdentifier).
IDENTIFIER = 63  # characters
# Amazon Aurora User Guide, "Amazon Aurora Auto Scaling with Aurora Replicas": the prefix of readers that it adds.
ADDED = "application-autoscaling-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """Names around a cluster.

    cluster: its name in the program.
    stamp: the time that it is restored to, in UTC, as `20261129103000`.
    """

    cluster: str
    stamp: str

    @property
    def restored(self) -> str:
        """The restored cluster, until it takes over the name."""
        return self.beside(self.cluster)

    @property
    def kept(self) -> str:
        """The old cluster, from then on."""
        return self.before(self.cluster)

    def beside(self, name: str) -> str:
        """A restored resource, until it has the name `name`."""
        return naming.fit(f"{name}-restore-{self.stamp}", IDENTIFIER)

    def before(self, name: str) -> str:
        """The resource that had the name `name` before."""
        return naming.fit(f"{name}-before-{self.stamp}", IDENTIFIER)


def stamp(time: datetime) -> str:
    """A time as it is written in names, to the second."""
    return f"{time.astimezone(UTC):%Y%m%d%H%M%S}"
