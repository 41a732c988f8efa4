"""Copies of the database elsewhere, for a stack that asks for them."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from infra import schedules
from infra.components.backup_copies import BackupCopies, BackupCopiesArgs, Region
from infra.components.clock import Clock, ClockArgs
from infra.platform.place import Place
from infra.platform.regional import Regional
from infra.platform.watching import TASKS_TELL
from infra.settings import Settings
from infra.watch.copies import CLOCK
from infra.watch.model import Kind
from infra.watch.subject import Subject


def backups(
    settings: Settings,
    home: Regional,
    places: Mapping[str, Place],
    key_arns: Mapping[str, pulumi.Input[str]],
    account_id: pulumi.Input[str],
) -> Mapping[str, pulumi.Input[str]]:
    """Declare them, once the home is built. Returns the ARN of each vault that copies go to.

    Args:
        settings: of the stack.
        home: the region whose cluster is copied, whoever takes the writes: it has all of the data.
        places: every region that the stack lists, by name.
        key_arns: the stack's KMS key in each of them.
        account_id: the AWS account.
    """
    wanted, site = settings.backup, home.site
    if wanted is None:
        return {}
    there = wanted.region
    name = f"{site.base}-db"
    copies = BackupCopies(
        f"{site.base}-backups",
        BackupCopiesArgs(
            account_id=account_id,
            # Of its name, which is the program's: a restored cluster that takes the place is copied from then on.
            cluster_arn=pulumi.Output.concat("arn:aws:rds:", site.name, ":", account_id, ":cluster:", name),
            key_arn=site.key_arn,
            region=Region(provider=places[there].provider, key_arn=key_arns[there]) if there else None,
            vault_arn=wanted.vault_arn,
            topic=home.watch.topics[TASKS_TELL],
            procedures=settings.alerts.procedures,
            protect=settings.protect,
        ),
        opts=site.place.options,
    )
    for place, vault in copies.names.items():
        watched = Subject(
            kinds=(Kind.COPIES,), name=f"{site.base}-backups-{place}", dimensions={"BackupVaultName": vault}
        )
        Clock(
            # Of no longer name: the longest stack's fills what IAM takes for a role.
            watched.name,
            ClockArgs(namespace=watched.namespace, metric=CLOCK, when=schedules.CLOCK, dead_letters=None),
            opts=site.place.options,
        )
        home.watch.over(watched)
    return copies.vaults
