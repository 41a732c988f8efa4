"""IAM policy documents, from their statements."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pulumi

Statement = Mapping[str, Any]
VERSION = "2012-10-17"


def allow(
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    conditions: Mapping[str, Any] | None = None,
    principal: Mapping[str, Any] | None = None,
) -> Statement:
    """A statement that allows `actions` on `resources`; with a principal, for a resource's own policy."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    if principal:
        statement["Principal"] = dict(principal)
    if conditions:
        statement["Condition"] = dict(conditions)
    return statement


def policy(*statements: Statement) -> pulumi.Output[str]:
    """The JSON document of `statements`, known once all they refer to is."""
    return pulumi.Output.json_dumps({"Version": VERSION, "Statement": list(statements)})


def read_secret(secret_arn: pulumi.Input[str], key_arn: pulumi.Input[str], region: str) -> list[Statement]:
    """Statements that allow to read one secret, and to decrypt with its key, but only by way of Secrets Manager."""
    via = {"StringEquals": {"kms:ViaService": f"secretsmanager.{region}.amazonaws.com"}}
    return [
        allow(["secretsmanager:GetSecretValue"], [secret_arn]),
        allow(["kms:Decrypt"], [key_arn], via),
    ]


def read_also(secret_arns: Iterable[pulumi.Input[str]]) -> list[Statement]:
    """Statements that allow to read more secrets, of the key that `read_secret` allows already; none for none."""
    found = list(secret_arns)
    return [allow(["secretsmanager:GetSecretValue"], found)] if found else []


def write_logs(group_arn: pulumi.Input[str]) -> Statement:
    """A statement that allows to write streams of one log group."""
    return allow(["logs:CreateLogStream", "logs:PutLogEvents"], [pulumi.Output.concat(group_arn, ":*")])


def pull(repositories: Sequence[str]) -> list[Statement]:
    """Statements that allow to pull images from private ECR repositories, by their ARNs; none for none."""
    if not repositories:
        return []
    read = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    # The token's action has no resource to limit it to.
    return [allow(["ecr:GetAuthorizationToken"], ["*"]), allow(read, repositories)]


def refuse_plain_text(bucket_arn: pulumi.Input[str]) -> Statement:
    """A bucket policy's statement that refuses requests without TLS."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, pulumi.Output.concat(bucket_arn, "/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def trust(service: str, *, tags_sessions: bool = False) -> str:
    """The trust policy of a role that the AWS service `service` may assume, and, as EKS does, tag its sessions."""
    action = ["sts:AssumeRole", "sts:TagSession"] if tags_sessions else "sts:AssumeRole"
    statement = {"Effect": "Allow", "Action": action, "Principal": {"Service": service}}
    return json.dumps({"Version": VERSION, "Statement": [statement]})
