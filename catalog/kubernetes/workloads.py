"""Workloads, their autoscalers and their disruption budgets: what validation refuses beyond shapes and tables."""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Iterator

from catalog import paths
from catalog.constraints import Failure
from catalog.kubernetes import names, schedules
from catalog.kubernetes.quantities import amount
from catalog.kubernetes.reading import (
    at,
    each,
    forbidden,
    hidden,
    invalid,
    mapping,
    number,
    required,
    text,
    unsupported,
)
from catalog.kubernetes.tables import Rule, Rules
from catalog.values import Properties, has_unknown

_HOUR, _LONGEST_PERIOD = 3600, 1800  # seconds
_DEADLINE = 600  # seconds, where a Deployment does not say
_SOURCES = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
_TARGETS = ("AverageValue", "Utilization", "Value")


def _selector(bare: Properties) -> Iterator[Failure]:
    spec = mapping(bare, "spec")
    given = mapping(spec, "selector")
    wanted = mapping(given, "matchLabels")
    labels = mapping(mapping(mapping(spec, "template"), "metadata"), "labels")
    yield from names.selector("spec.selector", given)
    template = mapping(spec, "template")
    unknown = hidden(spec, "selector") or hidden(spec, "template") or hidden(template, "metadata")
    if unknown or has_unknown([given, mapping(template, "metadata").get("labels")]):
        return
    if not wanted and not given.get("matchExpressions"):
        kind = str(bare.get("kind", "")).lower()
        yield Failure("spec.selector", f"spec.selector: Invalid value: {{}}: empty selector is invalid for {kind}")
    if any(labels.get(key) != value for key, value in wanted.items()):
        where = "spec.template.metadata.labels"
        shown = json.dumps(labels, separators=(",", ":"))
        yield Failure(where, f"{where}: Invalid value: {shown}: `selector` does not match template `labels`")


def _restart_always(bare: Properties) -> Iterator[Failure]:
    spec = mapping(mapping(mapping(bare, "spec"), "template"), "spec")
    policy = text(spec, "restartPolicy")
    if policy not in (None, "Always"):
        yield unsupported("spec.template.spec.restartPolicy", str(policy), ("Always",))
    if spec.get("activeDeadlineSeconds") is not None:
        why = "activeDeadlineSeconds in ReplicaSet is not Supported"
        yield forbidden("spec.template.spec.activeDeadlineSeconds", why)


def _restart_no_job(base: str) -> Rule:
    def rule(bare: Properties) -> Iterator[Failure]:
        pod = paths.get(bare, base)
        if isinstance(pod, dict) and not hidden(pod, "restartPolicy"):
            policy = pod.get("restartPolicy")
            if policy not in ("OnFailure", "Never"):
                yield required(f"{base}.restartPolicy", 'valid values: "OnFailure", "Never"')

    return rule


def _strategy(bare: Properties) -> Iterator[Failure]:
    spec = mapping(bare, "spec")
    strategy = mapping(spec, "strategy")
    rolling = mapping(strategy, "rollingUpdate")
    where = "spec.strategy.rollingUpdate"
    if rolling and text(strategy, "type") == "Recreate":
        yield forbidden(where, "may not be specified when strategy `type` is 'Recreate'")
    for name in ("maxSurge", "maxUnavailable"):
        yield from names.share(at(where, name), rolling.get(name))
    if rolling.get("maxSurge") in (0, "0%") and rolling.get("maxUnavailable") in (0, "0%"):
        yield invalid(f"{where}.maxUnavailable", rolling["maxUnavailable"], "may not be 0 when `maxSurge` is 0")
    ready, deadline = number(spec, "minReadySeconds"), number(spec, "progressDeadlineSeconds")
    deadline = _DEADLINE if deadline is None and not hidden(spec, "progressDeadlineSeconds") else deadline
    if ready is not None and deadline is not None and deadline <= ready:
        yield invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def _claims(bare: Properties) -> Iterator[Failure]:
    for place, claim in each(mapping(bare, "spec"), "spec", "volumeClaimTemplates"):
        spec = mapping(claim, "spec")
        resources = mapping(spec, "resources")
        unknown = hidden(claim, "spec") or hidden(spec, "resources") or hidden(resources, "requests")
        if not unknown and "storage" not in mapping(resources, "requests"):
            yield required(f"{place}.spec.resources[storage]")


def _stateful(bare: Properties) -> Iterator[Failure]:
    spec = mapping(bare, "spec")
    policy, strategy = text(spec, "podManagementPolicy"), text(mapping(spec, "updateStrategy"), "type")
    if policy not in (None, "OrderedReady", "Parallel"):
        yield invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")
    if strategy not in (None, "RollingUpdate", "OnDelete"):
        yield invalid("spec.updateStrategy", strategy, "must be 'RollingUpdate' or 'OnDelete'")


def _bounds(bare: Properties) -> Iterator[Failure]:
    spec = mapping(bare, "spec")
    low, high = number(spec, "minReplicas"), number(spec, "maxReplicas")
    if low is not None and low < 1:
        yield invalid("spec.minReplicas", low, "must be greater than or equal to 1")
    if high is not None and high < 1:
        yield required("spec.maxReplicas", "must be set and greater than 0")
    if low is not None and high is not None and low > high:
        yield invalid("spec.maxReplicas", high, "must be greater than or equal to `minReplicas`")
    target = mapping(spec, "scaleTargetRef")
    for name in ("kind", "name"):
        if text(target, name) == "":
            yield required(f"spec.scaleTargetRef.{name}")
    if target and not hidden(target, "apiVersion") and not target.get("apiVersion"):
        yield invalid("spec.scaleTargetRef.apiVersion", "", "apiVersion must specify API group")


