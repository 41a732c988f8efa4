"""Copies of the database elsewhere, for a stack that asks for them."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from infra import schedules
from infra.alarms.copies import CLOCK
from infra.alarms.model import Kind
from infra.alarms.subject import Subject
from infra.clients import Clients
from infra.components.compute.clock import Clock, ClockArgs
from infra.components.data.backup_copies import BackupCopies, BackupCopiesArgs, CopyRegion
from infra.config.settings import Settings
from infra.wiring.alarms import TASKS_TELL
from infra.wiring.place import Place
from infra.wiring.regional import Regional

# A resource type, as AWS Backup calls it.
AURORA = "Aurora"


def backups(
    settings: Settings,
    home: Regional,
    places: Mapping[str, Place],
    key_arns: Mapping[str, pulumi.Input[str]],
    account_id: pulumi.Input[str],
    clients: Clients | None,
) -> Mapping[str, pulumi.Input[str]]:
    """Declare them, once the home is built. Returns the ARN of each vault that copies go to.

    Args:
        settings: of the stack.
        home: the region whose cluster is copied, whoever takes the writes: it has all of the data.
        places: every region that the stack lists, by name.
        key_arns: the stack's KMS key in each of them.
        account_id: the AWS account.
        clients: of AWS' services, which say whether they make backups of Aurora; None to ask nothing.
    """
    wanted, site = settings.backup, home.site
    if wanted is None:
        return {}
    if clients is not None and site.name != settings.unreachable:
        _warn(clients, site.name)
    there = wanted.region
    name = f"{site.base}-db"
    copies = BackupCopies(
        f"{site.base}-backups",
        BackupCopiesArgs(
            account_id=account_id,
            # Of its name, which is the program's: a restored cluster that takes the place is copied from then on.
            cluster_arn=pulumi.Output.concat("arn:aws:rds:", site.name, ":", account_id, ":cluster:", name),
            key_arn=site.key_arn,
            region=CopyRegion(provider=places[there].provider, key_arn=key_arns[there]) if there else None,
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


def _warn(clients: Clients, region: str) -> None:
    """Say so where AWS Backup makes no backup of Aurora: it then fails nothing either.

    AWS Backup Developer Guide, "Getting started with AWS Backup", service opt-in: of Aurora, also a plan that names the
    cluster itself makes none before it is switched on. By default it is off (AWS Knowledge Center, "Why are my
    scheduled backup plans in AWS Backup not running?"). The setting is of the whole account, whose other plans may go
    by it, so it is its owner's to change.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

    try:
        settings = clients("backup", region).describe_region_settings()
    except (BotoCoreError, ClientError) as error:
        pulumi.log.info(f"not looked at whether AWS Backup is on for Aurora in {region}: {error}")
        return
    if not settings.get("ResourceTypeOptInPreference", {}).get(AURORA):
        pulumi.log.warn(
            f"ascent:backup copies nothing: AWS Backup is off for {AURORA} in {region}. To switch it on for the "
            f"whole account: aws backup update-region-settings --region {region} "
            f"--resource-type-opt-in-preference {AURORA}=true"
        )
