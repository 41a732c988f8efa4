"""What the clusters and instances are called while a restore is under way. Made of what is restored, and so known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from infra import naming

# Amazon RDS API Reference, ModifyDBCluster (NewDBClusterIdentifier) and ModifyDBInstance (NewDBInstanceIdentifier).
IDENTIFIER = 63  # characters
# Amazon Aurora User Guide, "Amazon Aurora Auto Scaling with Aurora Replicas": so begin the readers that it adds.
ADDED = "application-autoscaling-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """Names around a cluster.

    cluster: what the program calls it.
    stamp: the time that it is restored to, in UTC, as `20261129103000`.
    """

    cluster: str
    stamp: str

    @property
    def restored(self) -> str:
        """The restored cluster, until it takes the place of the other."""
        return self.beside(self.cluster)

    @property
    def kept(self) -> str:
        """The cluster that was there, from then on."""
        return self.before(self.cluster)

    def beside(self, name: str) -> str:
        """A restored thing, until it has the name `name`."""
        return naming.fit(f"{name}-restore-{self.stamp}", IDENTIFIER)

    def before(self, name: str) -> str:
        """The thing that had the name `name` before."""
        return naming.fit(f"{name}-before-{self.stamp}", IDENTIFIER)


def stamp(time: datetime) -> str:
    """A time as names hold it, to the second."""
    return f"{time.astimezone(UTC):%Y%m%d%H%M%S}"
