"""The function that makes the database's roles, called by the update before anything logs in as one of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.roles import keeper
from infra.roles.names import MASTER, OWNER, READS, WRITES
from infra.thresholds import FUNCTION_LOG_DAYS, ROLE_KEEPER_SECONDS

_FILE = Path(keeper.__file__)
# AWS Lambda Developer Guide, "Lambda runtimes": supported until 2029.
RUNTIME = "python3.13"


@dataclass(frozen=True, kw_only=True)
class Login:
    """A user of the database.

    secret_arn: its secret; None where it may not log in any more.
    of: the role that it is a member of.
    limit: connections that it may have.
    settings: parameters of its sessions.
    """

    secret_arn: pulumi.Input[str] | None
    of: str
    limit: int
    settings: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RoleKeeperArgs:
    """What the function needs.

    region: AWS region.
    cluster_arn: the Aurora cluster, which has to have the RDS Data API.
    database: name of the database in it.
    master_secret_arn, key_arn: the master user's secret, and the KMS key of all secrets.
    secret_arns: secrets of all users.
    logins: users by name.
    versions: what changes with any of the passwords.
    calls: whether the function is called now. It cannot do anything at a replica.
    """

    region: str
    cluster_arn: pulumi.Input[str]
    database: str
    master_secret_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    secret_arns: Sequence[pulumi.Input[str]]
    logins: Mapping[str, Login]
    versions: Sequence[pulumi.Input[str]]
    calls: bool


class RoleKeeper(pulumi.ComponentResource):
    """A Lambda function with the rights of the master, and the call of it.

    done: known once the roles are as they should be; at once where it is not called.
    """

    def __init__(self, name: str, args: RoleKeeperArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("RoleKeeper"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        logs = aws.cloudwatch.LogGroup(name, retention_in_days=FUNCTION_LOG_DAYS.value, opts=child)
        role = aws.iam.Role(name, assume_role_policy=iam.trust("lambda.amazonaws.com"), opts=child)
        policy = aws.iam.RolePolicy(
            name,
            role=role.id,
            policy=iam.policy(
                iam.allow(
                    [
                        "rds-data:BeginTransaction",
                        "rds-data:CommitTransaction",
                        "rds-data:ExecuteStatement",
                        "rds-data:RollbackTransaction",
                    ],
                    [args.cluster_arn],
                ),
                *iam.read_secret(args.master_secret_arn, args.key_arn, args.region),
                *iam.read_also(args.secret_arns),
                iam.write_logs(logs.arn),
            ),
            opts=child,
        )
        function = aws.lambda_.Function(
            name,
            description="Makes the database's roles; called by pulumi up",
            role=role.arn,
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=f"{_FILE.stem}.handler",
            code=pulumi.AssetArchive({_FILE.name: pulumi.FileAsset(str(_FILE))}),
            timeout=ROLE_KEEPER_SECONDS.value,
            logging_config={"log_format": "JSON", "log_group": logs.name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.done = self._call(name, args, function) if args.calls else pulumi.Output.from_input("")
        self.register_outputs({"done": self.done})

    def _call(self, name: str, args: RoleKeeperArgs, function: aws.lambda_.Function) -> pulumi.Output[str]:
        return aws.lambda_.Invocation(
            name,
            function_name=function.name,
            input=pulumi.Output.json_dumps(_event(args)),
            triggers={
                "code": hashlib.sha256(_FILE.read_bytes()).hexdigest(),
                "passwords": pulumi.Output.all(*args.versions).apply(",".join),
            },
            opts=pulumi.ResourceOptions(parent=self),
        ).result


def _event(args: RoleKeeperArgs) -> dict[str, Any]:
    return {
        "cluster": args.cluster_arn,
        "secret": args.master_secret_arn,
        "database": args.database,
        "names": {"master": MASTER, "owner": OWNER, "writes": WRITES, "reads": READS},
        "logins": {
            user: {"secret": one.secret_arn, "of": one.of, "limit": one.limit, "settings": dict(one.settings)}
            for user, one in args.logins.items()
        },
    }
