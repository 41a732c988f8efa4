"""The sandbox's AWS: ordinary clients find the stack in it, and what they change comes back to the sandbox's world."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import psutil  # type: ignore[import-untyped]
import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from infra.clients import clients as own_clients
from ops import stackfile
from ops.advise.cloudwatch import ask
from sandbox.commands import aws as cloud
from sandbox.commands.aws import CloudServer
from sandbox.commands.engine import Sandbox
from scripts.places import ROOT
from tests.engine.world import brought_up

REGION = "us-east-1"
Client = Callable[[str], Any]


def clients(server: CloudServer) -> Client:
    keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
    return lambda service: boto3.client(service, region_name=REGION, endpoint_url=server.url, **keys)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Sandbox, CloudServer]]:
    box = brought_up(tmp_path, 6)
    server = cloud.start(box.layout)
    yield box, server
    cloud.stop(box.layout)
    assert not psutil.pid_exists(server.pid)


def pages(client: Any, operation: str, key: str) -> list[Any]:
    return [one for page in client.get_paginator(operation).paginate() for one in page[key]]


def listed(client: Client) -> dict[str, set[str]]:
    """What clients list of each type, by what a state has of it."""
    elb, rds, kms = client("elbv2"), client("rds"), client("kms")
    balancers = [one["LoadBalancerArn"] for one in pages(elb, "describe_load_balancers", "LoadBalancers")]
    listeners = [one for arn in balancers for one in elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]]
    rules = [rule for one in listeners for rule in elb.describe_rules(ListenerArn=one["ListenerArn"])["Rules"]]
    kinds = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    alarms = list(client("cloudwatch").get_paginator("describe_alarms").paginate(**kinds))
    buses = client("events")
    rules_of_events = [one["Name"] for one in pages(buses, "list_rules", "Rules")]
    keys = [
        found["Arn"]
        for one in pages(kms, "list_keys", "Keys")
        if (found := kms.describe_key(KeyId=one["KeyId"])["KeyMetadata"])["KeyManager"] == "CUSTOMER"
    ]
    ec2, cache = client("ec2"), client("elasticache")
    return {
        "aws:lb/loadBalancer:LoadBalancer": set(balancers),
        "aws:lb/listener:Listener": {one["ListenerArn"] for one in listeners},
        "aws:lb/listenerRule:ListenerRule": {one["RuleArn"] for one in rules if not one["IsDefault"]},
        "aws:lb/targetGroup:TargetGroup": {
            one["TargetGroupArn"] for one in pages(elb, "describe_target_groups", "TargetGroups")
        },
        "aws:autoscaling/group:Group": {
            one["AutoScalingGroupARN"]
            for one in pages(client("autoscaling"), "describe_auto_scaling_groups", "AutoScalingGroups")
        },
        "aws:cloudwatch/metricAlarm:MetricAlarm": {one["AlarmArn"] for page in alarms for one in page["MetricAlarms"]},
        "aws:cloudwatch/compositeAlarm:CompositeAlarm": {
            one["AlarmArn"] for page in alarms for one in page["CompositeAlarms"]
        },
        "aws:ec2/vpc:Vpc": {one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"] if not one["IsDefault"]},
        "aws:ec2/launchTemplate:LaunchTemplate": {
            one["LaunchTemplateId"] for one in ec2.describe_launch_templates()["LaunchTemplates"]
        },
        "aws:rds/cluster:Cluster": {one["DBClusterArn"] for one in pages(rds, "describe_db_clusters", "DBClusters")},
        "aws:rds/clusterInstance:ClusterInstance": {
            one["DBInstanceArn"] for one in pages(rds, "describe_db_instances", "DBInstances")
        },
        "aws:rds/proxy:Proxy": {one["DBProxyArn"] for one in pages(rds, "describe_db_proxies", "DBProxies")},
        "aws:rds/proxyEndpoint:ProxyEndpoint": {
            one["DBProxyEndpointArn"] for one in rds.describe_db_proxy_endpoints()["DBProxyEndpoints"]
        },
        "aws:elasticache/replicationGroup:ReplicationGroup": {
            one["ARN"] for one in pages(cache, "describe_replication_groups", "ReplicationGroups")
        },
        "aws:elasticache/parameterGroup:ParameterGroup": {
            one["ARN"] for one in cache.describe_cache_parameter_groups()["CacheParameterGroups"]
        },
        "aws:s3/bucket:Bucket": {f"arn:aws:s3:::{one['Name']}" for one in client("s3").list_buckets()["Buckets"]},
        "aws:sqs/queue:Queue": {
            client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            for url in pages(client("sqs"), "list_queues", "QueueUrls")
        }
        if client("sqs").list_queues().get("QueueUrls")
        else set(),
        "aws:kms/key:Key": set(keys),
        "aws:secretsmanager/secret:Secret": {
            one["ARN"] for one in pages(client("secretsmanager"), "list_secrets", "SecretList")
        },
        "aws:cloudwatch/eventRule:EventRule": {
            buses.describe_rule(Name=name)["Arn"] for name in rules_of_events
        },
        "aws:cloudwatch/eventTarget:EventTarget": {
            target["Id"] for name in rules_of_events for target in buses.list_targets_by_rule(Rule=name)["Targets"]
        },
        "aws:appautoscaling/target:Target": {
            one["ResourceId"]
            for one in client("application-autoscaling").describe_scalable_targets(ServiceNamespace="rds")[
                "ScalableTargets"
            ]
        },
    }  # fmt: skip


def stated(box: Sandbox, token: str) -> set[str]:
    """What the state has of a type in the stack's home."""
    by = {"aws:cloudwatch/eventTarget:EventTarget": "targetId", "aws:appautoscaling/target:Target": "resourceId"}
    plain = ("aws:ec2/vpc:Vpc", "aws:ec2/launchTemplate:LaunchTemplate")
    found = [one["outputs"] | {"id": one["id"]} for one in box.resources() if one["type"] == token]
    here = [one for one in found if one.get("region", REGION) == REGION or token == "aws:s3/bucket:Bucket"]
    return {str(one["id"] if token in plain else one[by.get(token, "arn")]) for one in here}


