"""`ascent failover` itself, with the real engine, at the sandbox's AWS: database and cache change their region."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]

from sandbox.commands import aws as cloud
from tests.engine.commands import ascent, project
from tests.engine.world import brought_up

HOME, OTHER = "us-east-1", "eu-west-1"
TOLD = ("failover", "--stack", "sandbox", "--to", OTHER, "--apply", "--yes", "--json")
COPY = ("backfill", "--stack", "sandbox", "--wait", "--json")


def test_a_switchover_from_its_first_call_to_the_update(tmp_path: Path) -> None:
    box = brought_up(tmp_path / "home", 7, project(tmp_path, 7))
    server = cloud.start(box.layout)

    def client(service: str) -> Any:
        keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
        return boto3.client(service, region_name=OTHER, endpoint_url=server.url, **keys)

    def writers() -> list[str]:
        (found,) = client("rds").describe_global_clusters()["GlobalClusters"]
        return [one["DBClusterArn"].split(":")[3] for one in found["GlobalClusterMembers"] if one["IsWriter"]]

    try:
        # Objects that are older than their bucket's replication: without a copy of them, the move is refused.
        copies = box.outputs()["copies"]
        home, there = copies["from"]["avatars"], copies["to"][OTHER]["avatars"]
        client("s3").put_object(Bucket=home, Key="old.png", Body=b"picture")
        refused = ascent(box, server, *TOLD)
        assert refused.returncode == 2, refused.stdout + refused.stderr
        assert "ascent backfill" in json.loads(refused.stdout)["error"]["message"]
        # Clients of S3's control API put the account before the address, which no one resolves: a proxy need not.
        copied = ascent(box, server, *COPY, HTTP_PROXY=server.url)
        assert copied.returncode == 0, copied.stdout + copied.stderr
        assert client("s3").get_object(Bucket=there, Key="old.png")["Body"].read() == b"picture"

        # Nothing replicates in the sandbox, so nothing measures how far behind a region is, which stops a switchover.
        refused = ascent(box, server, *TOLD)
        assert refused.returncode == 1, refused.stdout + refused.stderr
        assert "there is no measurement of how far eu-west-1 was behind" in json.loads(refused.stdout)["error"]
        assert writers() == [HOME]

        lag = {
            "MetricName": "AuroraGlobalDBReplicationLag",
            "Dimensions": [{"Name": "DBClusterIdentifier", "Value": "sandbox-euw1-db"}],
            "Value": 100.0,
            "Timestamp": datetime.now(UTC) - timedelta(minutes=1),
        }
        client("cloudwatch").put_metric_data(Namespace="AWS/RDS", MetricData=[lag])
        done = ascent(box, server, *TOLD)
        assert done.returncode == 0, done.stdout + done.stderr
        told = json.loads(done.stdout)
        assert list(told["results"]) == [one["id"] for one in told["steps"]]
        assert writers() == [OTHER]
        (store,) = client("elasticache").describe_global_replication_groups()["GlobalReplicationGroups"]
        primaries = [one["ReplicationGroupRegion"] for one in store["Members"] if one["Role"] == "PRIMARY"]
        assert primaries == [OTHER]
        assert (cloud.about(server) or {})["problems"] == {}
    finally:
        cloud.stop(box.layout)
    assert "ascent:writer: eu-west-1" in (box.project / "Pulumi.sandbox.yaml").read_text()
    assert box.outputs()["writer"] == OTHER
