"""The database and its pooler, as the program declares them."""

from __future__ import annotations

from typing import Any

import pytest

from ops.engine.recorder import Recorded
from tests.unit.runtime import built, of_type

CLUSTER, INSTANCE = "aws:rds/cluster:Cluster", "aws:rds/clusterInstance:ClusterInstance"
PROXY, ENDPOINT = "aws:rds/proxy:Proxy", "aws:rds/proxyEndpoint:ProxyEndpoint"
GROUP = "aws:rds/clusterParameterGroup:ClusterParameterGroup"


def live(**changes: Any) -> dict[str, Recorded]:
    return built(live=True, **changes)


def parameters(stage: int) -> dict[str, tuple[str, str]]:
    (group,) = of_type(live(stage=stage), GROUP).values()
    return {one["name"]: (one["value"], one["applyMethod"]) for one in group.inputs["parameters"]}


def test_it_is_encrypted_guarded_and_backed_up_from_the_first_stage() -> None:
    (cluster,) = of_type(live(), CLUSTER).values()
    inputs = cluster.inputs
    assert cluster.protect
    assert inputs["storageEncrypted"] is True
    assert inputs["deletionProtection"] is True
    assert inputs["skipFinalSnapshot"] is False
    assert inputs["backupRetentionPeriod"] == 35
    assert inputs["iamDatabaseAuthenticationEnabled"] is True
    # A global database takes neither a managed password nor a cluster that names its zones.
    assert "manageMasterUserPassword" not in inputs
    assert "availabilityZones" not in inputs


def test_nobody_outside_the_vpc_reaches_it() -> None:
    rules = of_type(live(), "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert rules["test-use1-db"].inputs["cidrIpv4"] == "10.0.0.0/16"
    subnets = of_type(live(), "aws:rds/subnetGroup:SubnetGroup")["test-use1-db"].inputs["subnetIds"]
    assert all("-data-" in one for one in subnets)


def test_tuning_changes_only_what_needs_no_reboot() -> None:
    before, after = parameters(2), parameters(3)
    assert after["log_min_duration_statement"] == ("500", "immediate")
    assert {after[name][1] for name in set(after) - set(before)} == {"immediate"}
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize(
    ("stage", "instances"),
    [(1, {"writer"}), (2, {"writer", "reader"}), (4, {"writer", "reader"}), (6, {"writer", "reader", "2"})],
)
def test_one_to_fail_over_to_is_there_from_stage_two_and_so_are_the_least_readers(
    stage: int, instances: set[str]
) -> None:
    everything = live(stage=stage)
    found = of_type(everything, INSTANCE)
    assert {name.rpartition("-")[2] for name in found} == instances
    assert found["test-use1-db-writer"].inputs["promotionTier"] == 0
    assert len({one.inputs["availabilityZone"] for one in found.values()}) == len(found)
    targets = of_type(everything, "aws:appautoscaling/target:Target")
    # What autoscaling would make for its least is in no state, so the program makes as many itself.
    for target in targets.values():
        assert target.inputs["minCapacity"] == len(instances) - 1
    assert len(targets) == (1 if stage >= 4 else 0)


def test_instances_have_a_proxy_from_stage_two_and_it_reads_from_stage_four() -> None:
    assert [len(of_type(live(stage=stage), PROXY)) for stage in (1, 2, 4)] == [0, 1, 1]
    assert [len(of_type(live(stage=stage), ENDPOINT)) for stage in (1, 2, 4)] == [0, 0, 1]
    (proxy,) = of_type(live(stage=2), PROXY).values()
    assert proxy.inputs["requireTls"] is True
    assert of_type(live(stage=2, runtime="kubernetes"), PROXY) == {}


def test_an_external_database_takes_the_place_of_ours() -> None:
    urls = {
        "directUrl": "postgresql://app:hunter2@db.example.com/app",
        "pooledUrl": "postgresql://app:hunter2@pool.example.com/app",
    }
    everything = live(stage=4, externalDatabase=urls)
    assert not [one for one in everything.values() if one.type.startswith("aws:rds/")]
    assert "hunter2" not in str(everything)
    assert len(of_type(everything, "aws:autoscaling/group:Group")) == 1


def test_what_is_deleted_leaves_a_snapshot_of_its_own_name_and_its_backups() -> None:
    inputs = of_type(live(), CLUSTER)["test-use1-db"].inputs
    assert inputs["finalSnapshotIdentifier"].startswith("test-use1-db-final-")
    assert inputs["deleteAutomatedBackups"] is False
    unprotected = of_type(live(protect=False), CLUSTER)["test-use1-db"].inputs
    assert unprotected["skipFinalSnapshot"] is False
    without = of_type(live(protect=False, database={"finalSnapshot": False}), CLUSTER)["test-use1-db"].inputs
    assert without["skipFinalSnapshot"] is True


def test_whoever_may_take_the_writes_can_go_back_as_far() -> None:
    days = {name: one.inputs["backupRetentionPeriod"] for name, one in of_type(live(stage=7), CLUSTER).items()}
    assert days == dict.fromkeys(("test-use1-db", "test-euw1-db", "test-apse2-db"), 35)


def test_the_limit_of_connections_is_said_from_birth() -> None:
    assert [parameters(stage)["max_connections"] for stage in range(1, 7)] == [("2000", "pending-reboot")] * 6


def test_a_new_generation_makes_new_passwords() -> None:
    type_ = "random:index/randomPassword:RandomPassword"
    before, after = of_type(live(), type_), of_type(live(credentialsGeneration=2), type_)
    assert set(before) == set(after)
    assert all(before[name].inputs["keepers"] != after[name].inputs["keepers"] for name in before)
