"""`ascent drift` as its readers see it, where no engine is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.drift.steps import UnreadableRefreshError, read
from ops.drift.stopped import DEPLOYMENT
from ops.one_way import CACHE, KUBERNETES
from ops.stackfile import ROOT
from tests.drift.support import STACK, itself, looked, urn, written

BUCKET, GROUP, CLUSTER = "aws:s3/bucket:Bucket", "aws:autoscaling/group:Group", "aws:rds/cluster:Cluster"
FINE = looked(GROUP, "prod-use1-blue", {"minSize": 1}, {"minSize": 1, "desiredCapacity": 5}, desiredCapacity="add")
RAISED = looked(GROUP, "prod-use1-blue", {"maxSize": 4}, {"maxSize": 9}, maxSize="update")
LOST = looked(BUCKET, "prod-use1-store", {"bucket": "x"}, None)


def ascent(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "ops", "drift", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)


def test_what_was_changed_by_hand_is_told_with_what_to_do(tmp_path: Path) -> None:
    done = ascent(written(tmp_path, RAISED, LOST))
    assert done.returncode == 1, done.stderr
    for said in (
        "prod: 2 of 2 resources are not as recorded",
        "Bucket prod-use1-store: precious, gone; an update makes it again",
        urn(BUCKET, "prod-use1-store"),
        "maxSize: 4 -> 9",
        "pulumi up --stack prod --refresh",
        "Pulumi.prod.yaml: ascent:fleet.maximum: 9",
        "prod-use1-store would come back empty",
    ):
        assert said in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_what_aws_raised_cannot_be_put_back_and_says_what_keeps_it(tmp_path: Path) -> None:
    raised = looked(
        CLUSTER, "prod-use1-db", {"engineVersion": "16.9"}, {"engineVersion": "16.10"}, engineVersion="update"
    )
    done = ascent(written(tmp_path, raised))
    assert done.returncode == 1, done.stderr
    for said in (
        "Cluster prod-use1-db: precious, changed, and cannot be put back: Aurora goes to no lower version",
        "First keep what cannot be put back, as Aurora goes to no lower version: Pulumi.prod.yaml: "
        'ascent:database.engineVersion: "16.10"',
    ):
        assert said in done.stdout
    assert "To put all of it back" not in done.stdout
    assert "would come back empty" not in done.stdout
    engine = looked(CACHE, "prod-use1-cache", {"engine": "redis"}, {"engine": "valkey"}, engine="update")
    done = ascent(written(tmp_path, engine))
    assert "cannot be put back: ElastiCache goes from Redis to Valkey and not back" in done.stdout
    assert "Pulumi.prod.yaml: ascent:cache.engine: valkey" in done.stdout
    cluster = looked(KUBERNETES, "prod-use1", {"version": "1.31"}, {"version": "1.32"}, version="update")
    done = ascent(written(tmp_path, cluster))
    assert "cannot be put back: EKS goes to no lower version" in done.stdout
    assert 'Pulumi.prod.yaml: ascent:cluster.version: "1.32"' in done.stdout
    # The other way, an update raises it.
    lowered = looked(
        CLUSTER, "prod-use1-db", {"engineVersion": "16.10"}, {"engineVersion": "16.9"}, engineVersion="update"
    )
    assert "an update puts it back" in ascent(written(tmp_path, lowered)).stdout


def test_a_subnet_that_a_service_left_out_is_its_own_affair(tmp_path: Path) -> None:
    three, two = {"vpcSubnetIds": ["subnet-a", "subnet-b", "subnet-c"]}, {"vpcSubnetIds": ["subnet-a", "subnet-b"]}
    for type_ in ("aws:rds/proxy:Proxy", "aws:rds/proxyEndpoint:ProxyEndpoint"):
        dropped = looked(
            type_, "prod-use1-proxy", three, two, ["vpcSubnetIds"], **{"vpcSubnetIds[2]": "delete-replace"}
        )
        done = ascent(written(tmp_path, dropped))
        assert done.returncode == 0, done.stdout
        assert "(RDS Proxy)" in done.stdout
        assert "REPLACES" not in done.stdout


def test_a_log_group_that_a_service_made_again_is_put_back(tmp_path: Path) -> None:
    # EKS and RDS make it without an end, and without tags, where somebody has deleted it.
    again = looked(
        "aws:cloudwatch/logGroup:LogGroup", "prod-use1-db", {"retentionInDays": 30}, {}, retentionInDays="delete"
    )
    done = ascent(written(tmp_path, again))
    assert done.returncode == 1
    assert "changed; an update puts it back" in done.stdout
    assert "pulumi up --stack prod --refresh" in done.stdout


def test_what_no_update_starts_again_says_what_does(tmp_path: Path) -> None:
    metadata = {"name": "blue", "namespace": "app"}
    before, after = ({"metadata": metadata, "spec": spec} for spec in ({}, {"paused": True}))
    done = ascent(written(tmp_path, looked(DEPLOYMENT, "prod-use1-blue-pods", before, after)))
    assert done.returncode == 1, done.stderr
    for said in (
        "Deployment prod-use1-blue-pods: stopped, and no update starts it again",
        "spec.paused: nothing -> true",
        "To start it again: kubectl --namespace app rollout resume deployment/blue",
    ):
        assert said in done.stdout
    assert "pulumi up" not in done.stdout
    assert "change of the program" not in done.stdout


def test_what_owners_changed_is_fine(tmp_path: Path) -> None:
    done = ascent(written(tmp_path, FINE))
    assert done.returncode == 0, done.stderr
    assert "Group prod-use1-blue: desiredCapacity: nothing -> 5 (EC2 Auto Scaling)" in done.stdout
    assert "none of 1 resources was changed by hand" in done.stdout


def test_json_has_the_promised_shape(tmp_path: Path) -> None:
    done = ascent(written(tmp_path, LOST, FINE), "--json")
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout) == {
        "stack": "prod",
        "lookedAt": 2,
        "drift": [
            {
                "urn": urn(BUCKET, "prod-use1-store"),
                "type": BUCKET,
                "gone": True,
                "precious": True,
                "open": False,
                "repair": "create",
                "properties": [],
                "keep": [],
                "held": None,
                "byHand": [],
            }
        ],
        "expected": [
            {
                "urn": urn(GROUP, "prod-use1-blue"),
                "type": GROUP,
                "path": "desiredCapacity",
                "recorded": None,
                "found": 5,
                "owner": "EC2 Auto Scaling",
                "reason": "Scaling policies move it within the bounds; the program sets the bounds alone.",
            }
        ],
        "groups": [[urn(BUCKET, "prod-use1-store")]],
    }


RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
TAGGED = [
    looked(GROUP, f"prod-use1-{index}", {"tags": {"team": "a"}}, {"tags": {"team": "b"}}, tags="update")
    for index in range(54)
]
SSH = looked(RULE, "prod-use1-ssh", {"cidrIpv4": "10.0.0.0/8"}, {"cidrIpv4": "0.0.0.0/0"}, cidrIpv4="update")


def test_what_lets_the_world_in_comes_first_and_what_was_done_alike_is_told_once(tmp_path: Path) -> None:
    file = written(tmp_path, *TAGGED, LOST, SSH)
    lines = ascent(file).stdout.splitlines()
    assert [line for line in lines if line and not line.startswith(" ")][:4] == [
        "prod: 56 of 56 resources are not as recorded",
        "SecurityGroupIngressRule prod-use1-ssh: OPEN TO THE WORLD, changed; an update puts it back",
        "Bucket prod-use1-store: precious, gone; an update makes it again",
        "54 resources, all the same: changed; an update puts it back",
    ]
    assert sum("tags: " in line or "tags.team: " in line for line in lines) == 1
    assert f"  Group prod-use1-0, {urn(GROUP, 'prod-use1-0')}" in lines
    assert "  ... and 44 more: --json" in lines
    told = json.loads(ascent(file, "--json").stdout)
    assert [len(one) for one in told["groups"]] == [1, 1, 54]
    assert [one["open"] for one in told["drift"]] == [True] + [False] * 55


def test_a_file_of_another_stack_and_a_stack_that_is_not_there_are_bad_input(tmp_path: Path) -> None:
    for arguments, said in (
        ((written(tmp_path, FINE), "--stack", "dev"), "this is of prod, not of dev"),
        (("--stack", "nope"), "Pulumi.nope.yaml: there is no such file"),
        ((tmp_path / "missing.json",), "missing.json: No such file or directory"),
    ):
        done = ascent(*arguments)
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""


WHOLE = json.dumps({"steps": [itself(), LOST, FINE]})
OTHER = STACK.replace("urn:pulumi:prod", "urn:pulumi:dev")
UNREADABLE = {
    "nothing": ("", "no whole JSON"),
    "cut in a string": (WHOLE[: WHOLE.index("bucket")], "no whole JSON"),
    "cut after a step": (WHOLE[:-2], "no whole JSON"),
    "deep": ("[" * 100_000, "no whole JSON"),
    "a list": ("[]", "not what the engine prints"),
    "no steps": ("{}", "not what the engine prints"),
    "steps that are none": ('{"steps": [1]}', "not what the engine prints"),
    "empty": ('{"steps": []}', "of another command"),
    "no URN": (WHOLE.replace("urn:pulumi:prod::", "urn-"), "not what the engine prints"),
    "a preview": (WHOLE.replace('"refresh"', '"same"'), "perhaps a preview"),
    "two stacks": (json.dumps({"steps": [itself(), {**itself(), "urn": OTHER}]}), "several stacks"),
    "changes that no step tells of": (
        json.dumps({"steps": [itself()], "changeSummary": {"same": 20, "update": 13}}),
        "counts 13 resources to update, and says of 0 which; have it look anew with: ascent drift --stack",
    ),
    "one that is gone without a step": (
        json.dumps({"steps": [itself()], "changeSummary": {"delete": 1}}),
        "counts 1 resources to delete",
    ),
    "a failure": (
        json.dumps({"steps": [itself()], "diagnostics": [{"severity": "error", "message": "no\n credentials"}]}),
        "the engine could not look at everything: no credentials",
    ),
}


@pytest.mark.parametrize(("text", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_look_of_the_engines_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "refresh.json"
    file.write_text(text)
    with pytest.raises(UnreadableRefreshError, match=said):
        read(file)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "refresh.json"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnreadableRefreshError, match="no text"):
        read(file)
