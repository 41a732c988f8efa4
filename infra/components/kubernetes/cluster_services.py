"""What an EKS cluster in Auto Mode still needs: nodes with a limit, metrics, a policy engine switched on, storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from infra import naming
from infra.thresholds import NODE_CPU_BELOW, NODE_DISRUPTION, NODE_DRAIN, NODE_GENERATION, NODE_LIFETIME

_NODE_CONSOLIDATE = 300  # seconds: as long as the HPA's way down, so that nodes follow pods

POOL = "app"
# Not `default`, which is that of the built-in pools, and which EKS puts back as it was.
NODE_CLASS = "ascent"
STORAGE_CLASS = "ascent"
# Auto Mode asks EC2 whether it may launch with the class' tags. Where IAM does not know the new policy yet, it keeps
# the no for 30 minutes and looks every 10 (karpenter-provider-aws, pkg/cache/cache.go: ValidationTTL;
# pkg/controllers/nodeclass/validation.go: requeueAfterTime; issue 8114). A pool whose class is not ready gets no nodes.
# pulumi-kubernetes 4.18 and newer, provider/pkg/metadata/overrides.go: ReadyCondition.
READY = {"pulumi.com/waitFor": "condition=Ready"}
# A class and a pool stay until the last of their nodes is gone; by itself, the provider gives up after 10 minutes.
NODES_GO = "30m"
CLASS_TIMEOUTS = pulumi.CustomTimeouts(create="45m", update="45m", delete=NODES_GO)


@dataclass(frozen=True, kw_only=True)
class ClusterServicesArgs:
    """What is needed of the cluster, and what its nodes may be.

    cluster: its name at EKS.
    cpu: most vCPUs of all nodes of the pool.
    memory: most GiB of them.
    role: name of the nodes' role, the same as that of the built-in pools: EKS has made its access entry with those, and
        would refuse a second one.
    subnet_ids, security_group_id: where nodes are, and their security group.
    tags: of nodes, their disks and their network interfaces, which no default tags of the provider reach.
    """

    cluster: str
    cpu: int
    memory: int
    role: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    tags: Mapping[str, str]


class ClusterServices(pulumi.ComponentResource):
    """A node pool and the class of its nodes, metrics-server, and the switch that makes NetworkPolicies count."""

    def __init__(self, name: str, args: ClusterServicesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("ClusterServices"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # As the built-in one, and tagged: the budget counts by tag.
        nodes = kubernetes.apiextensions.CustomResource(
            f"{name}-nodes",
            api_version="eks.amazonaws.com/v1",
            kind="NodeClass",
            metadata={"name": NODE_CLASS, "annotations": dict(READY)},
            spec={
                "role": args.role,
                "subnetSelectorTerms": [{"id": one} for one in args.subnet_ids],
                "securityGroupSelectorTerms": [{"id": args.security_group_id}],
                "tags": dict(args.tags),
            },
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=CLASS_TIMEOUTS),
        )
        pool = kubernetes.apiextensions.CustomResource(
            f"{name}-pool",
            api_version="karpenter.sh/v1",
            kind="NodePool",
            metadata={"name": POOL},
            spec=_pool(args),
            # What changes of it moves pods to new nodes, a few nodes at a time (Karpenter documentation, Disruption).
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[nodes], custom_timeouts=pulumi.CustomTimeouts(delete=NODES_GO)
            ),
        )
        # The HPA reads CPU and memory from it, and Auto Mode does not bring it. It needs a node to run on.
        aws.eks.Addon(
            f"{name}-metrics-server",
            cluster_name=args.cluster,
            addon_name="metrics-server",
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[pool]),
        )
        # AWS, "Use Network Policies with EKS Auto Mode": without it they are accepted, and nothing enforces them.
        kubernetes.core.v1.ConfigMap(
            f"{name}-network-policy",
            metadata={"name": "amazon-vpc-cni", "namespace": "kube-system"},
            data={"enable-network-policy-controller": "true"},
            opts=child,
        )
        # Auto Mode has the driver and no class for it.
        kubernetes.storage.v1.StorageClass(
            f"{name}-storage",
            metadata={"name": STORAGE_CLASS},
            provisioner="ebs.csi.eks.amazonaws.com",
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
            parameters={"type": "gp3", "encrypted": "true"},
            opts=child,
        )
        self.register_outputs({"pool": POOL})


def _pool(args: ClusterServicesArgs) -> dict[str, object]:
    """Karpenter's NodePool: Graviton, as the instances; on-demand; many small nodes rather than a few large ones."""
    return {
        "template": {
            "spec": {
                "nodeClassRef": {"group": "eks.amazonaws.com", "kind": "NodeClass", "name": NODE_CLASS},
                "requirements": [
                    _requirement("kubernetes.io/arch", "In", "arm64"),
                    _requirement("karpenter.sh/capacity-type", "In", "on-demand"),
                    _requirement("eks.amazonaws.com/instance-category", "In", "c", "m"),
                    _requirement("eks.amazonaws.com/instance-generation", "Gt", str(NODE_GENERATION.value)),
                    _requirement("eks.amazonaws.com/instance-cpu", "Lt", str(NODE_CPU_BELOW.value)),
                ],
                "expireAfter": f"{NODE_LIFETIME.value}h",
                "terminationGracePeriod": f"{NODE_DRAIN.value}h",
            }
        },
        "disruption": {
            "consolidationPolicy": "WhenEmptyOrUnderutilized",
            "consolidateAfter": f"{_NODE_CONSOLIDATE}s",
            "budgets": [{"nodes": f"{NODE_DISRUPTION.value}%"}],
        },
        "limits": {"cpu": str(args.cpu), "memory": f"{args.memory}Gi"},
    }


def _requirement(key: str, operator: str, *values: str) -> dict[str, object]:
    return {"key": key, "operator": operator, "values": list(values)}
