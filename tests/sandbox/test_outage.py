"""Regions that are out of reach: whom the AWS provider asks there, when it is configured and afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.errors import CloudRefusedError
from sandbox.provider.outage import VARIABLE, UnreachableRegions

LOST = UnreachableRegions({VARIABLE: "us-east-1, eu-west-1"})
QUIET = {"skipCredentialsValidation": True, "skipRequestingAccountId": True}
ROLE = {"assumeRoles": [{"roleArn": "arn:aws:iam::123456789012:role/deploy"}]}


@pytest.mark.parametrize(
    ("config", "hosts"),
    [
        ({"region": "us-west-2"}, []),
        ({"region": "eu-west-1"}, ["sts.eu-west-1", "sts.eu-west-1"]),
        # Pulumi's own check goes to the region itself all the same.
        ({"region": "eu-west-1", "stsRegion": "us-west-2"}, ["sts.eu-west-1"]),
        ({"region": "eu-west-1", "stsRegion": "us-west-2", "skipCredentialsValidation": True}, ["iam"]),
        ({"region": "eu-west-1", **QUIET}, []),
        ({"region": "eu-west-1", **QUIET, **ROLE}, ["sts.eu-west-1"]),
        ({"region": "eu-west-1", "stsRegion": "us-west-2", **QUIET, **ROLE}, []),
    ],
)
def test_a_provider_asks_who_it_is_before_anything_else(config: dict[str, Any], hosts: list[str]) -> None:
    reasons = [failure.reason for failure in LOST.failures("aws", config)]
    assert [reason.partition(".amazonaws.com")[0] for reason in reasons] == hosts


@pytest.mark.parametrize(
    ("operation", "token", "region", "refused"),
    [
        ("update", "aws:rds/cluster:Cluster", "eu-west-1", True),
        ("update", "aws:rds/cluster:Cluster", "us-west-2", False),
        ("read", "aws:rds/cluster:Cluster", "eu-west-1", True),
        # Changed in us-east-1 for all regions, and read in each.
        ("create", "aws:iam/role:Role", "us-west-2", True),
        ("read", "aws:iam/role:Role", "us-west-2", False),
        ("create", "kubernetes:core/v1:Secret", "eu-west-1", False),
    ],
)
def test_nothing_is_done_where_nobody_answers(operation: str, token: str, region: str, refused: bool) -> None:  # noqa: FBT001
    if not refused:
        return LOST.before(operation, token, {"region": region})
    with pytest.raises(CloudRefusedError, match="did not answer"):
        LOST.before(operation, token, {"region": region})
    return None
