"""Rules for instances, pods and the images that they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import images
from infra.config.invalid_value import InvalidValue
from infra.config.models.runtime import Runtime
from infra.stages import Capability

if TYPE_CHECKING:
    from infra.config.settings import Settings


def share_of_both(settings: Settings) -> InvalidValue | None:
    """Only a stack with both runtimes divides its traffic between them."""
    if not settings.rollout.kubernetes_share or settings.runtime is Runtime.BOTH:
        return None
    return InvalidValue(
        key="rollout.kubernetesShare",
        given=settings.rollout.kubernetes_share,
        reason=f"it should be left out unless the runtime is both, and the runtime is {settings.runtime.value}",
    )


def one_type_in_warm_pool(settings: Settings) -> InvalidValue | None:
    """A fleet with a warm pool has one instance type."""
    types = settings.fleet.instance_types or ()
    if not settings.row.has(Capability.WARM_POOL) or len(types) <= 1:
        return None
    return InvalidValue(
        key="fleet.instanceTypes",
        given=list(types),
        reason=f"stage {settings.stage} keeps a warm pool, which takes exactly one type",
    )


def machine_image_in_each_region(settings: Settings) -> InvalidValue | None:
    """A stack in several regions names its machine image by a parameter that each region has."""
    image, count = settings.fleet.image_id or "", len(settings.active_regions)
    if not image.startswith("ami-") or count == 1:
        return None
    return InvalidValue(
        key="fleet.imageId",
        given=image,
        reason=f"a machine image is in one region, and the stack is in {count}; give the name of an SSM parameter that "
        "holds one in each of them",
    )


def cache_reached_by_instances(settings: Settings) -> InvalidValue | None:
    """A Redis inside the cluster serves pods only."""
    cache = settings.sizes.cache
    if cache is None or not cache.in_cluster or not settings.runtime.on_ec2:
        return None
    return InvalidValue(
        key="cache.inCluster",
        given=True,
        reason=f"instances cannot reach a Redis inside the cluster, and the runtime is {settings.runtime.value}; leave "
        "it out until that is kubernetes",
    )


def pods_have_cluster(settings: Settings) -> InvalidValue | None:
    """A stack with pods has a cluster for them."""
    if not settings.runtime.on_kubernetes or settings.cluster is not None:
        return None
    return InvalidValue(
        key="cluster",
        given=None,
        reason=f"the runtime is {settings.runtime.value}, so it should have apiCidrs (for EKS: the ranges that reach "
        "its API, yours and your CI's, or []) or the kubeconfig of a cluster that is there already",
    )


def verified_by_own_pooler(settings: Settings) -> InvalidValue | None:
    """Only the stack's own PgBouncer is told to verify the database's certificate."""
    cluster = settings.cluster if settings.runtime.on_kubernetes else None
    if cluster is None or not cluster.verify_database or settings.external_database is None:
        return None
    return InvalidValue(
        key="cluster.verifyDatabase",
        given=True,
        reason="there is no PgBouncer in the cluster that could: an external database has a pooler of its own. Leave "
        "it out, and say sslmode=verify-full in externalDatabase.pooledUrl",
    )


def existing_cluster_in_one_region(settings: Settings) -> InvalidValue | None:
    """An existing cluster serves a stack with one region."""
    cluster, count = settings.cluster if settings.runtime.on_kubernetes else None, len(settings.active_regions)
    if cluster is None or cluster.kubeconfig is None or count == 1:
        return None
    return InvalidValue(
        key="cluster.kubeconfig",
        given="",
        reason=f"one cluster cannot be in {count} regions; list one region, or leave clusters to the stack",
    )


def one_worker_pod(settings: Settings) -> InvalidValue | None:
    """Workers on pods have at least one, as an autoscaler does not go to zero."""
    workers = settings.sizes.workers if settings.background_on_pods else None
    if workers is None or workers.minimum >= 1:
        return None
    return InvalidValue(
        key="workers.minimum",
        given=workers.minimum,
        reason="a HorizontalPodAutoscaler keeps at least one pod; it should be 1 or more",
    )


def pods_fit_nodes(settings: Settings) -> InvalidValue | None:
    """All pods at their maximum fit the limit of the nodes."""
    if not settings.makes_clusters or settings.node_budget.holds:
        return None
    nodes = settings.sizes.nodes
    return InvalidValue(
        key="nodes",
        given={"cpu": nodes.cpu, "memory": nodes.memory},
        reason=f"more pods could run than the nodes take: {settings.node_budget}. Raise nodes.cpu and nodes.memory, or "
        "lower hpa.maximum, workers.maximum or pods",
    )


def images_in_each_region(settings: Settings) -> InvalidValue | None:
    """No image is in one region only: without that region, no instance or pod could start in the others.

    Not checked during a failover, when it is too late to copy the image.
    """
    if settings.writer not in (None, settings.home) or settings.unreachable is not None:
        return None
    found = next(images.alone(settings), None)
    if found is None:
        return None
    key, image, region = found
    return InvalidValue(
        key=key,
        given=image,
        reason=f"the image is in {region} alone, and the stack is in {len(settings.active_regions)} regions, none of "
        "which could start an instance or pod without it. List its repository in registry.repositories, which copies "
        f"it from {settings.home} to the others, or copy it yourself and set registry.replicated",
    )
