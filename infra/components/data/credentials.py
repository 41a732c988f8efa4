"""Passwords of our own, made once and kept: whatever needs one later finds it there."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_random as random

from infra import naming
from infra.json_secret import json_secret
from infra.roles.names import APPLICATIONS, JOBS, MASTER, READS, short
from infra.rotation import Turns
from infra.thresholds import CACHE_TOKEN_LENGTH

# Characters: 238 bits of letters and digits, within the 41 of RDS (API Reference, CreateDBCluster).
_PASSWORD_LENGTH = 40


@dataclass(frozen=True, kw_only=True)
class CredentialsArgs:
    """What the credentials need.

    key_arn: KMS key that encrypts the stored one.
    turns: which of them are made anew.
    protect: guard them against deletion.
    """

    key_arn: pulumi.Input[str]
    turns: Turns
    protect: bool


class Credentials(pulumi.ComponentResource):
    """The database's master user, its roles' passwords, and the cache's auth token.

    Not a password that RDS manages: a global database has none (AWS, "Limitations for Secrets Manager integration").

    database_password, cache_token: secret outputs, letters and digits only, so that they fit a URL as they are.
    last_token: the cache's token before, while clients may still have it; else None.
    target_key: a secret output, without which a request cannot choose its target group.
    master_secret_arn: a Secrets Manager secret with `username` and `password`, as RDS Proxy reads it.
    """

    def __init__(self, name: str, args: CredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Credentials"), name, None, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        turns, all_ = args.turns, str(args.turns.credentials.number)
        self._turns = turns
        self.database_password = self._password("database", _mark(all_, turns.master.number))
        first, second = turns.cache.made
        length = CACHE_TOKEN_LENGTH.value
        tokens = [self._password("redis", _mark(all_, first), length)]
        if turns.cache.number:
            tokens.append(self._password("redis-b", _mark(all_, second), length))
        self.cache_token = tokens[turns.cache.second]
        self.last_token = tokens[not turns.cache.second] if turns.cache.under_way else None
        self.target_key: pulumi.Output[str] = pulumi.Output.secret(self._password("target", all_))
        self.master_secret_arn = login_secret(
            f"{name}-master",
            "Master user of the database",
            key_arn=args.key_arn,
            user=MASTER,
            password=self.database_password,
            protect=args.protect,
            parent=self,
        )
        self.register_outputs({"masterSecretArn": self.master_secret_arn})

    def roles(self) -> dict[str, pulumi.Output[str]]:
        """Passwords of the database's users other than the master, by user."""
        turn, all_ = self._turns.application, self._turns.credentials.number
        marks = {**dict(zip(APPLICATIONS, turn.made, strict=True)), JOBS: turn.number, READS: turn.number}
        return {user: self._password(short(user), f"{all_}.{mark}") for user, mark in marks.items()}

    def _password(self, what: str, mark: str, length: int = _PASSWORD_LENGTH) -> pulumi.Output[str]:
        """A password that is made anew with another mark."""
        return random.RandomPassword(
            f"{self._name}-{what}", length=length, special=False, keepers={"generation": mark}, opts=self._child
        ).result


def _mark(generation: str, number: int) -> str:
    # What was never rotated has the mark that it has had since before there were rotations.
    return generation if number < 1 else f"{generation}.{number}"


def login_secret(
    name: str,
    description: str,
    *,
    key_arn: pulumi.Input[str],
    user: str,
    password: pulumi.Input[str],
    protect: bool,
    parent: pulumi.Resource,
) -> pulumi.Output[str]:
    """Keep a user's name and password in a secret, as RDS Proxy reads them. Returns its ARN."""
    secret, _ = json_secret(
        name,
        description=description,
        key_arn=key_arn,
        values={"username": user, "password": password},
        protect=protect,
        parent=parent,
    )
    return secret.arn