def test_clients_list_what_the_state_has_and_nothing_after_down(served: tuple[Sandbox, CloudServer]) -> None:
    box, server = served
    found = listed(clients(server))
    assert {token: stated(box, token) for token in found} == found
    assert [token for token, ids in found.items() if not ids] == []
    assert (cloud.about(server) or {})["problems"] == {}

    # Names that clients see are those of the stack, with what Ascent asks of them.
    (one,) = clients(server)("rds").describe_db_clusters()["DBClusters"]
    state = next(one["outputs"] for one in box.resources() if one["type"] == "aws:rds/cluster:Cluster")
    assert (one["Endpoint"], one["DbClusterResourceId"]) == (state["endpoint"], state["clusterResourceId"])
    writers = [member["DBInstanceIdentifier"] for member in one["DBClusterMembers"] if member["IsClusterWriter"]]
    assert writers == ["sandbox-use1-db-writer"]

    result = box.destroy(ignore_protection=True)
    assert result.ok, result.output
    left = {token: ids for token, ids in listed(clients(server)).items() if ids}
    # What the program retains is in the world still.
    assert left == {
        token: {entry["outputs"]["arn"] for entry in entries.values() if entry["scope"] == REGION}
        for token, entries in box.world()["resources"].get("aws", {}).items()
        if token in left
    }
    assert not set(left) & {"aws:lb/listener:Listener", "aws:rds/cluster:Cluster", "aws:s3/bucket:Bucket"}


def test_weights_come_back_and_states_of_alarms_stay(served: tuple[Sandbox, CloudServer]) -> None:
    box, server = served
    elb, alarms = clients(server)("elbv2"), clients(server)("cloudwatch")
    groups = {one["TargetGroupName"]: one["TargetGroupArn"] for one in elb.describe_target_groups()["TargetGroups"]}
    green = next(arn for name, arn in groups.items() if "-green-" in name)
    (listener,) = [
        one["id"]
        for one in box.resources()
        if one["type"] == "aws:lb/listener:Listener" and one["urn"].endswith("-https")
    ]
    config = {"TargetGroups": [{"TargetGroupArn": green, "Weight": 100}]}
    elb.modify_listener(ListenerArn=listener, DefaultActions=[{"Type": "forward", "ForwardConfig": config}])
    name = next(one["AlarmName"] for one in alarms.describe_alarms()["MetricAlarms"])
    alarms.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="tried")

    refreshed = box.refresh()
    assert refreshed.ok, refreshed.output
    state = next(one["outputs"] for one in box.resources() if one.get("id") == listener)
    assert state["defaultActions"][0]["forward"]["targetGroups"] == [{"arn": green, "weight": 100}]
    # The program's own weights again, by an update, which leaves alarms as they are.
    updated = box.up(6)
    assert updated.ok, updated.output
    (action,) = elb.describe_listeners(ListenerArns=[listener])["Listeners"][0]["DefaultActions"]
    assert [one["TargetGroupArn"] for one in action["ForwardConfig"]["TargetGroups"]] != [green]
    (one,) = alarms.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert one["StateValue"] == "ALARM"
    (change,) = alarms.describe_alarm_history(AlarmName=name)["AlarmHistoryItems"]
    assert json.loads(change["HistoryData"])["newState"]["stateValue"] == "ALARM"