def _metrics(bare: Properties) -> Iterator[Failure]:
    for place, metric in each(mapping(bare, "spec"), "spec", "metrics"):
        kind = text(metric, "type")
        wanted = _SOURCES.get(kind or "")
        if wanted is None:
            continue
        for name in _SOURCES.values():
            if name != wanted and metric.get(name) is not None:
                yield forbidden(at(place, name), "must populate the given metric source only")
        if metric.get(wanted) is None:
            yield required(at(place, wanted), "must populate information for the given metric source")
        elif isinstance(metric[wanted], dict):
            yield from _target(kind or "", at(place, wanted), metric[wanted])


def _target(kind: str, where: str, source: Properties) -> Iterator[Failure]:
    of_resource = kind in ("Resource", "ContainerResource")
    if of_resource and text(source, "name") == "":
        yield required(at(where, "name"), "must specify a resource name")
    if not of_resource and text(mapping(source, "metric"), "name") == "":
        yield required(f"{where}.metric.name", "must specify a metric name")
    target = mapping(source, "target")
    if hidden(source, "target") or has_unknown(target):
        return
    where = at(where, "target")
    what = text(target, "type")
    if what is not None and what not in _TARGETS:
        yield invalid(at(where, "type"), what, "must be either Utilization, Value, or AverageValue")
    share = number(target, "averageUtilization")
    if share is not None and share < 1:
        yield invalid(at(where, "averageUtilization"), share, "must be greater than 0")
    for name in ("averageValue", "value"):
        worth = amount(target.get(name))
        if worth is not None and worth <= 0:
            yield invalid(at(where, name), str(target[name]), "must be positive")
    # A resource's target is a share or an amount per pod; any other's is an amount, in all or per pod.
    other = "averageUtilization" if of_resource else "value"
    if target.get("averageValue") is None and target.get(other) is None:
        missing = "averageUtilization" if of_resource else "averageValue"
        yield required(at(where, missing), f"must set either {_either(kind)}")
    if target.get("averageValue") is not None and target.get(other) is not None:
        yield forbidden(
            at(where, "averageValue" if of_resource else "value"), f"may not set both {_either(kind, ' and')}"
        )


def _either(kind: str, joint: str = " or") -> str:
    if kind in ("Resource", "ContainerResource"):
        return f"a target raw value{joint} a target utilization"
    return f"a target value for metric{joint} a per-pod target"


def _behavior(bare: Properties) -> Iterator[Failure]:
    behavior = mapping(mapping(bare, "spec"), "behavior")
    for name in ("scaleUp", "scaleDown"):
        rules, where = mapping(behavior, name), f"spec.behavior.{name}"
        window = number(rules, "stabilizationWindowSeconds")
        if window is not None and window < 0:
            yield invalid(at(where, "stabilizationWindowSeconds"), window, "must be greater than or equal to zero")
        if window is not None and window > _HOUR:
            yield invalid(at(where, "stabilizationWindowSeconds"), window, f"must be less than or equal to {_HOUR}")
        if rules.get("policies") == []:
            yield required(at(where, "policies"), "must specify at least one Policy")
        for place, policy in each(rules, where, "policies"):
            for field in ("value", "periodSeconds"):
                given = number(policy, field)
                if given is not None and given <= 0:
                    yield invalid(at(place, field), given, "must be greater than zero")
            period = number(policy, "periodSeconds")
            if period is not None and period > _LONGEST_PERIOD:
                yield invalid(at(place, "periodSeconds"), period, f"must be less than or equal to {_LONGEST_PERIOD}")
        tolerance = amount(rules.get("tolerance", "0"))
        if tolerance is not None and tolerance < 0:
            yield invalid(at(where, "tolerance"), str(rules["tolerance"]), "must be greater than or equal to 0")


def _disruption(bare: Properties) -> Iterator[Failure]:
    spec = mapping(bare, "spec")
    for name in ("minAvailable", "maxUnavailable"):
        yield from names.share(f"spec.{name}", spec.get(name))
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        yield Failure("spec", "spec: Invalid value: minAvailable and maxUnavailable cannot be both set")
    yield from names.selector("spec.selector", mapping(spec, "selector"))


def _cron(bare: Properties) -> Iterator[Failure]:
    spec = mapping(bare, "spec")
    schedule, zone = text(spec, "schedule"), text(spec, "timeZone")
    if schedule == "":
        yield required("spec.schedule")
    elif schedule is not None and (problem := schedules.problem(schedule)):
        yield invalid("spec.schedule", schedule, problem)
    if zone == "":
        yield invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string")
    elif zone is not None and zone.lower() == "local":
        why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        yield invalid("spec.timeZone", zone, why)
    elif zone is not None and not _is_zone(zone):
        yield invalid("spec.timeZone", zone, f"unknown time zone {zone}")
    if mapping(mapping(spec, "jobTemplate"), "spec").get("selector") is not None:
        where = "spec.jobTemplate.spec.selector"
        yield Failure(where, f"{where}: Invalid value: `selector` will be auto-generated")


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True


RULES: Rules = {
    "Deployment": (_selector, _restart_always, _strategy),
    "StatefulSet": (_selector, _restart_always, _claims, _stateful),
    "DaemonSet": (_selector, _restart_always),
    "ReplicaSet": (_selector, _restart_always),
    "HorizontalPodAutoscaler": (_bounds, _metrics, _behavior),
    "PodDisruptionBudget": (_disruption,),
    "CronJob": (_cron, _restart_no_job("spec.jobTemplate.spec.template.spec")),
    "Job": (_restart_no_job("spec.template.spec"),),
}
