"""Backup copies of the database in another region or account, for a stack that asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra import schedules
from infra.alarms.copies import CLOCK
from infra.alarms.model import Kind
from infra.alarms.subject import Subject
from infra.clients import Clients, faults, told
from infra.components.compute.clock import Clock, ClockArgs
from infra.components.data.backup_copies import BackupCopies, BackupCopiesArgs, CopyRegion
from infra.wiring.alarms import TASK_SEVERITY, Topics, Watched, watch
from infra.wiring.region_context import RegionContext

# Name of the resource type in AWS Backup.
AURORA = "Aurora"


@dataclass(frozen=True, kw_only=True)
class BackupVaults:
    """The backup copies.

    vaults: ARN of each vault that copies go to.
    watched: the vaults, with their alarms.
    """

    vaults: Mapping[str, pulumi.Input[str]]
    watched: Sequence[Watched]


def backup_copies(
    regions: Mapping[str, RegionContext], topics: Topics, account_id: pulumi.Input[str], clients: Clients | None
) -> BackupVaults:
    """Declare the backup copies.

    Args:
        regions: every region that the stack lists, by name, the home region first. Its cluster is copied, whichever
            region takes the writes: it has all of the data.
        topics: alarm topics of the home region.
        account_id: the AWS account.
        clients: AWS clients, to ask whether AWS Backup is on for Aurora; None to make no calls.
    """
    home = next(iter(regions.values()))
    settings, wanted = home.settings, home.settings.backup
    if wanted is None:
        return BackupVaults(vaults={}, watched=())
    if clients is not None and not home.is_unreachable:
        _warn(clients, home.name)
    target = regions[wanted.region] if wanted.region else None
    name = f"{home.base}-db"
    copies = BackupCopies(
        f"{home.base}-backups",
        BackupCopiesArgs(
            account_id=account_id,
            # Built from the cluster's name, which stays: a restored cluster of this name is copied from then on.
            cluster_arn=pulumi.Output.concat("arn:aws:rds:", home.name, ":", account_id, ":cluster:", name),
            key_arn=home.key_arn,
            region=CopyRegion(provider=target.provider, key_arn=target.key_arn) if target else None,
            vault_arn=wanted.vault_arn,
            topic=topics[TASK_SEVERITY],
            procedures=settings.alerts.procedures,
            protect=settings.protect,
        ),
        opts=home.options,
    )
    watched = []
    for place, vault in copies.names.items():
        subject = Subject(
            kinds=(Kind.COPIES,), name=f"{home.base}-backups-{place}", dimensions={"BackupVaultName": vault}
        )
        Clock(
            # No longer name: with that of the longest stack, the IAM role's name is at its limit.
            subject.name,
            ClockArgs(namespace=subject.namespace, metric=CLOCK, when=schedules.CLOCK, dead_letters=None),
            opts=home.options,
        )
        watched.append(watch(home, topics, subject))
    return BackupVaults(vaults=copies.vaults, watched=watched)


def _warn(clients: Clients, region: str) -> None:
    """Warn where AWS Backup makes no backups of Aurora, as it reports no failure either.

    AWS Backup Developer Guide, "Getting started with AWS Backup", service opt-in: for Aurora, even a plan that
    names the cluster makes none before the opt-in. The default is off (AWS Knowledge Center, "Why are my scheduled
    backup plans in AWS Backup not running?"). The setting is for the whole account, where other plans may
    depend on it, so the owner of the account has to change it.
    """
    try:
        settings = clients("backup", region).describe_region_settings()
    except faults() as error:
        pulumi.log.info(f"not looked at whether AWS Backup is on for Aurora in {region}: {told(error)}")
        return
    if not settings.get("ResourceTypeOptInPreference", {}).get(AURORA):
        pulumi.log.warn(
            f"ascent:backup copies nothing: AWS Backup is off for {AURORA} in {region}. To switch it on for the "
            f"whole account: aws backup update-region-settings --region {region} "
            f"--resource-type-opt-in-preference {AURORA}=true"
        )