def test_what_moto_lacks_is_refused_at_once(served: tuple[Sandbox, CloudServer]) -> None:
    _, server = served
    lacking: list[tuple[str, str, dict[str, str]]] = [
        ("eks", "list_pod_identity_associations", {"clusterName": "x"}),
        ("elasticache", "describe_update_actions", {}),
        ("backup", "describe_region_settings", {}),
        ("cloudwatch", "describe_anomaly_detectors", {}),
    ]
    for service, operation, arguments in lacking:
        with pytest.raises(ClientError, match="the sandbox's AWS is moto, which does not have it") as refused:
            getattr(clients(server)(service), operation)(**arguments)
        assert refused.value.response["Error"]["Code"] == "NotImplemented"
        assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_the_program_asks_it_whether_an_update_serves(served: tuple[Sandbox, CloudServer]) -> None:
    """As in a shell with the sandbox's environment, where plain `pulumi up` has credentials."""
    box, server = served
    box.environment |= cloud.environment(server, REGION)
    result = box.up(7)
    assert result.ok, result.output
    assert "not looked at whether it serves" not in result.output
    assert "cannot look" not in result.output
    ends = boto3.client(
        "rds", region_name="eu-west-1", endpoint_url=server.url, aws_access_key_id="x", aws_secret_access_key="x"
    )
    (one,) = ends.describe_global_clusters()["GlobalClusters"]
    assert [(member["DBClusterArn"].split(":")[3], member["IsWriter"]) for member in one["GlobalClusterMembers"]] == [
        ("us-east-1", True), ("eu-west-1", False),
    ]  # fmt: skip


def test_a_server_is_found_again_and_a_stale_file_is_not_believed(tmp_path: Path) -> None:
    box = Sandbox(tmp_path / "home")
    layout = box.layout
    assert not cloud.stop(layout)
    layout.home.mkdir()
    # A process that is there, and is none of ours, at a port where nobody listens.
    layout.aws.write_text(json.dumps({"pid": os.getpid(), "port": 1}))
    server = cloud.start(layout)
    assert server.url == cloud.expected(layout) or server.port > 0
    assert cloud.start(layout) == server == cloud.found(layout)
    # Another sandbox's server is not this one's.
    other = Sandbox(tmp_path / "other").layout
    other.home.mkdir()
    other.aws.write_text(layout.aws.read_text())
    assert cloud.found(other) is None
    assert cloud.stop(layout)
    assert not psutil.pid_exists(server.pid)
    assert {one.name for one in layout.home.iterdir()} <= {"aws.lock", "world.json.lock"}
    layout.aws.write_text("{")
    assert cloud.found(layout) is None


def test_a_server_ends_with_its_sandbox(tmp_path: Path) -> None:
    layout = Sandbox(tmp_path / "home").layout
    server = cloud.start(layout)
    layout.aws.unlink()
    psutil.Process(server.pid).wait(timeout=30)


def test_the_shell_of_make_env_asks_it(tmp_path: Path) -> None:
    """What `make env` prints is all that a client needs."""
    box = brought_up(tmp_path, 1)
    server = cloud.start(box.layout)
    try:
        code = "import boto3; print(boto3.client('elbv2').describe_load_balancers()['LoadBalancers'][0]['DNSName'])"
        plain = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        plain |= cloud.environment(server, REGION)
        done = subprocess.run(
            [sys.executable, "-c", code], env=plain, cwd=ROOT, capture_output=True, text=True, check=True
        )
        balancers = [one for one in box.resources() if one["type"] == "aws:lb/loadBalancer:LoadBalancer"]
        assert done.stdout.strip() == balancers[0]["outputs"]["dnsName"]
    finally:
        cloud.stop(box.layout)


def test_the_advice_finds_what_the_stacks_alarms_watch(
    served: tuple[Sandbox, CloudServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the engine: the alarms of the stack name its load balancer, database, proxy and cache."""
    _, server = served
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "sandbox")
    watch, hour = clients(server)("cloudwatch"), 3600
    now = time.time() // hour * hour
    balancers = clients(server)("elbv2").describe_load_balancers()["LoadBalancers"]
    (proxy,) = clients(server)("rds").describe_db_proxies()["DBProxies"]
    (cluster,) = clients(server)("rds").describe_db_clusters()["DBClusters"]
    balancer = balancers[0]["LoadBalancerArn"].partition(":loadbalancer/")[2]
    measured: list[tuple[str, str, dict[str, str], float]] = [
        ("AWS/ApplicationELB", "RequestCount", {"LoadBalancer": balancer}, 60_000),
        ("AWS/RDS", "CPUUtilization", {"DBClusterIdentifier": cluster["DBClusterIdentifier"], "Role": "WRITER"}, 52),
        ("AWS/RDS", "QueryRequests", {"ProxyName": proxy["DBProxyName"]}, 720_000),
    ]
    for namespace, name, by, value in measured:
        dimensions = [{"Name": key, "Value": one} for key, one in by.items()]
        data = [
            {
                "MetricName": name,
                "Dimensions": dimensions,
                "Timestamp": datetime.fromtimestamp(now - hour * left, UTC),
                "Value": value,
            }
            for left in range(1, 97)
        ]
        watch.put_metric_data(Namespace=namespace, MetricData=data)
    found = ask(stackfile.settings("sandbox", 6), "sandbox", own_clients(), now, period=hour)
    levels = {name: one.days(now, 1)[0] for name, one in found.series.items()}
    assert levels["requests"] == 1000
    assert levels["database-cpu"] == 52
    assert levels["database-reads"] == 200
    # The cache's nodes are watched too, and nothing was measured of them.
    assert "no alarm" not in found.absent["cache-hits"]
