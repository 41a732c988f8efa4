"""Passwords of our own, made once and kept: whatever needs one later finds it there."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_random as random

from infra import naming
from infra.json_secret import json_secret
from infra.thresholds import CACHE_TOKEN_LENGTH, PASSWORD_LENGTH

DATABASE_USER = "ascent"


@dataclass(frozen=True, kw_only=True)
class CredentialsArgs:
    """What the credentials need.

    key_arn: KMS key that encrypts the stored one.
    generation: a number that, raised by one, makes new passwords at the next update.
    protect: guard them against deletion.
    """

    key_arn: pulumi.Input[str]
    generation: int
    protect: bool


class Credentials(pulumi.ComponentResource):
    """The database's master user and the cache's auth token.

    Not a password that RDS manages: a global database has none (AWS, "Limitations for Secrets Manager integration").

    database_password, cache_token: secret outputs, letters and digits only, so that they fit a URL as they are.
    master_secret_arn: a Secrets Manager secret with `username` and `password`, as RDS Proxy reads it.
    """

    def __init__(self, name: str, args: CredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Credentials"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        keepers = {"generation": str(args.generation)}
        self.database_password = random.RandomPassword(
            f"{name}-database", length=PASSWORD_LENGTH.value, special=False, keepers=keepers, opts=child
        ).result
        self.cache_token = random.RandomPassword(
            f"{name}-redis", length=CACHE_TOKEN_LENGTH.value, special=False, keepers=keepers, opts=child
        ).result
        self.master_secret_arn = master_secret(
            name, key_arn=args.key_arn, password=self.database_password, protect=args.protect, parent=self
        )
        self.register_outputs({"masterSecretArn": self.master_secret_arn})


def master_secret(
    name: str, *, key_arn: pulumi.Input[str], password: pulumi.Input[str], protect: bool, parent: pulumi.Resource
) -> pulumi.Output[str]:
    """Keep the master user's name and password in a secret, as RDS Proxy reads them. Returns its ARN."""
    secret, _ = json_secret(
        f"{name}-master",
        description="Master user of the database",
        key_arn=key_arn,
        values={"username": DATABASE_USER, "password": password},
        protect=protect,
        parent=parent,
    )
    return secret.arn
