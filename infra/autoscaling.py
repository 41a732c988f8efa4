"""The autoscaler and the disruption budget of a Deployment, for the components that make one."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as kubernetes

from infra.pod_spec import described
from infra.thresholds import (
    POD_CPU_TARGET,
    POD_DISRUPTION,
    POD_DOWN_PERCENT,
    POD_DOWN_WINDOW,
    POD_MEMORY_TARGET,
    POD_SCALE_PERIOD,
    POD_UP_PERCENT,
    POD_UP_WINDOW,
    Threshold,
)

Metric = kubernetes.autoscaling.v2.MetricSpecArgsDict
Rules = kubernetes.autoscaling.v2.HPAScalingRulesArgsDict


def scaled(
    name: str,
    *,
    deployment: str,
    meta: kubernetes.meta.v1.ObjectMetaArgsDict,
    selected: Mapping[str, str],
    minimum: int,
    maximum: int,
    by_memory: bool,
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """An autoscaler over the Deployment of this name within its bounds, and a budget that always lets a drain go on.

    Both are for the Deployment to wait for. A new one begins with one pod; an autoscaler that is there already looks
    every 15 s (kube-controller-manager, --horizontal-pod-autoscaler-sync-period), and whatever the metrics say has its
    minimum come before the first pod counts as available, which the update waits for.

    `meta` names both objects, `selected` are the labels of the pods. `by_memory` adds pods by memory as well as by CPU:
    those that came for memory go again only if the others give some back.
    """
    autoscaler = kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
        name,
        metadata=meta,
        spec={
            "scale_target_ref": {
                "api_version": "apps/v1",
                "kind": "Deployment",
                "name": deployment,
            },
            "min_replicas": minimum,
            "max_replicas": maximum,
            "metrics": [
                _metric("cpu", POD_CPU_TARGET),
                *([_metric("memory", POD_MEMORY_TARGET)] if by_memory else []),
            ],
            "behavior": {
                "scale_up": _rules(POD_UP_WINDOW, POD_UP_PERCENT),
                "scale_down": _rules(POD_DOWN_WINDOW, POD_DOWN_PERCENT),
            },
        },
        opts=opts,
    )
    budget = kubernetes.policy.v1.PodDisruptionBudget(
        name,
        metadata=meta,
        spec={
            # What may be away, not what has to stay: a minimum of one pod could otherwise never be moved. As a share,
            # because many pods are not to be moved one by one.
            "max_unavailable": f"{POD_DISRUPTION.value}%",
            "selector": {"match_labels": dict(selected)},
            # A pod that never got ready must not hold up the drain of its node.
            "unhealthy_pod_eviction_policy": "AlwaysAllow",
        },
        opts=opts,
    )
    return [autoscaler, budget]


def metadata(name: str, namespace: str, selected: Mapping[str, str]) -> kubernetes.meta.v1.ObjectMetaArgsDict:
    """Name, namespace and labels of an object that belongs to pods with the labels `selected`."""
    return {"name": name, "namespace": namespace, "labels": described(selected)}


def _metric(resource: str, target: Threshold) -> Metric:
    return {
        "type": "Resource",
        "resource": {"name": resource, "target": {"type": "Utilization", "average_utilization": target.value}},
    }


def _rules(window: Threshold, percent: Threshold) -> Rules:
    return {
        "stabilization_window_seconds": window.value,
        "policies": [{"type": "Percent", "value": percent.value, "period_seconds": POD_SCALE_PERIOD.value}],
    }
