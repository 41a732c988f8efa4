"""The EKS clusters that the stack makes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.kubeconfig import kubeconfig
from infra.stages import STAGES
from infra.wiring import build
from infra.wiring.stack_outputs import READ_STACK_OUTPUTS
from ops.engine.recorder import Recorded
from tests.unit.configs import settings
from tests.unit.runtime import ANSWERS, built, of_type, record

CREATOR, TEAM = "arn:aws:iam::123456789012:role/ci/deploy", "arn:aws:iam::123456789012:role/platform"
CLUSTER, POOL = "aws:eks/cluster:Cluster", "kubernetes:karpenter.sh/v1:NodePool"
NODES = "kubernetes:eks.amazonaws.com/v1:NodeClass"


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


def test_from_inside_it_is_reached_from_the_vpc_and_from_what_is_listed() -> None:
    inside = live(cluster={"apiCidrs": [], "apiSources": ["172.16.0.0/16"]})
    rules = of_type(inside, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    admitted = {
        one.inputs["cidrIpv4"]: (one.inputs["securityGroupId"], one.inputs["fromPort"], one.inputs["toPort"])
        for name, one in rules.items()
        if name.startswith("test-use1-api-")
    }
    assert admitted == dict.fromkeys(("10.0.0.0/16", "172.16.0.0/16"), ("sg-test-use1", 443, 443))


def admins(outputs: dict[str, Any], **cluster: Any) -> tuple[set[str], set[str]]:
    """Who has an entry, and who may do everything, in the cluster of a stack with these outputs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ANSWERS, READ_STACK_OUTPUTS, {"outputs": {"regions": {"us-east-1": outputs}} if outputs else {}})
        chosen = settings(runtime="kubernetes", cluster={"apiCidrs": [], **cluster})
        everything = record(lambda: build(chosen), live=True)
    entries = of_type(everything, "aws:eks/accessEntry:AccessEntry")
    policies = of_type(everything, "aws:eks/accessPolicyAssociation:AccessPolicyAssociation")
    assert all(one.inputs["policyArn"].endswith("AmazonEKSClusterAdminPolicy") for one in policies.values())
    found = ({str(one.inputs["principalArn"]) for one in both.values()} for both in (entries, policies))
    return next(found), next(found)


def test_who_creates_a_cluster_has_an_entry_of_the_stacks_own() -> None:
    assert of_type(live(), CLUSTER)["test-use1"].inputs["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }
    everybody = {CREATOR, TEAM}
    assert admins({}) == ({CREATOR}, {CREATOR})
    assert admins({}, admins=[TEAM]) == (everybody, everybody)
    # Listed as well, there is still one entry.
    assert admins({}, admins=[CREATOR, TEAM]) == (everybody, everybody)


def test_a_preview_is_made_by_somebody_else_than_the_cluster() -> None:
    entry = "aws:eks/accessEntry:AccessEntry"
    for admins, known in (([], {"test-use1-creator"}), ([TEAM], {"test-use1-admin-platform"})):
        seen = built(runtime="kubernetes", cluster={"apiCidrs": [], "admins": admins})
        assert set(of_type(seen, entry)) == known


def test_somebody_elses_update_takes_nobodys_entry() -> None:
    known = {"cluster": "test-use1", "clusterCreator": "arn:aws:iam::123456789012:role/first"}
    assert admins(known)[0] == {"arn:aws:iam::123456789012:role/first"}


def test_a_cluster_from_before_keeps_what_eks_gave_its_creator() -> None:
    assert admins({"cluster": "test-use1"}, admins=[TEAM]) == ({TEAM}, {TEAM})
    # Never changed: EKS would have to make another cluster.
    ignored = of_type(live(), CLUSTER)["test-use1"].ignored
    assert "accessConfig.bootstrapClusterCreatorAdminPermissions" in ignored
    # One of somebody else's is none of ours.
    assert admins({"cluster": "given"}) == ({CREATOR}, {CREATOR})


def test_the_version_is_the_one_that_is_listed() -> None:
    everything = live(cluster={"apiCidrs": [], "version": "1.33"})
    assert of_type(everything, CLUSTER)["test-use1"].inputs["version"] == "1.33"


def test_its_nodes_carry_the_tags_that_the_budget_counts_by() -> None:
    """They are made by EKS, which no default tags of the provider reach."""
    everything = live(tags={"cost-center": "42"}, budget={"monthlyUsd": 100})
    (nodes,) = of_type(everything, NODES).values()
    tags = nodes.inputs["spec"]["tags"]
    assert tags == {
        "ascent:managed-by": "pulumi",
        "ascent:project": "ascent",
        "ascent:stack": "test",
        "cost-center": "42",
    }
    counted = [one.inputs["costFilters"][0] for one in of_type(everything, "aws:budgets/budget:Budget").values()]
    assert counted
    assert {value for one in counted for value in one["values"]} == {f"user:ascent:stack${tags['ascent:stack']}"}
    (pool,) = of_type(everything, POOL).values()
    chosen = pool.inputs["spec"]["template"]["spec"]["nodeClassRef"]
    # EKS gives the class `default` its own values back.
    assert chosen["name"] == nodes.inputs["metadata"]["name"] != "default"
    # The role of the built-in pools: another one would need an access entry to let nodes join.
    cluster = of_type(everything, CLUSTER)["test-use1"].inputs
    assert cluster["computeConfig"]["nodeRoleArn"].endswith(f":{nodes.inputs['spec']['role']}")
    assert len(nodes.inputs["spec"]["subnetSelectorTerms"]) == 3
    assert nodes.inputs["spec"]["securityGroupSelectorTerms"] == [{"id": "sg-test-use1"}]


def test_the_cluster_may_give_its_nodes_tags() -> None:
    """The managed policies allow the tags of EKS alone: with another, not one node would come."""
    allowed = of_type(live(), "aws:iam/rolePolicy:RolePolicy")["test-use1-tags"].inputs
    assert allowed["role"].startswith("test-use1-cluster")
    statements = json.loads(allowed["policy"])["Statement"]
    own = "${aws:PrincipalTag/eks:eks-cluster-name}"
    conditions = [one["Condition"]["StringEquals"] for one in statements]
    assert {value for one in conditions for value in one.values()} == {own}
    launches = {"ec2:RunInstances", "ec2:CreateFleet", "ec2:CreateLaunchTemplate"}
    assert any(launches <= set(one["Action"]) for one in statements)


def test_pods_wait_for_nodes_that_may_be_launched() -> None:
    """IAM takes a while to know the policy for their tags, and Auto Mode takes no for an answer for 30 minutes."""
    everything = live()
    (nodes,) = of_type(everything, NODES).values()
    assert nodes.inputs["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=Ready"}
    assert all(int(nodes.timeouts[operation].removesuffix("m")) >= 30 + 10 for operation in ("create", "update"))


def test_the_last_of_its_nodes_has_the_time_to_go() -> None:
    """The provider gives up after 10 minutes unless it is told otherwise."""
    everything = live()
    for kind in (NODES, POOL):
        (one,) = of_type(everything, kind).values()
        assert one.timeouts["delete"] == "30m"


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
