"""The database's users other than the master, each with its password, where one region's proxy and keeper read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra import naming
from infra.json_secret import json_secret
from infra.roles.names import short


@dataclass(frozen=True, kw_only=True)
class RoleSecretsArgs:
    """What the secrets hold.

    key_arn: KMS key that encrypts them, in their region.
    passwords: by user, as secret outputs.
    """

    key_arn: pulumi.Input[str]
    passwords: Mapping[str, pulumi.Input[str]]


class RoleSecrets(pulumi.ComponentResource):
    """A secret for each user, as RDS Proxy reads one.

    arns: ARN of each secret, by user.
    versions: id of each one's version, by user, which changes with the password.
    """

    def __init__(self, name: str, args: RoleSecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("RoleSecrets"), name, None, opts)
        self.arns: dict[str, pulumi.Output[str]] = {}
        self.versions: dict[str, pulumi.Output[str]] = {}
        for user, password in args.passwords.items():
            secret, version = json_secret(
                f"{name}-{short(user)}",
                description=f"User {user} of the database",
                key_arn=args.key_arn,
                values={"username": user, "password": password},
                # Not guarded: they hold nothing that the stack does not make anew, and go when roles are given up.
                protect=False,
                parent=self,
            )
            self.arns[user], self.versions[user] = secret.arn, version.version_id
        self.register_outputs({"arns": self.arns})
