"""Passwords of our own, made once and kept: whatever needs one later finds it there."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from infra import naming
from infra.thresholds import CACHE_TOKEN_LENGTH, PASSWORD_LENGTH, SECRET_RECOVERY_DAYS

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
        secret = aws.secretsmanager.Secret(
            f"{name}-master",
            description="Master user of the database",
            kms_key_id=args.key_arn,
            recovery_window_in_days=SECRET_RECOVERY_DAYS.value if args.protect else 0,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        document: pulumi.Output[str] = pulumi.Output.secret(
            pulumi.Output.json_dumps({"username": DATABASE_USER, "password": self.database_password})
        )
        aws.secretsmanager.SecretVersion(f"{name}-master", secret_id=secret.id, secret_string=document, opts=child)
        self.master_secret_arn = secret.arn
        self.register_outputs({"masterSecretArn": self.master_secret_arn})
