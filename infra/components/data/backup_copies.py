"""Copies of a database's snapshots in another region or another account, once a day, by AWS Backup.

AWS Backup Developer Guide, "Copy a backup": of Aurora, it copies to another region or to another account, not to both
in one plan. So each place has a plan of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.thresholds import COPIED_DAYS, COPY_SOURCE_DAYS, VAULT_NAME, Threshold

_REGION_COPY_HOUR = Threshold(5, "hour of the day, UTC", "Ascent: few are awake on either side of the Atlantic")
_ACCOUNT_COPY_HOUR = Threshold(6, "hour of the day, UTC", "Ascent: an hour after the one to another region")

POLICY = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
# Apart, as both make a snapshot of the same cluster.
HOURS = {"region": _REGION_COPY_HOUR, "account": _ACCOUNT_COPY_HOUR}
# AWS Backup Developer Guide, "Monitoring AWS Backup events using Amazon EventBridge": how a job ends that did not do
# what it should.
BAD = ("ABORTED", "EXPIRED", "FAILED", "PARTIAL")
PATHS = {"kind": "$.detail-type", "state": "$.detail.state", "reason": "$.detail.statusMessage"}
# AWS Key Management Service Developer Guide, "Allowing users in other accounts to use a KMS key": for services that act
# for them, as RDS does when it copies a snapshot.
USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")


@dataclass(frozen=True, kw_only=True)
class CopyRegion:
    """Another region of the stack: its provider, and the stack's KMS key there."""

    provider: aws.Provider
    key_arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class BackupCopiesArgs:
    """What the copies need.

    account_id: the stack's AWS account.
    cluster_arn: the cluster that is copied.
    key_arn: KMS key of its storage, in its region.
    region: another region to copy to, or None.
    vault_arn: vault of another account to copy to, in the cluster's region, or None.
    topic: ARN of the topic that hears of a copy that failed.
    procedures: address of docs/procedures.md.
    protect: delete no vault that has copies in it; without it, they go with the vault.
    """

    account_id: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    region: CopyRegion | None
    vault_arn: str | None
    topic: pulumi.Input[str]
    procedures: str
    protect: bool


class BackupCopies(pulumi.ComponentResource):
    """A vault in each of the stack's regions that takes part, and a plan for each place.

    vaults, names: ARN and name of each vault that copies go to, by `region` and `account`.
    """

    def __init__(self, name: str, args: BackupCopiesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("BackupCopies"), name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self.vaults: dict[str, pulumi.Input[str]] = {}
        self.names: dict[str, pulumi.Input[str]] = {}
        if args.region is not None:
            elsewhere = pulumi.ResourceOptions(parent=self, provider=args.region.provider)
            there = self._vault("there", args.region.key_arn, elsewhere)
            self.vaults["region"], self.names["region"] = there.arn, there.name
        if args.vault_arn is not None:
            self._share(args.vault_arn)
            *_, name_there = args.vault_arn.split(":")
            self.vaults["account"], self.names["account"] = args.vault_arn, name_there
        here = self._vault("here", args.key_arn, self._child)
        role = aws.iam.Role(name, assume_role_policy=iam.trust("backup.amazonaws.com"), opts=self._child)
        may = aws.iam.RolePolicyAttachment(name, role=role.name, policy_arn=POLICY, opts=self._child)
        for place, vault in self.vaults.items():
            self._plan(place, here.name, vault, role.arn, may)
        self._tell()
        self.register_outputs({"vaults": self.vaults})

    def _fitting(self, what: str) -> str:
        """A name that AWS Backup takes, with Pulumi's suffix."""
        return naming.fit(f"{self._name}-{what}", VAULT_NAME.value - naming.AUTONAME_SUFFIX)

    def _vault(self, what: str, key_arn: pulumi.Input[str], opts: pulumi.ResourceOptions) -> aws.backup.Vault:
        # Guarded by AWS itself, which deletes no vault that has something in it: AWS Backup API, DeleteBackupVault.
        return aws.backup.Vault(
            self._fitting(what), kms_key_arn=key_arn, force_destroy=not self._args.protect, opts=opts
        )

    def _plan(
        self,
        place: str,
        here: pulumi.Input[str],
        vault: pulumi.Input[str],
        role: pulumi.Input[str],
        may: pulumi.Resource,
    ) -> None:
        name = self._fitting(place)
        plan = aws.backup.Plan(
            name,
            rules=[
                {
                    "rule_name": "daily",
                    "target_vault_name": here,
                    "schedule": f"cron(0 {HOURS[place].value} * * ? *)",
                    "lifecycle": {"delete_after": COPY_SOURCE_DAYS.value},
                    "copy_actions": [
                        {"destination_vault_arn": vault, "lifecycle": {"delete_after": COPIED_DAYS.value}}
                    ],
                }
            ],
            opts=self._child,
        )
        aws.backup.Selection(
            name,
            plan_id=plan.id,
            iam_role_arn=role,
            resources=[self._args.cluster_arn],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[may]),
        )

    def _share(self, vault_arn: str) -> None:
        """Let the account of a vault read what the key has encrypted, else its copy of a snapshot cannot be made.

        AWS Backup Developer Guide, "Creating backup copies across AWS accounts".
        """
        *_, account, _, _ = vault_arn.split(":")
        # By its id: the provider reads it back so.
        key = pulumi.Output.from_input(self._args.key_arn).apply(lambda arn: arn.split("/")[-1])
        them = {"AWS": f"arn:aws:iam::{account}:root"}
        ours = pulumi.Output.concat("arn:aws:iam::", self._args.account_id, ":root")
        for_services = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        aws.kms.KeyPolicy(
            self._name,
            key_id=key,
            policy=iam.policy(
                # What a key has without a policy of its own: AWS KMS, "Default key policy".
                iam.allow(["kms:*"], ["*"], principal={"AWS": ours}),
                iam.allow(USE, ["*"], principal=them),
                iam.allow(["kms:CreateGrant"], ["*"], for_services, principal=them),
            ),
            opts=self._child,
        )

    def _tell(self) -> None:
        rule = aws.cloudwatch.EventRule(
            self._name,
            description="Copies of the database that failed",
            event_pattern=pulumi.Output.json_dumps(pattern(self._args.cluster_arn)),
            opts=self._child,
        )
        aws.cloudwatch.EventTarget(
            self._name,
            rule=rule.name,
            arn=self._args.topic,
            input_transformer={
                "input_paths": PATHS,
                "input_template": template(self._name, self._args.procedures),
            },
            opts=self._child,
        )


def pattern(cluster_arn: Any) -> Mapping[str, Any]:
    """The events that count, of this cluster alone: others of the account are others' to hear of."""
    return {
        "source": ["aws.backup"],
        "detail-type": ["Backup Job State Change", "Copy Job State Change"],
        "detail": {"resourceArn": [cluster_arn], "state": list(BAD)},
    }


def template(name: str, procedures: str) -> str:
    """The message, in the form that Amazon Q Developer shows in a channel, and a mail has as it is."""
    message = {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": f"{name}: no copy of the database was made today",
            "description": "<reason>",
            "nextSteps": ["<kind>: <state>", f"What to do: {procedures}#copies-of-the-database"],
        },
    }
    # Without quotes of ours, EventBridge puts in the value as JSON, with the quotes that are in it escaped.
    return json.dumps(message).replace('"<reason>"', "<reason>")
