"""The Kubernetes cluster of a region: an EKS cluster that the stack creates, or an existing cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra.components.kubernetes.cluster_services import STORAGE_CLASS, ClusterServices, ClusterServicesArgs
from infra.components.kubernetes.container_insights import ContainerInsights, ContainerInsightsArgs
from infra.components.kubernetes.kubernetes_cluster import KubernetesCluster, KubernetesClusterArgs
from infra.wiring.cluster_access import creator
from infra.wiring.providers import all_tags
from infra.wiring.workload_context import WorkloadContext


@dataclass(frozen=True, kw_only=True)
class RunningCluster:
    """A cluster to deploy to.

    provider: its Kubernetes provider.
    name: its name at EKS; None where it is not an EKS cluster.
    ours: whether the stack created it, in Auto Mode.
    storage_class: storage class of volumes; None for the cluster's default.
    ready: resources that have to exist before pods.
    log_group: name of the log group of the pods; None where the stack does not know it.
    creator: ARN of the role or user that has an access entry as the creator; None where there is no such entry.
    """

    provider: kubernetes.Provider
    name: str | None
    ours: bool
    storage_class: str | None
    ready: Sequence[pulumi.Resource]
    log_group: pulumi.Output[str] | None
    creator: str | None = None


def cluster(workload: WorkloadContext) -> RunningCluster:
    """Declare the region's cluster, or take the existing one."""
    region = workload.region
    chosen = region.settings.cluster
    if chosen is None or chosen.kubeconfig is None:
        return _eks_cluster(workload)
    provider = kubernetes.Provider(
        region.base,
        kubeconfig=pulumi.Output.secret(chosen.kubeconfig.get_secret_value()),
        context=chosen.context,
        enable_patch_force=True,
        enable_secret_mutable=True,
        enable_config_map_mutable=True,
    )
    return RunningCluster(provider=provider, name=chosen.name, ours=False, storage_class=None, ready=[], log_group=None)


def _eks_cluster(workload: WorkloadContext) -> RunningCluster:
    region, settings = workload.region, workload.region.settings
    chosen, nodes = settings.cluster, settings.sizes.nodes
    admins = chosen.admins if chosen else ()
    made_by = creator(region, admins)
    eks = KubernetesCluster(
        region.base,
        KubernetesClusterArgs(
            region=region.name,
            subnet_ids=workload.network.private_subnet_ids,
            key_arn=region.key_arn,
            balancer_group_id=workload.balancer.security_group_id,
            port=settings.described.port,
            api_cidrs=chosen.api_cidrs or () if chosen else (),
            api_sources=[str(region.vpc_cidr), *(chosen.api_sources if chosen else ())],
            creator=made_by,
            admins=[one for one in admins if one != made_by],
            version=chosen.version if chosen else None,
            protect=region.protect,
        ),
        # Nodes pull their images through the network.
        opts=region.after(workload.network),
    )
    provider = kubernetes.Provider(
        region.base,
        kubeconfig=eks.kubeconfig,
        # Identifies the cluster, so that a changed kubeconfig is not taken for another cluster.
        cluster_identifier=region.base,
        # Reverts manual changes. Without it, the API server refuses: kubectl owns the changed field.
        enable_patch_force=True,
        # Update a changed value in place, rather than replace the object and leave a gap.
        enable_secret_mutable=True,
        enable_config_map_mutable=True,
    )
    services = ClusterServices(
        f"{region.base}-services",
        ClusterServicesArgs(
            cluster=region.base,
            cpu=nodes.cpu,
            memory=nodes.memory,
            role=eks.node_role,
            subnet_ids=workload.network.private_subnet_ids,
            security_group_id=eks.security_group_id,
            tags=all_tags(settings),
        ),
        opts=pulumi.ResourceOptions(providers=[region.provider, provider], depends_on=[eks]),
    )
    insights = ContainerInsights(
        f"{region.base}-insights",
        ContainerInsightsArgs(cluster=region.base, protect=region.protect),
        # Its pods need nodes to run on, too.
        opts=region.after(services),
    )
    return RunningCluster(
        provider=provider,
        name=region.base,
        ours=True,
        storage_class=STORAGE_CLASS,
        ready=[eks, services],
        log_group=insights.log_group,
        creator=made_by,
    )
