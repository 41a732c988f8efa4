"""Cases for an autoscaler, and what the real controller of Kubernetes answers to them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from ops.scaling.hpa import HorizontalPodAutoscaler, HpaDecision, HpaDirection, HpaReason, HpaRules
from ops.scaling.pods import Measurement, ObservedPod, PodGroup

VALID = "ValidMetricFound"


class HpaLook(NamedTuple):
    """What an autoscaler sees at a time.

    at: seconds since the case began.
    pods: how many there are of each.
    replicas: what somebody else has set before; None where it is as it was left.
    failed: resources without figures.
    """

    at: float
    pods: tuple[tuple[int, ObservedPod], ...]
    replicas: int | None = None
    failed: tuple[str, ...] = ()


class HpaCase(NamedTuple):
    """An autoscaler and what it sees. The first look has replicas."""

    rules: HpaRules
    looks: tuple[HpaLook, ...]


class Verdict(NamedTuple):
    """What both have to agree on at a look.

    stabilized: whether a window changed what was recommended; None where something was done, which hides it.
    """

    replicas: int
    reason: HpaReason
    utilization: Mapping[str, int]
    stabilized: bool | None


def theirs(program: Path, cases: Sequence[HpaCase]) -> list[list[Verdict]]:
    """The controller's verdicts."""
    lines = "\n".join(json.dumps(_case(case)) for case in cases)
    done = subprocess.run([program], input=lines, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(cases)
    return [_verdicts(case.looks, found) for case, found in zip(cases, answers, strict=True)]


def ours(case: HpaCase, *, grouped: bool = False) -> list[Verdict]:
    """Our own: pod by pod, or with those that are alike as a group."""
    rules = case.rules
    autoscaler, replicas, verdicts = HorizontalPodAutoscaler(rules), 0, []
    for look in case.looks:
        before = replicas if look.replicas is None else look.replicas
        pods: list[PodGroup | ObservedPod] = []
        for count, pod in look.pods:
            if grouped:
                pods.append(replace(pod.as_group(look.at, rules.initialization, rules.readiness_delay), count=count))
            else:
                pods += [pod] * count
        decision = autoscaler.decide(look.at, before, pods, look.failed)
        verdicts.append(verdict(before, decision))
        replicas = decision.replicas
    return verdicts


def verdict(before: int, decision: HpaDecision) -> Verdict:
    """Of a decision of ours."""
    changed = None if decision.replicas != before or decision.proposed is None else True
    return Verdict(
        decision.replicas,
        decision.reason,
        dict(decision.utilization),
        changed and decision.stabilized != decision.proposed,
    )


def _verdicts(looks: Sequence[HpaLook], found: Sequence[Mapping[str, Any]]) -> list[Verdict]:
    verdicts, replicas = [], 0
    for look, one in zip(looks, found, strict=True):
        before, replicas = (replicas if look.replicas is None else look.replicas), one["replicas"]
        conditions = one["conditions"]
        active, able = conditions.get("ScalingActive"), conditions["AbleToScale"]
        if active == VALID:
            reason = HpaReason(conditions["ScalingLimited"])
        elif active is not None:
            reason = HpaReason(active)
        else:
            # Outside of its bounds it looks at no metric, and gives no reason.
            reason = HpaReason.ABOVE_MAXIMUM if before > replicas else HpaReason.BELOW_MINIMUM
        stabilized = able.endswith("Stabilized") if active == VALID and able != "SucceededRescale" else None
        verdicts.append(Verdict(replicas, reason, one["utilization"], stabilized))
    return verdicts


def _case(case: HpaCase) -> dict[str, Any]:
    rules = case.rules
    spec: dict[str, Any] = {
        "minReplicas": rules.minimum,
        "maxReplicas": rules.maximum,
        "metrics": [
            {
                "type": "Resource",
                "resource": {
                    "name": metric.resource,
                    "target": {"type": "Utilization", "averageUtilization": metric.utilization},
                },
            }
            for metric in rules.metrics
        ],
    }
    ways = {"scaleUp": rules.up, "scaleDown": rules.down}
    if any(ways.values()):
        spec["behavior"] = {name: _direction(way) for name, way in ways.items() if way is not None}
    return {
        "spec": spec,
        "flags": {
            "tolerance": rules.tolerance,
            "downscaleWindow": rules.downscale_window,
            "initialization": rules.initialization,
            "readinessDelay": rules.readiness_delay,
        },
        "looks": [
            {
                "at": look.at,
                "replicas": look.replicas,
                "failed": look.failed,
                "pods": [_pod(count, pod) for count, pod in look.pods],
            }
            for look in case.looks
        ],
    }


def _direction(way: HpaDirection) -> dict[str, Any]:
    found: dict[str, Any] = {"selectPolicy": way.select.value}
    if way.window is not None:
        found["stabilizationWindowSeconds"] = way.window
    if way.tolerance is not None:
        found["tolerance"] = str(way.tolerance)
    if way.policies:
        found["policies"] = [
            {"type": policy.kind, "value": policy.value, "periodSeconds": policy.period} for policy in way.policies
        ]
    return found


def _pod(count: int, pod: ObservedPod) -> dict[str, Any]:
    return {
        "count": count,
        "phase": "Pending" if pod.pending else "Failed" if pod.failed else "Running",
        "deleted": pod.deleted,
        "started": pod.started,
        "ready": pod.ready,
        "readySince": pod.ready_since,
        "request": pod.request,
        "usage": {resource: _figure(figure) for resource, figure in pod.usage.items()},
    }


def _figure(figure: Measurement) -> dict[str, Any]:
    return {"value": figure.value, "at": figure.at, "window": figure.window}
