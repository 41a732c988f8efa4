"""Buckets: written in one region, replicated to every other, and read in the region itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from infra import iam
from infra.components.compute.backfill import Backfill, BackfillArgs
from infra.components.data.replication import Copy, Replication, ReplicationArgs
from infra.components.data.storage import Storage, StorageArgs
from infra.wiring.edge import edge_clients
from infra.wiring.region_context import RegionContext

READ = ["s3:GetObject"]
# On a bucket. Without it, S3 answers 403 instead of 404 for an object that does not exist: Amazon S3 API, GetObject.
LIST = ["s3:ListBucket"]
WRITE = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"]


def buckets(regions: Sequence[RegionContext]) -> Mapping[str, Storage]:
    """Declare the buckets of each region, and the replication between them. Returns them by region."""
    settings = regions[0].settings
    made = {
        region.name: Storage(
            f"{region.base}-store",
            StorageArgs(
                region=region.name,
                buckets=settings.described.buckets,
                public=settings.described.public,
                key_arn=region.key_arn,
                origin=f"https://{settings.domain.name}",
                readers=[] if settings.edge.storage_origin else edge_clients(settings) or [],
                protect=region.protect,
            ),
            opts=region.options,
        )
        for region in regions
    }
    for region in regions:
        # From every standby region, always: objects written just before a failover still have to be replicated, and
        # the next failover must not wait for IAM or S3, whose control planes are in us-east-1 alone.
        if len(regions) > 1 and region.is_standby:
            Replication(
                f"{region.base}-copies",
                ReplicationArgs(
                    source=made[region.name],
                    copies={
                        one.name: Copy(storage=made[one.name], priority=one.aws_region.slot + 1)
                        for one in regions
                        if one is not region
                    },
                ),
                opts=region.options,
            )
    return made


def backfill(
    regions: Sequence[RegionContext], made: Mapping[str, Storage], reports: pulumi.Input[str]
) -> dict[str, Any]:
    """Declare what `ascent backfill` needs, where there are several regions. Returns the outputs that it reads.

    It copies from the home region, which has every object, as every other writing region replicates to it.

    Args:
        regions: the regions in use, the home region first.
        made: their buckets, by region.
        reports: name of the home region's bucket for reports.
    """
    home, *others = regions
    if not others:
        return {}
    behind = [one.name for one in others if one.name not in home.settings.backfilled]
    if behind:
        pulumi.log.warn(
            f"the buckets in {', '.join(behind)} get new objects alone, and ascent failover refuses to go there; "
            f"copy the others too: ascent backfill --stack {pulumi.get_stack()}"
        )
    role = Backfill(f"{home.base}-backfill", BackfillArgs(source=made[home.name], reports=reports), opts=home.options)
    return {
        "roleArn": role.role_arn,
        "reports": reports,
        "from": made[home.name].buckets,
        "to": {one.name: made[one.name].buckets for one in others},
    }


def may_use(written: Sequence[Storage], read: Storage) -> list[iam.Statement]:
    """IAM statements that allow to write the objects of the stores `written`, and to read those of `read`."""
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
