"""Buckets, in every region: written in one, copied to all, read at home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from infra import iam
from infra.components.compute.backfill import Backfill, BackfillArgs
from infra.components.data.replication import Copy, Replication, ReplicationArgs
from infra.components.data.storage import Storage, StorageArgs
from infra.wiring.edge import clients
from infra.wiring.site import Site

READ = ["s3:GetObject"]
# Of a bucket. Without it, S3 answers 403 instead of 404 where there is no such object: Amazon S3 API, GetObject.
LIST = ["s3:ListBucket"]
WRITE = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"]


def stores(sites: Sequence[Site]) -> Mapping[str, Storage]:
    """Declare the buckets of each region, and the copying between them. Returns them by region."""
    made = {
        site.name: Storage(
            f"{site.base}-store",
            StorageArgs(
                region=site.name,
                buckets=site.settings.described.buckets,
                public=site.settings.described.public,
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
        # From all that can take the writes, for good: what was written there just before a failover still has to get
        # away, and the next one waits for nothing that IAM and S3 change in us-east-1 alone.
        if len(sites) > 1 and site.place.standby:
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


def backfill(sites: Sequence[Site], made: Mapping[str, Storage], reports: pulumi.Input[str]) -> dict[str, Any]:
    """Declare what `ascent backfill` needs, where there are copies. Returns what it is told.

    From the home, the first of `sites`, which has all that was ever written, as other writers copy to it.

    Args:
        sites: the regions.
        made: the buckets of each.
        reports: name of the home's bucket for reports.
    """
    home, *others = sites
    if not others:
        return {}
    behind = [one.name for one in others if one.name not in home.settings.backfilled]
    if behind:
        pulumi.log.warn(
            f"the buckets in {', '.join(behind)} get new objects alone, and ascent failover refuses to go there; "
            f"copy the others too: ascent backfill --stack {pulumi.get_stack()}"
        )
    role = Backfill(
        f"{home.base}-backfill", BackfillArgs(source=made[home.name], reports=reports), opts=home.place.options
    )
    return {
        "roleArn": role.role_arn,
        "reports": reports,
        "from": made[home.name].buckets,
        "to": {one.name: made[one.name].buckets for one in others},
    }


def may_use(written: Sequence[Storage], read: Storage) -> list[iam.Statement]:
    """Statements that allow to write the objects of some stores, and to read those of another."""
    statements = [one for storage in written for one in _may(WRITE, ["kms:Decrypt", "kms:GenerateDataKey"], storage)]
    return statements if read in written else [*statements, *_may(READ, ["kms:Decrypt"], read)]


def _may(actions: Sequence[str], with_key: Sequence[str], storage: Storage) -> list[iam.Statement]:
    return [
        iam.allow(LIST, storage.arns),
        iam.allow(actions, [pulumi.Output.concat(arn, "/*") for arn in storage.arns]),
        iam.allow(
            with_key,
            [storage.key_arn],
            {"StringEquals": {"kms:ViaService": f"s3.{storage.region}.amazonaws.com"}},
        ),
    ]
