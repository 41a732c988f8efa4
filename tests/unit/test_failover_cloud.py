"""What a failover changes in the stack's file, and what it asks and tells AWS."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import hypothesis
import pytest
import yaml
from botocore.stub import Stubber  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from infra import naming
from infra.config.problems import SettingsError
from infra.regions import REGIONS
from infra.user_data import WEB, Container, script
from ops import stackfile
from ops.failover.cloud import FailoverCloud
from ops.failover.config import with_values
from ops.failover.errors import CloudBusyError, CloudError
from ops.failover.instances import RESTART, FailoverInstances
from tests.unit.test_failover import HOME, OTHER, THIRD

ARN = "arn:aws:rds:{}:123456789012:cluster:test-{}-db"
ARNS = {HOME: ARN.format(HOME, "use1"), OTHER: ARN.format(OTHER, "euw1")}


@pytest.mark.parametrize("name", stackfile.names())
def test_every_shipped_file_takes_the_keys_and_loses_them_without_a_trace(name: str) -> None:
    text = (stackfile.ROOT / f"Pulumi.{name}.yaml").read_text()
    drained = (THIRD, "us-west-2")
    said = with_values(text, {"ascent:writer": OTHER, "ascent:unreachable": HOME, "ascent:drained": drained}, name)
    config = yaml.safe_load(said)["config"]
    assert (config["ascent:writer"], config["ascent:drained"]) == (OTHER, list(drained))
    assert len(said.splitlines()) == len(text.splitlines()) + 3
    assert with_values(said, dict.fromkeys(("ascent:writer", "ascent:unreachable", "ascent:drained")), name) == text


# On a machine that is busy, the first example alone takes longer than Hypothesis lets it.
@hypothesis.settings(deadline=None)
@given(st.lists(st.sampled_from(sorted(REGIONS)), min_size=1, unique=True), st.booleans(), st.sampled_from(["", "'"]))
def test_only_the_keys_change_however_the_list_is_written(names: list[str], block: bool, quote: str) -> None:  # noqa: FBT001
    listed = "".join(f"\n    - {name}  # why" for name in names) if block else f" [{', '.join(names)}]"
    text = f"# top\nconfig:\n  a:b: 1\n  {quote}ascent:regions{quote}:{listed}\n  c:d: {{e: [f]}}\n"
    after = with_values(text, {"ascent:writer": names[0]}, "x")
    assert [line for line in after.splitlines() if "ascent:writer" not in line] == text.splitlines()
    assert with_values(after, {"ascent:writer": names[-1]}, "x").count("ascent:writer") == 1


@pytest.mark.parametrize("text", ["config: {'ascent:regions': [a]}\n", "config:\n  x: 1\n"])
def test_a_file_without_the_place_is_left_to_people(text: str) -> None:
    with pytest.raises(SettingsError, match="x: ascent:regions should be on a line of its own"):
        with_values(text, {"ascent:writer": OTHER}, "x")


def asked(service: str, *calls: tuple[str, dict[str, Any], dict[str, Any]]) -> tuple[Any, list[str], Stubber]:
    """Clients of one service that expects these calls: method, parameters, answer. Also the regions it is asked in."""
    client = boto3.client(service, region_name=HOME, aws_access_key_id="x", aws_secret_access_key="y")
    stub, regions = Stubber(client), []
    for method, parameters, answer in calls:
        stub.add_response(method, answer, parameters)
    stub.activate()

    def clients(wanted: str, region: str) -> Any:
        assert wanted == service
        regions.append(region)
        return client

    return clients, regions, stub


def cloud(service: str, *calls: tuple[str, dict[str, Any], dict[str, Any]]) -> tuple[FailoverCloud, list[str], Stubber]:
    clients, regions, stub = asked(service, *calls)
    return FailoverCloud(clients), regions, stub


def test_the_writer_of_a_global_database_is_read_from_its_members() -> None:
    members = [
        {"DBClusterArn": ARNS[HOME], "IsWriter": True, "SynchronizationStatus": "connected"},
        {"DBClusterArn": ARNS[OTHER], "IsWriter": False, "SynchronizationStatus": "pending-resync"},
    ]
    # AWS leaves the state of a failover there, empty, when none is under way.
    quiet = {"Status": "available", "GlobalClusterMembers": members, "FailoverState": {}}
    moving = {**quiet, "FailoverState": {"Status": "failing-over", "ToDbClusterArn": ARNS[OTHER]}}
    query = {"GlobalClusterIdentifier": "test-use1-global"}
    one, regions, stub = cloud(
        "rds", *(("describe_global_clusters", query, {"GlobalClusters": [found]}) for found in (quiet, moving))
    )
    seen = one.database("test-use1-global", OTHER)
    assert (seen.by_region, seen.writer, seen.ready, seen.heading) == (ARNS, HOME, True, "")
    assert seen.copies == {HOME: "connected", OTHER: "pending-resync"}
    under_way = one.database("test-use1-global", OTHER)
    assert (under_way.ready, under_way.heading) == (False, OTHER)
    assert regions == [OTHER, OTHER]
    stub.assert_no_pending_responses()


@pytest.mark.parametrize("lost", [False, True])
def test_data_is_given_up_only_where_the_region_is_lost(lost: bool) -> None:  # noqa: FBT001
    target = {"GlobalClusterIdentifier": "world", "TargetDbClusterIdentifier": ARNS[OTHER]}
    method = "failover_global_cluster" if lost else "switchover_global_cluster"
    one, _, stub = cloud("rds", (method, target | ({"AllowDataLoss": True} if lost else {}), {}))
    one.move_database("world", arn=ARNS[OTHER], region=OTHER, lost=lost)
    stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("cluster", "instances", "readable"),
    [
        ("available", ["available", "available"], True),
        ("available", ["available", "creating"], False),
        ("creating", ["available"], False),
        ("available", [], False),
    ],
)
def test_a_copy_is_readable_once_it_and_all_its_instances_are_there(
    cluster: str,
    instances: list[str],
    readable: bool,  # noqa: FBT001
) -> None:
    one, regions, _ = cloud(
        "rds",
        (
            "describe_db_clusters",
            {"DBClusterIdentifier": "test-euw1-db"},
            {"DBClusters": [{"Status": cluster}]},
        ),
        (
            "describe_db_instances",
            {"Filters": [{"Name": "db-cluster-id", "Values": ["test-euw1-db"]}]},
            {"DBInstances": [{"DBInstanceStatus": status} for status in instances]},
        ),
    )
    assert one.readable(ARNS[OTHER]) is readable
    assert set(regions) == {OTHER}


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
    assert (seen.id, seen.writer, seen.ready) == ("ldgnf-test-use1-global", HOME, False)
    one.move_cache(seen.id, OTHER, group=seen.by_region[OTHER])


@pytest.mark.parametrize(
    ("published", "seconds"),
    [
        ({"AuroraGlobalDBRPOLag": [250.0, 1500.0], "AuroraGlobalDBReplicationLag": [9000.0]}, 1.5),
        ({"AuroraGlobalDBReplicationLag": [700.0]}, 0.7),
        ({}, None),
    ],
)
def test_the_lag_is_the_worst_of_the_last_minutes_by_whichever_metric_there_is(
    published: dict[str, list[float]], seconds: float | None
) -> None:
    class CloudWatch:
        def get_metric_statistics(self, **query: Any) -> dict[str, Any]:
            assert query["Dimensions"] == [{"Name": "DBClusterIdentifier", "Value": "test-euw1-db"}]
            return {"Datapoints": [{"Maximum": one} for one in published.get(query["MetricName"], [])]}

    def clients(service: str, region: str) -> Any:
        assert (service, region) == ("cloudwatch", OTHER)
        return CloudWatch()

    assert FailoverCloud(clients).lag(ARNS[OTHER]) == seconds


def test_a_refusal_of_aws_is_one_line() -> None:
    one, _, stub = cloud("rds")
    stub.add_client_error("switchover_global_cluster", "GlobalClusterNotFoundFault", "none such")
    with pytest.raises(CloudError, match=r"^rds in us-east-1: .*none such") as refused:
        one.move_database("world", arn=ARNS[OTHER], region=HOME, lost=False)
    assert not isinstance(refused.value, CloudBusyError)


@pytest.mark.parametrize(
    ("service", "method", "shape"),
    [
        ("rds", "failover_global_cluster", "InvalidGlobalClusterStateFault"),
        ("rds", "failover_global_cluster", "InvalidDBClusterStateFault"),
        ("elasticache", "failover_global_replication_group", "InvalidGlobalReplicationGroupStateFault"),
    ],
)
def test_a_state_that_passes_is_told_from_other_refusals(service: str, method: str, shape: str) -> None:
    one, _, stub = cloud(service)
    # What comes over the wire may be another word than the shape's name: as AWS' own description of the API has it.
    code = stub.client.meta.service_model.shape_for(shape).metadata["error"]["code"]
    stub.add_client_error(method, code, "modifying")
    moves = {
        "rds": lambda: one.move_database("world", arn=ARNS[OTHER], region=OTHER, lost=True),
        "elasticache": lambda: one.move_cache("world", OTHER, group="b"),
    }
    with pytest.raises(CloudBusyError, match="modifying"):
        moves[service]()


@mock_aws
def test_instances_are_found_by_project_and_stack() -> None:
    client = boto3.client("ec2", region_name=OTHER, aws_access_key_id="x", aws_secret_access_key="y")
    (image,) = client.describe_images(Owners=["amazon"])["Images"][:1]
    made = {}
    for project, stack in (("ascent", "test"), ("ascent", "other"), ("another", "test"), ("ascent", "test")):
        tags = [{"Key": key, "Value": value} for key, value in naming.tags(project, stack).items()]
        specification = [{"ResourceType": "instance", "Tags": tags}]
        answer = client.run_instances(ImageId=image["ImageId"], MinCount=1, MaxCount=1, TagSpecifications=specification)
        made[answer["Instances"][0]["InstanceId"]] = (project, stack)
    ours = sorted(one for one, owner in made.items() if owner == ("ascent", "test"))
    assert FailoverInstances(lambda *_: client).running("ascent", "test", OTHER) == ours
    client.stop_instances(InstanceIds=ours[:1])
    assert FailoverInstances(lambda *_: client).running("ascent", "test", OTHER) == ours[1:]


def test_only_what_systems_manager_reaches_takes_commands() -> None:
    query = {"Filters": [{"Key": "InstanceIds", "Values": ["i-1", "i-2", "i-3"]}]}
    known = [{"InstanceId": "i-1", "PingStatus": "Online"}, {"InstanceId": "i-2", "PingStatus": "ConnectionLost"}]
    clients, regions, _ = asked("ssm", ("describe_instance_information", query, {"InstanceInformationList": known}))
    assert FailoverInstances(clients).reached(["i-1", "i-2", "i-3"], OTHER) == {"i-1"}
    assert regions == [OTHER]


def test_a_restart_stops_at_the_first_that_fails_and_gets_what_it_needs_before() -> None:
    expected = {
        "DocumentName": "AWS-RunShellScript",
        "Comment": "ascent failover: fetch the new addresses",
        "InstanceIds": ["i-0123456789abcdef0"],
        "Parameters": {"commands": RESTART.splitlines(), "executionTimeout": ["600"]},
        "MaxErrors": "0",
    }
    clients, regions, stub = asked("ssm", ("send_command", expected, {"Command": {"CommandId": "c" * 36}}))
    assert FailoverInstances(clients).restart(["i-0123456789abcdef0"], OTHER) == "c" * 36
    assert regions == [OTHER]
    stub.assert_no_pending_responses()
    # The names that instances have: infra/user_data.py.
    container = Container(
        role=WEB,
        image="a:1",
        region=OTHER,
        registry=None,
        secret_arn="s",
        log_group="l",
        environment={},
        port=8080,
        health_path="/up",
    )
    boot = script(container)
    assert "usr/local/bin/ascent-instance" in boot
    assert '"role": "web"' in boot
    assert '"port": 8080' in boot
    assert '"health_path": "/up"' in boot
    lines = RESTART.splitlines()
    assert lines.index("systemctl restart app.service") > next(i for i, line in enumerate(lines) if " fetch " in line)


@pytest.mark.parametrize(("fetched", "answers", "ran"), [(0, 0, True), (1, 0, False)])
def test_the_container_that_runs_is_left_alone_unless_another_one_can_start(
    tmp_path: Path,
    fetched: int,
    answers: int,
    ran: bool,  # noqa: FBT001
) -> None:
    for name, code in (("systemctl", 0), ("curl", answers), ("ascent-instance", fetched)):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho "{name} $@" >> "{tmp_path}/log"\nexit {code}\n')
        program.chmod(0o755)
    (tmp_path / "python3").symlink_to(sys.executable)
    (tmp_path / "instance.json").write_text('{"role": "web", "port": 8080, "health_path": "/up"}')
    text = RESTART.replace("/usr/local/bin/", f"{tmp_path}/").replace("/etc/ascent/", f"{tmp_path}/")
    done = subprocess.run(["sh", "-c", text], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False)
    log = (tmp_path / "log").read_text().splitlines()
    assert (done.returncode == 0) is ran
    assert ("systemctl restart app.service" in log) is ran
    assert any(line.startswith("curl") and line.endswith(" http://127.0.0.1:8080/up") for line in log) is ran
    assert log[0].startswith("ascent-instance fetch")


def test_only_what_has_ended_is_told_and_only_healthy_targets_serve() -> None:
    invocations = [
        {"InstanceId": name, "Status": status}
        for name, status in (("i-1", "Success"), ("i-2", "InProgress"), ("i-3", "TimedOut"), ("i-4", "Pending"))
    ]
    query = {"CommandId": "c" * 36}
    clients, _, _ = asked("ssm", ("list_command_invocations", query, {"CommandInvocations": invocations}))
    assert FailoverInstances(clients).restarted("c" * 36, OTHER) == {"i-1": "Success", "i-3": "TimedOut"}
    targets = [
        {"Target": {"Id": name}, "TargetHealth": {"State": state}}
        for name, state in (("i-1", "healthy"), ("i-2", "unhealthy"), ("i-3", "draining"), ("i-4", "initial"))
    ]
    clients, _, _ = asked(
        "elbv2", ("describe_target_health", {"TargetGroupArn": "g"}, {"TargetHealthDescriptions": targets})
    )
    assert FailoverInstances(clients).serving(["g"], OTHER) == {"i-1"}
