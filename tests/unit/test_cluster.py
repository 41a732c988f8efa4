"""The EKS clusters that the stack makes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.kubeconfig import kubeconfig
from infra.stages import STAGES
from ops.recorder import Recorded
from tests.unit.runtime import built, of_type

CLUSTER, POOL = "aws:eks/cluster:Cluster", "kubernetes:karpenter.sh/v1:NodePool"


def live(**changes: Any) -> dict[str, Recorded]:
    return built(live=True, **{"runtime": "kubernetes", **changes})


def test_there_is_one_in_each_region_that_the_stage_uses_and_none_for_instances() -> None:
    assert [len(of_type(live(stage=stage), CLUSTER)) for stage in (1, 6, 7)] == [1, 1, 3]
    assert of_type(built(live=True, stage=7), CLUSTER) == {}


def test_auto_mode_is_on_as_a_whole() -> None:
    inputs = of_type(live(), CLUSTER)["test-use1"].inputs
    assert inputs["computeConfig"]["enabled"] is True
    assert inputs["kubernetesNetworkConfig"] == {"elasticLoadBalancing": {"enabled": True}}
    assert inputs["storageConfig"] == {"blockStorage": {"enabled": True}}
    assert inputs["bootstrapSelfManagedAddons"] is False
    assert inputs["accessConfig"]["authenticationMode"] == "API"
    roles = of_type(live(), "aws:iam/role:Role")
    assert "sts:TagSession" in roles["test-use1-cluster"].inputs["assumeRolePolicy"]
    attached = of_type(live(), "aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    names = {one.inputs["policyArn"].rpartition("/")[2] for name, one in attached.items() if "-cluster-" in name}
    assert len(names) == 5


def test_its_secrets_are_encrypted_with_the_regions_own_key() -> None:
    clusters = of_type(live(stage=7), CLUSTER)
    keys = {name: one.inputs["encryptionConfig"]["provider"]["keyArn"] for name, one in clusters.items()}
    assert keys["test-use1"].endswith(":test-use1-data")
    assert keys["test-euw1"].endswith("-eu-west-1")
    assert all(one.inputs["encryptionConfig"]["resources"] == ["secrets"] for one in clusters.values())


def test_its_log_is_ours_so_that_it_does_not_grow_for_ever() -> None:
    everything = live()
    group = of_type(everything, "aws:cloudwatch/logGroup:LogGroup")["test-use1-control-plane"].inputs
    assert group["name"] == "/aws/eks/test-use1/cluster"
    assert group["retentionInDays"] == 90
    assert "audit" in of_type(everything, CLUSTER)["test-use1"].inputs["enabledClusterLogTypes"]


def test_its_api_is_reached_from_where_the_config_says_and_from_the_vpc() -> None:
    config = of_type(live(), CLUSTER)["test-use1"].inputs["vpcConfig"]
    assert (config["endpointPrivateAccess"], config["endpointPublicAccess"]) == (True, True)
    assert config["publicAccessCidrs"] == ["203.0.113.0/24"]
    private = of_type(live(cluster={"apiCidrs": []}), CLUSTER)["test-use1"].inputs["vpcConfig"]
    assert private["endpointPublicAccess"] is False
    assert private["publicAccessCidrs"] is None


def test_admins_are_those_who_are_listed() -> None:
    arn = "arn:aws:iam::123456789012:role/platform"
    everything = live(cluster={"apiCidrs": [], "admins": [arn], "version": "1.33"})
    (entry,) = of_type(everything, "aws:eks/accessEntry:AccessEntry").values()
    assert entry.inputs["principalArn"] == arn
    (policy,) = of_type(everything, "aws:eks/accessPolicyAssociation:AccessPolicyAssociation").values()
    assert policy.inputs["policyArn"].endswith("AmazonEKSClusterAdminPolicy")
    assert of_type(everything, CLUSTER)["test-use1"].inputs["version"] == "1.33"


@pytest.mark.parametrize("stage", STAGES)
def test_its_nodes_have_a_limit(stage: int) -> None:
    (pool,) = of_type(live(stage=stage, regions=["us-east-1"]), POOL).values()
    nodes = STAGES[stage].sizes.nodes
    assert pool.inputs["spec"]["limits"] == {"cpu": str(nodes.cpu), "memory": f"{nodes.memory}Gi"}
    needs = pool.inputs["spec"]["template"]["spec"]["requirements"]
    assert {"key": "kubernetes.io/arch", "operator": "In", "values": ["arm64"]} in needs


def test_only_the_load_balancer_reaches_its_pods() -> None:
    rules = of_type(live(), "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    rule = rules["test-use1-pods"].inputs
    assert rule["securityGroupId"] == "sg-test-use1"
    assert rule["referencedSecurityGroupId"] == "test-use1-id"
    assert (rule["fromPort"], rule["toPort"]) == (3000, 3000)


def test_pods_may_do_at_aws_what_instances_may_and_no_more() -> None:
    fleet = of_type(built(live=True, stage=6), "aws:iam/rolePolicy:RolePolicy")
    pods = of_type(live(stage=6), "aws:iam/rolePolicy:RolePolicy")
    for theirs, ours in (("test-use1-fleet", "test-use1-pods-web"), ("test-use1-workers", "test-use1-pods-worker")):
        allowed = json.loads(fleet[theirs].inputs["policy"])["Statement"]
        got = json.loads(pods[ours].inputs["policy"])["Statement"]
        assert len(got) == 4
        assert all(statement in allowed for statement in got)
    associations = of_type(live(stage=6), "aws:eks/podIdentityAssociation:PodIdentityAssociation")
    assert {one.inputs["serviceAccount"] for one in associations.values()} == {"web", "worker"}


def test_policies_count_and_the_autoscaler_has_its_metrics() -> None:
    everything = live()
    switch = of_type(everything, "kubernetes:core/v1:ConfigMap")["test-use1-services-network-policy"].inputs
    assert switch["metadata"] == {"name": "amazon-vpc-cni", "namespace": "kube-system"}
    assert switch["data"] == {"enable-network-policy-controller": "true"}
    addons = of_type(everything, "aws:eks/addon:Addon")
    assert "metrics-server" in {one.inputs["addonName"] for one in addons.values()}


def test_the_kubeconfig_holds_a_command_and_no_credential() -> None:
    text = kubeconfig(name="prod-use1", region="us-east-1", endpoint="https://example.com", authority="bWFkZQ==")
    user = json.loads(text)["users"][0]["user"]
    assert set(user) == {"exec"}
    assert user["exec"]["args"][:4] == ["eks", "get-token", "--cluster-name", "prod-use1"]
