"""The application's secret: environment variables that instances and pods of one region fetch when they start."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra import naming
from infra.json_secret import json_secret


@dataclass(frozen=True, kw_only=True)
class AppSecretArgs:
    """What the secret holds.

    key_arn: KMS key that encrypts it, in its region.
    values: environment variables by name, as secret outputs.
    protect: guard the secret against deletion, and keep a deleted one recoverable for the longest time.
    """

    key_arn: pulumi.Input[str]
    values: Mapping[str, pulumi.Input[str]]
    protect: bool


class AppSecret(pulumi.ComponentResource):
    """A secret in Secrets Manager, as one JSON object. Each region has its own, because each has its own addresses.

    arn: ARN of the secret.
    version: id of the current version, which changes with any of the values.
    names: names of the values.
    """

    def __init__(self, name: str, args: AppSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("AppSecret"), name, None, opts)
        secret, version = json_secret(
            name,
            description="Environment variables of the application",
            key_arn=args.key_arn,
            values=args.values,
            protect=args.protect,
            parent=self,
        )
        self.arn = secret.arn
        self.version = version.version_id
        self.names = sorted(args.values)
        self._document = version.secret_string
        self.register_outputs({"arn": self.arn})

    def value(self, name: str) -> pulumi.Output[str]:
        """One of the values as that version holds it, as a secret output."""
        return pulumi.Output.secret(self._document.apply(lambda text: str(json.loads(text or "{}").get(name, ""))))
