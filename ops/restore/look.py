"""The state at AWS before or during a restore."""

from __future__ import annotations

from ops.restore.cloud import RestoreCloud
from ops.restore.names import Names
from ops.restore.plan import RestoreInventory, Wish, names_of
from ops.restore.shape import Shape


def look(cloud: RestoreCloud, wanted: Wish, shape: Shape) -> tuple[Names, RestoreInventory]:
    """The names that a restore uses, and how far it has come.

    Raises:
        CloudError: when AWS refuses.
        RestoreRefusedError: when there is no such snapshot.
    """
    snapshot = cloud.snapshot(wanted.snapshot) if wanted.snapshot else None
    names = names_of(wanted, snapshot, shape.cluster)
    cluster, restored, kept = (cloud.cluster(name) for name in (names.cluster, names.restored, names.kept))
    # A cluster that is being renamed can be seen under both names.
    if cluster is not None and kept is not None and cluster.id == kept.id:
        cluster = None
    if cluster is not None and restored is not None and cluster.id == restored.id:
        restored = None
    found = RestoreInventory(
        cluster=cluster,
        restored=restored,
        kept=kept,
        backups=cloud.backups(shape.resource_id) if cluster is None else None,
        snapshot=snapshot,
        world=cloud.world(cluster.arn) if cluster is not None else None,
    )
    return names, found
