"""The database's master user where another region's proxy reads it: a proxy takes no secret from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra import naming
from infra.components.data.credentials import login_secret
from infra.roles.names import MASTER


@dataclass(frozen=True, kw_only=True)
class MasterSecretArgs:
    """What the secret holds.

    key_arn: KMS key that encrypts it, in its region.
    password: the master user's, a secret output.
    protect: guard the secret against deletion.
    """

    key_arn: pulumi.Input[str]
    password: pulumi.Input[str]
    protect: bool


class MasterSecret(pulumi.ComponentResource):
    """A copy of the master user's name and password.

    master_secret_arn: ARN of the secret.
    """

    def __init__(self, name: str, args: MasterSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("MasterSecret"), name, None, opts)
        self.master_secret_arn = login_secret(
            f"{name}-master",
            "Master user of the database",
            key_arn=args.key_arn,
            user=MASTER,
            password=args.password,
            protect=args.protect,
            parent=self,
        )
        self.register_outputs({"arn": self.master_secret_arn})
