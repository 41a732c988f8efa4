"""What a failover changes in the stack's file, and what it asks and tells AWS."""

from __future__ import annotations

from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
import yaml
from botocore.stub import Stubber  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from infra.regions import REGIONS
from ops import stackfile
from ops.failover.cloud import Cloud, CloudError
from ops.failover.config import with_values
from tests.unit.test_failover import HOME, OTHER

ARN = "arn:aws:rds:{}:123456789012:cluster:test-{}-db"
ARNS = {HOME: ARN.format(HOME, "use1"), OTHER: ARN.format(OTHER, "euw1")}


@pytest.mark.parametrize("name", stackfile.names())
def test_every_shipped_file_takes_the_keys_and_loses_them_without_a_trace(name: str) -> None:
    text = (stackfile.ROOT / f"Pulumi.{name}.yaml").read_text()
    said = with_values(text, {"ascent:writer": OTHER, "ascent:unreachable": HOME})
    assert yaml.safe_load(said)["config"]["ascent:writer"] == OTHER
    assert len(said.splitlines()) == len(text.splitlines()) + 2
    assert with_values(said, {"ascent:writer": None, "ascent:unreachable": None}) == text


@given(st.lists(st.sampled_from(sorted(REGIONS)), min_size=1, unique=True), st.booleans(), st.sampled_from(["", "'"]))
def test_only_the_keys_change_however_the_list_is_written(names: list[str], block: bool, quote: str) -> None:  # noqa: FBT001
    listed = "".join(f"\n    - {name}  # why" for name in names) if block else f" [{', '.join(names)}]"
    text = f"# top\nconfig:\n  a:b: 1\n  {quote}ascent:regions{quote}:{listed}\n  c:d: {{e: [f]}}\n"
    after = with_values(text, {"ascent:writer": names[0]})
    assert [line for line in after.splitlines() if "ascent:writer" not in line] == text.splitlines()
    assert with_values(after, {"ascent:writer": names[-1]}).count("ascent:writer") == 1


@pytest.mark.parametrize("text", ["config: {'ascent:regions': [a]}\n", "config:\n  x: 1\n"])
def test_a_file_without_the_place_is_left_to_people(text: str) -> None:
    with pytest.raises(ValueError, match="not written as a list"):
        with_values(text, {"ascent:writer": OTHER})


def cloud(service: str, *calls: tuple[str, dict[str, Any], dict[str, Any]]) -> tuple[Cloud, list[str], Stubber]:
    """A cloud in which one service expects these calls: method, parameters, answer. Also the regions it is asked in."""
    client = boto3.client(service, region_name=HOME, aws_access_key_id="x", aws_secret_access_key="y")
    stub, regions = Stubber(client), []
    for method, parameters, answer in calls:
        stub.add_response(method, answer, parameters)
    stub.activate()

    def clients(wanted: str, region: str) -> Any:
        assert wanted == service
        regions.append(region)
        return client

    return Cloud(clients), regions, stub


def test_the_writer_of_a_global_database_is_read_from_its_members() -> None:
    members = [{"DBClusterArn": ARNS[HOME], "IsWriter": True}, {"DBClusterArn": ARNS[OTHER], "IsWriter": False}]
    found = {"GlobalClusters": [{"Status": "available", "GlobalClusterMembers": members}]}
    one, regions, stub = cloud(
        "rds", ("describe_global_clusters", {"GlobalClusterIdentifier": "test-use1-global"}, found)
    )
    seen = one.database("test-use1-global", OTHER)
    assert (seen.by_region, seen.writer, seen.ready, seen.moving) == (ARNS, HOME, True, False)
    assert regions == [OTHER]
    stub.assert_no_pending_responses()


@pytest.mark.parametrize("lost", [False, True])
def test_data_is_given_up_only_where_the_region_is_lost(lost: bool) -> None:  # noqa: FBT001
    target = {"GlobalClusterIdentifier": "world", "TargetDbClusterIdentifier": ARNS[OTHER]}
    method = "failover_global_cluster" if lost else "switchover_global_cluster"
    one, _, stub = cloud("rds", (method, target | ({"AllowDataLoss": True} if lost else {}), {}))
    one.move_database("world", arn=ARNS[OTHER], region=OTHER, lost=lost)
    stub.assert_no_pending_responses()


def test_a_datastore_is_found_behind_the_letters_that_aws_puts_before_its_name() -> None:
    members = [
        {"ReplicationGroupId": "a", "ReplicationGroupRegion": HOME, "Role": "PRIMARY"},
        {"ReplicationGroupId": "b", "ReplicationGroupRegion": OTHER, "Role": "SECONDARY"},
    ]
    groups = [
        {"GlobalReplicationGroupId": "ldgnf-other-use1-global", "Status": "available", "Members": []},
        {"GlobalReplicationGroupId": "ldgnf-test-use1-global", "Status": "modifying", "Members": members},
    ]
    one, _, _ = cloud(
        "elasticache",
        ("describe_global_replication_groups", {"ShowMemberInfo": True}, {"GlobalReplicationGroups": groups}),
        (
            "failover_global_replication_group",
            {
                "GlobalReplicationGroupId": "ldgnf-test-use1-global",
                "PrimaryRegion": OTHER,
                "PrimaryReplicationGroupId": "b",
            },
            {},
        ),
    )
    seen = one.cache("test-use1-global", OTHER)
    assert (seen.id, seen.writer, seen.ready, seen.moving) == ("ldgnf-test-use1-global", HOME, False, True)
    one.move_cache(seen.id, OTHER, group=seen.by_region[OTHER])


@pytest.mark.parametrize(("points", "seconds"), [([250.0, 1500.0], 1.5), ([], None)])
def test_the_lag_is_the_worst_of_the_last_minutes(points: list[float], seconds: float | None) -> None:
    client = boto3.client("cloudwatch", region_name=OTHER, aws_access_key_id="x", aws_secret_access_key="y")
    with Stubber(client) as stub:
        stub.add_response("get_metric_statistics", {"Datapoints": [{"Maximum": one} for one in points]})
        assert Cloud(lambda *_: client).lag(ARNS[OTHER]) == seconds


def test_a_refusal_of_aws_is_one_line() -> None:
    one, _, stub = cloud("rds")
    stub.add_client_error("switchover_global_cluster", "InvalidGlobalClusterStateFault", "not now")
    with pytest.raises(CloudError, match=r"^rds in us-east-1: .*not now"):
        one.move_database("world", arn=ARNS[OTHER], region=HOME, lost=False)
