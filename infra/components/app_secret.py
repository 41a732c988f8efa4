"""The application's secret: environment variables that instances and pods fetch when they start."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.thresholds import SECRET_RECOVERY_DAYS


@dataclass(frozen=True, kw_only=True)
class AppSecretArgs:
    """What the secret holds.

    region: region of the secret itself.
    key_arn: KMS key that encrypts it.
    replica_key_arns: KMS key by region that it is to be readable in as well.
    values: environment variables by name, as secret outputs.
    protect: guard the secret against deletion, and keep a deleted one recoverable for the longest time.
    """

    region: str
    key_arn: pulumi.Input[str]
    replica_key_arns: Mapping[str, pulumi.Input[str]]
    values: Mapping[str, pulumi.Input[str]]
    protect: bool


class AppSecret(pulumi.ComponentResource):
    """A secret in Secrets Manager, as one JSON object, replicated to every region that reads it.

    arn: ARN of the secret in its own region.
    version: id of the current version, which changes with any of the values.
    names: names of the values.
    """

    def __init__(self, name: str, args: AppSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("AppSecret"), name, None, opts)
        self._region = args.region
        self._secret = aws.secretsmanager.Secret(
            name,
            description="Environment variables of the application",
            kms_key_id=args.key_arn,
            recovery_window_in_days=SECRET_RECOVERY_DAYS.value if args.protect else 0,
            replicas=[{"region": region, "kms_key_id": arn} for region, arn in args.replica_key_arns.items()],
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        document: pulumi.Output[str] = pulumi.Output.secret(pulumi.Output.json_dumps(dict(args.values)))
        version = aws.secretsmanager.SecretVersion(
            name, secret_id=self._secret.id, secret_string=document, opts=pulumi.ResourceOptions(parent=self)
        )
        self.arn = self._secret.arn
        self.version = version.version_id
        self.names = sorted(args.values)
        self._document = version.secret_string
        self.register_outputs({"arn": self.arn})

    def arn_in(self, region: str) -> pulumi.Output[str]:
        """ARN of the secret or of its replica: the same but for the region."""
        home = self._region
        return self.arn.apply(lambda arn: arn.replace(f":{home}:", f":{region}:"))

    def value(self, name: str) -> pulumi.Output[str]:
        """One of the values as that version holds it, as a secret output."""
        return pulumi.Output.secret(self._document.apply(lambda text: str(json.loads(text or "{}").get(name, ""))))
