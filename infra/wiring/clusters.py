"""The Kubernetes cluster of one region: EKS, made here, or one that is there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra.components.kubernetes.cluster_services import STORAGE_CLASS, ClusterServices, ClusterServicesArgs
from infra.components.kubernetes.container_insights import ContainerInsights, ContainerInsightsArgs
from infra.components.kubernetes.kubernetes_cluster import KubernetesCluster, KubernetesClusterArgs
from infra.wiring.cluster_access import creator
from infra.wiring.place import all_tags
from infra.wiring.workload_context import Surroundings


@dataclass(frozen=True, kw_only=True)
class RunningCluster:
    """A cluster to put things in.

    provider: the Kubernetes provider of it.
    name: its name at EKS, or None where it is not there.
    ours: whether the stack made it, in Auto Mode.
    storage_class: class of volumes, or None for the cluster's default.
    ready: what has to be there before pods come.
    log_group: name of the log group with what pods write, or None where the stack does not know.
    creator: ARN of who has an access entry for having made it, or None.
    """

    provider: kubernetes.Provider
    name: str | None
    ours: bool
    storage_class: str | None
    ready: Sequence[pulumi.Resource]
    log_group: pulumi.Output[str] | None
    creator: str | None = None


def cluster(around: Surroundings) -> RunningCluster:
    """Declare the region's cluster, or take the one that is given."""
    chosen = around.settings.cluster
    if chosen is None or chosen.kubeconfig is None:
        return _made(around)
    provider = kubernetes.Provider(
        around.place.base,
        kubeconfig=pulumi.Output.secret(chosen.kubeconfig.get_secret_value()),
        context=chosen.context,
        enable_patch_force=True,
        enable_secret_mutable=True,
        enable_config_map_mutable=True,
    )
    return RunningCluster(provider=provider, name=chosen.name, ours=False, storage_class=None, ready=[], log_group=None)


def _made(around: Surroundings) -> RunningCluster:
    place, chosen, nodes = around.place, around.settings.cluster, around.settings.sizes.nodes
    admins = chosen.admins if chosen else ()
    made_by = creator(place, admins)
    eks = KubernetesCluster(
        place.base,
        KubernetesClusterArgs(
            region=place.region.name,
            subnet_ids=around.network.private_subnet_ids,
            key_arn=around.key_arn,
            balancer_group_id=around.balancer.security_group_id,
            port=around.settings.described.port,
            api_cidrs=chosen.api_cidrs or () if chosen else (),
            api_sources=[around.vpc, *(chosen.api_sources if chosen else ())],
            creator=made_by,
            admins=[one for one in admins if one != made_by],
            version=chosen.version if chosen else None,
            protect=place.protect,
        ),
        # Nodes fetch their images by way of the network.
        opts=pulumi.ResourceOptions(providers=[place.provider], depends_on=[around.network]),
    )
    provider = kubernetes.Provider(
        place.base,
        kubeconfig=eks.kubeconfig,
        # Says which cluster it is, so that another way of reaching it is no other cluster.
        cluster_identifier=place.base,
        # What somebody has changed with kubectl is put back. Without it, the API server refuses: the field is theirs.
        enable_patch_force=True,
        # A changed value is a change, not another object with a gap between the two.
        enable_secret_mutable=True,
        enable_config_map_mutable=True,
    )
    services = ClusterServices(
        f"{place.base}-services",
        ClusterServicesArgs(
            cluster=place.base,
            cpu=nodes.cpu,
            memory=nodes.memory,
            role=eks.node_role,
            subnet_ids=around.network.private_subnet_ids,
            security_group_id=eks.security_group_id,
            tags=all_tags(around.settings),
        ),
        opts=pulumi.ResourceOptions(providers=[place.provider, provider], depends_on=[eks]),
    )
    insights = ContainerInsights(
        f"{place.base}-insights",
        ContainerInsightsArgs(cluster=place.base, protect=place.protect),
        # Its pods, too, need nodes to run on.
        opts=pulumi.ResourceOptions(providers=[place.provider], depends_on=[services]),
    )
    return RunningCluster(
        provider=provider,
        name=place.base,
        ours=True,
        storage_class=STORAGE_CLASS,
        ready=[eks, services],
        log_group=insights.log_group,
        creator=made_by,
    )
