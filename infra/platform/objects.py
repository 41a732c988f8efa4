"""Buckets, in every region: written in one, copied to all, read at home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from infra import iam
from infra.components.replication import Copy, Replication, ReplicationArgs
from infra.components.storage import Storage, StorageArgs
from infra.platform.edge import clients
from infra.platform.site import Site

READ = ["s3:GetObject"]
WRITE = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"]


def stores(sites: Sequence[Site]) -> Mapping[str, Storage]:
    """Declare the buckets of each region, and the copying between them. Returns them by region."""
    made = {
        site.name: Storage(
            f"{site.base}-store",
            StorageArgs(
                region=site.name,
                key_arn=site.key_arn,
                origin=f"https://{site.settings.domain.name}",
                readers=[] if site.settings.edge.storage_origin else clients(site.settings) or [],
                protect=site.place.protect,
            ),
            opts=site.place.options,
        )
        for site in sites
    }
    for site in sites:
        # From the primary for good: what was written there just before a failover still has to get away.
        if len(sites) > 1 and (site.place.primary or site.place.writes):
            Replication(
                f"{site.base}-copies",
                ReplicationArgs(
                    source=made[site.name],
                    copies={
                        one.name: Copy(storage=made[one.name], priority=one.place.region.slot + 1)
                        for one in sites
                        if one is not site
                    },
                ),
                opts=site.place.options,
            )
    return made


def may_use(written: Storage, read: Storage) -> list[iam.Statement]:
    """Statements that allow to write the objects of one store, and to read those of another."""
    statements = _may(WRITE, ["kms:Decrypt", "kms:GenerateDataKey"], written)
    return statements if read is written else [*statements, *_may(READ, ["kms:Decrypt"], read)]


def _may(actions: Sequence[str], with_key: Sequence[str], storage: Storage) -> list[iam.Statement]:
    return [
        iam.allow(actions, [pulumi.Output.concat(arn, "/*") for arn in storage.arns]),
        iam.allow(
            with_key,
            [storage.key_arn],
            {"StringEquals": {"kms:ViaService": f"s3.{storage.region}.amazonaws.com"}},
        ),
    ]
