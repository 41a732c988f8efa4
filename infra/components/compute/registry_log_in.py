"""What logs in at a container registry other than ECR."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra import naming
from infra.json_secret import json_secret


@dataclass(frozen=True, kw_only=True)
class RegistryLogInArgs:
    """A log-in.

    host: the registry.
    key_arn: KMS key that encrypts the secret, in its region.
    username, password: as secret outputs.
    protect: keep a deleted secret recoverable for the longest time.
    """

    host: str
    key_arn: pulumi.Input[str]
    username: pulumi.Input[str]
    password: pulumi.Input[str]
    protect: bool


class RegistryLogIn(pulumi.ComponentResource):
    """A secret in Secrets Manager with `username` and `password`, the form that ECS takes: Amazon ECS Developer Guide,
    "Using non-AWS container images in Amazon ECS".

    arn: ARN of the secret, known once it has its value.
    """

    def __init__(self, name: str, args: RegistryLogInArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("RegistryLogIn"), name, None, opts)
        secret, version = json_secret(
            name,
            description=f"Log-in at {args.host}",
            key_arn=args.key_arn,
            values={"username": args.username, "password": args.password},
            protect=args.protect,
            parent=self,
        )
        self.arn = pulumi.Output.all(secret.arn, version.id).apply(lambda known: str(known[0]))
        self.register_outputs({"arn": self.arn})
