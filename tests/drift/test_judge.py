"""What is told apart: an owner's change, somebody's by hand, something gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulumi.automation.events import StepEventMetadata

from catalog.engine_steps import of_metadata
from ops.drift.judge import SECRET, Report, judge
from ops.drift.ledger import LEDGER
from ops.drift.steps import read, refreshed
from ops.drift.stopped import DEPLOYMENT
from tests.drift.support import PROGRESS, looked, urn, written

GROUP, LISTENER, RULE = "aws:autoscaling/group:Group", "aws:lb/listener:Listener", "aws:ec2/securityGroup:SecurityGroup"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
BUCKET, ALARM, CLUSTER = "aws:s3/bucket:Bucket", "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:rds/cluster:Cluster"


def judged(directory: Path, *steps: dict[str, Any], rollout: dict[str, Any] | None = None) -> Report:
    return judge(read(written(directory, *steps, rollout=rollout)), "prod")


def listener(weight: int) -> dict[str, Any]:
    return {"defaultActions": [{"type": "forward", "forward": {"targetGroups": [{"arn": "a", "weight": weight}]}}]}


def shifted() -> dict[str, Any]:
    path = "defaultActions[0].forward.targetGroups[0].weight"
    return looked(LISTENER, "prod-use1-https", listener(100), listener(75), **{path: "update"})


@pytest.mark.parametrize("row", [one for one in LEDGER if not one.in_rollout], ids=lambda row: f"{row.type} {row.path}")
def test_what_an_owner_changed_is_expected(tmp_path: Path, row: Any) -> None:
    ignored = [row.path] if row.ignored else []
    step = looked(row.type, "prod-use1-it", {"a": 1}, {"a": 1, "b": 2}, ignored, **{row.path: "update"})
    found = judged(tmp_path, step)
    assert found.drifted == ()
    (owned,) = found.owned
    assert (owned.row, owned.difference.path) == (row, row.path)


def test_what_the_program_does_not_leave_to_others_is_nobodys(tmp_path: Path) -> None:
    """A cache outside of a Global Datastore has its node type from the program."""
    small, large = ({"nodeType": f"cache.t4g.{size}"} for size in ("small", "large"))
    for ignored, counts in (((), (1, 0)), (("engineVersion",), (1, 0)), (("nodeType",), (0, 1))):
        found = judged(tmp_path, looked(CACHE, "prod-use1-cache", small, large, ignored, nodeType="update"))
        assert (len(found.drifted), len(found.owned)) == counts


def test_what_another_program_leaves_to_others_is_expected(tmp_path: Path) -> None:
    found = judged(tmp_path, looked(BUCKET, "theirs", {"acl": "a"}, {"acl": "b"}, ("acl",), acl="update"))
    assert [(one.difference.path, one.row.owner) for one in found.owned] == [("acl", "others")]
    assert found.drifted == ()


def test_the_same_property_of_another_type_is_not(tmp_path: Path) -> None:
    found = judged(tmp_path, looked(BUCKET, "prod-use1-it", {}, {"desiredCapacity": 2}, desiredCapacity="add"))
    assert [one.name for one in found.drifted] == ["prod-use1-it"]
    assert found.owned == ()


def test_weights_belong_to_the_rollout_while_there_is_one(tmp_path: Path) -> None:
    during = judged(tmp_path, shifted(), rollout={"progress": PROGRESS})
    assert (len(during.drifted), len(during.owned)) == (0, 1)
    otherwise = judged(tmp_path, shifted(), rollout={"blue": {"weight": 100}})
    assert (len(otherwise.drifted), len(otherwise.owned)) == (1, 0)
    (difference,) = otherwise.drifted[0].differences
    assert (difference.recorded, difference.found) == (100, 75)


def test_one_resource_may_have_both(tmp_path: Path) -> None:
    before, after = {"minSize": 2}, {"minSize": 3, "desiredCapacity": 3}
    found = judged(tmp_path, looked(GROUP, "prod-use1-blue", before, after, minSize="update", desiredCapacity="add"))
    assert [one.difference.path for one in found.owned] == ["desiredCapacity"]
    (drifted,) = found.drifted
    assert [one.as_dict() for one in drifted.differences] == [{"path": "minSize", "recorded": 2, "found": 3}]
    assert drifted.keep == ("ascent:fleet.minimum: 3",)
    assert drifted.repair == "update"


def test_what_is_precious_comes_first_and_what_is_gone_before_what_is_changed(tmp_path: Path) -> None:
    found = judged(
        tmp_path,
        looked(ALARM, "prod-use1-a", {"threshold": 1}, {"threshold": 2}, threshold="update"),
        looked(ALARM, "prod-use1-b", {"threshold": 1}, None),
        looked(CLUSTER, "prod-use1-db", {"port": 5432}, {"port": 5433}, port="update-replace"),
        looked(BUCKET, "prod-use1-store", {"bucket": "x"}, None),
        looked(RULE, "prod-use1-same", {"name": "x"}, {"name": "x"}),
    )
    assert [(one.name, one.precious, one.gone, one.repair) for one in found.drifted] == [
        ("prod-use1-store", True, True, "create"),
        ("prod-use1-db", True, False, "replace"),
        ("prod-use1-b", False, True, "create"),
        ("prod-use1-a", False, False, "update"),
    ]
    assert found.looked_at == 5
    assert found.drifted[0].urn == urn(BUCKET, "prod-use1-store")


@pytest.mark.parametrize(
    ("type_", "name", "recorded", "after"),
    [
        (BUCKET, "tags", "[secret]", "hunter2"),
        (BUCKET, "tags", {"a": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}}, "hunter2"),
        # The SDK says so of these, whatever the engine was told.
        (CLUSTER, "masterPassword", "hunter1", "hunter2"),
        ("kubernetes:core/v1:Secret", "stringData", {"url": "hunter1"}, {"url": "hunter2"}),
    ],
)
def test_a_secret_is_never_shown(tmp_path: Path, type_: str, name: str, recorded: Any, after: Any) -> None:
    found = judged(tmp_path, looked(type_, "prod-use1-it", {name: recorded}, {name: after}, **{name: "update"}))
    (difference,) = found.drifted[0].differences
    assert (difference.recorded, difference.found) == (SECRET, SECRET)
    assert "hunter" not in str(found.as_dict())


def test_a_provider_that_names_properties_only_is_understood(tmp_path: Path) -> None:
    step = looked("cloudflare:index/dnsRecord:DnsRecord", "prod-use1-host", {"ttl": 1}, {"ttl": 60})
    step |= {"detailedDiff": None, "diffReasons": ["ttl"]}
    (drifted,) = judged(tmp_path, step).drifted
    assert [one.as_dict() for one in drifted.differences] == [{"path": "ttl", "recorded": 1, "found": 60}]


def test_what_the_provider_alone_keeps_of_a_property_is_shown(tmp_path: Path) -> None:
    """The program sets a part of the property, and its owner another, which the engine names."""
    type_, given = "kubernetes:apps/v1:Deployment", {"spec": {"minReadySeconds": 60}}
    kept = [{"spec": {"minReadySeconds": 60, "replicas": replicas}} for replicas in (1, 3)]
    step = looked(type_, "prod-use1-blue-pods", kept[0], kept[1], ("spec.replicas",), **{"spec.replicas": "update"})
    for state in ("oldState", "newState"):
        step[state]["inputs"] = given
    (owned,) = judged(tmp_path, step).owned
    assert owned.difference.as_dict() == {"path": "spec.replicas", "recorded": 1, "found": 3}


@pytest.mark.parametrize(
    ("running", "stopped", "command"),
    [
        ({}, {"paused": True}, "kubectl --namespace app rollout resume deployment/blue"),
        ({"replicas": 3}, {"replicas": 0}, "kubectl --namespace app scale deployment/blue --replicas=1"),
    ],
    ids=["paused", "at zero"],
)
def test_what_was_stopped_by_hand_is_found_by_what_the_provider_keeps(
    tmp_path: Path, running: dict[str, Any], stopped: dict[str, Any], command: str
) -> None:
    """The provider has no input for it, so the engine calls the Deployment the same; or its owner may move it."""
    given: dict[str, Any] = {"metadata": {"name": "blue", "namespace": "app"}, "spec": {"minReadySeconds": 60}}
    kept = [{**given, "spec": given["spec"] | more} for more in (running, stopped)]
    step = looked(DEPLOYMENT, "prod-use1-blue-pods", kept[0], kept[1], ("spec.replicas",))
    for state in ("oldState", "newState"):
        step[state]["inputs"] = given
    (drifted,) = judged(tmp_path, {**step, "op": "refresh", "detailedDiff": None}).drifted
    ((path, value),) = stopped.items()
    assert [(one.path, one.found) for one in drifted.differences] == [(f"spec.{path}", value)]
    assert (drifted.repair, drifted.by_hand) == ("hand", (command,))
    # Also after somebody has taken it into the state, and beside what an update does put back.
    step = looked(DEPLOYMENT, "prod-use1-blue-pods", kept[1], kept[1], ("spec.replicas",))
    assert judged(tmp_path, step).drifted[0].by_hand == (command,)
    changed = {**kept[1], "spec": kept[1]["spec"] | {"minReadySeconds": 1}}
    step = looked(DEPLOYMENT, "prod-use1-blue-pods", kept[1], changed, **{"spec.minReadySeconds": "update"})
    (drifted,) = judged(tmp_path, step).drifted
    assert (drifted.repair, drifted.by_hand, len(drifted.differences)) == ("update", (command,), 2)
    assert judged(tmp_path, looked(DEPLOYMENT, "prod-use1-blue-pods", kept[0], kept[0])).drifted == ()


def test_resources_of_other_providers_and_odd_paths_are_reported_as_they_are(tmp_path: Path) -> None:
    step = looked("gcp:storage/bucket:Bucket", "theirs", {"a[": 1}, {"a[": 2}, **{"a[": "update"})
    (drifted,) = judged(tmp_path, step).drifted
    assert [one.as_dict() for one in drifted.differences] == [{"path": "a[", "recorded": 1, "found": 2}]


def test_what_only_its_owner_keeps_is_seen_while_the_engine_looks() -> None:
    """The engine calls such a resource the same, and tells what it read."""
    event = {
        "op": "same",
        "urn": urn(GROUP, "prod-use1-blue"),
        "type": GROUP,
        "old": {"inputs": {"minSize": 2}, "outputs": {"minSize": 2, "desiredCapacity": 2, "arn": "a"}},
        "new": {"inputs": {"minSize": 2}, "outputs": {"minSize": 2, "desiredCapacity": 5, "arn": "b"}},
    }
    state = {"type": GROUP, "urn": "", "id": "", "parent": "", "provider": ""}
    event |= {side: {**state, **event[side]} for side in ("old", "new")}  # type: ignore[dict-item]
    found = judge([refreshed(of_metadata(StepEventMetadata.from_json(event)), ())], "prod")
    assert found.drifted == ()
    assert [one.difference.as_dict() for one in found.owned] == [
        {"path": "desiredCapacity", "recorded": 2, "found": 5},
    ]


def test_ten_thousand_resources_take_a_moment(tmp_path: Path) -> None:
    same = [looked(ALARM, f"prod-use1-{index}", {"threshold": 1}, {"threshold": 1}) for index in range(10_000)]
    found = judged(tmp_path, *same, looked(ALARM, "prod-use1-x", {"threshold": 1}, None))
    assert (found.looked_at, len(found.drifted)) == (10_001, 1)
