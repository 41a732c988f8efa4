"""What runs code: instances, scheduled tasks, and the nodes of a cluster."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from infra.capacity.nodes import PodNeed
from ops.cost.around import Around, CannotPriceError, PricedAmount, Rule, hours, known
from ops.cost.span import NOTHING, CostSpan, exactly, total
from ops.cost.usage import HOURS, JOB_MINUTES

if TYPE_CHECKING:
    from ops.engine.recorder import Recorded

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
HPA = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"
_DETAILED_METRICS = 7  # AWS EC2, detailed monitoring: metrics of an instance that are billed as custom ones
NODE_CPU = 2  # vCPUs of the instance type whose price stands for a node's
NODE_TYPES = ("c7g.large", "m7g.large")  # Auto Mode takes the cheapest instances: from compute to general purpose.
_NODE_USABLE = 0.8  # Ascent: kubelet and each node's agents take a fifth of a small node, or more
_SYSTEM_CPU = 2.0  # Ascent: what the cluster itself keeps running, at least one small node
AUTO_MODE_FEE = 0.12  # Amazon EKS pricing, Auto Mode examples: the fee compared to the instance's on-demand price
_NODE_DISK = 80  # GiB; AWS, EKS Auto Mode: ephemeral storage of a node by default
_DAYS = HOURS / 24
_MONTHS = 12
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")  # as EventBridge numbers them, from 1


def group(around: Around) -> Iterator[PricedAmount]:
    """An autoscaling group: instances between its bounds, part of them spot, each with a disk and its metrics."""
    least, most = (float(known(around.inputs.get(key), key)) for key in ("minSize", "maxSize"))
    count = around.scaled(*scaling(around), CostSpan(least, most))
    template = _template(around)
    mixed = around.inputs.get("mixedInstancesPolicy") or {}
    overrides = mixed.get("launchTemplate", {}).get("overrides") or [{}]
    type_ = overrides[0].get("instanceType") or known(template.get("instanceType"), "the instance type")
    shares = mixed.get("instancesDistribution") or {}
    base, above = float(shares.get("onDemandBaseCapacity", 0)), shares.get("onDemandPercentageAboveBaseCapacity", 100)
    steady = CostSpan(*(min(base, end) + max(end - base, 0) * above / 100 for end in (count.low, count.high)))
    spot = CostSpan(count.low - steady.low, count.high - steady.high)
    yield PricedAmount(f"ec2.{type_}", hours(steady), "on demand")
    if spot.high:
        yield PricedAmount(f"ec2.{type_}", hours(spot), "spot", CostSpan(1 - around.discount("spot"), 1))
    warm = around.inputs.get("warmPool") or {}
    kept = float(warm.get("minSize", 0))
    # A stopped instance of a warm pool costs only its disk. Running ones are no longer in the pool.
    stopped = CostSpan(max(kept, most - count.low), max(kept, most - count.high)) if warm else NOTHING
    for disk in template.get("blockDeviceMappings", ()):
        size = float(disk.get("ebs", {}).get("volumeSize", 0))
        yield PricedAmount("ec2.gp3", (count + stopped) * size, "disks")
    if template.get("monitoring", {}).get("enabled"):
        yield PricedAmount("cloudwatch.metric", count * _DETAILED_METRICS, "detailed monitoring")


def scaling(around: Around) -> tuple[str, str]:
    """What a group's size follows: its queue workers' jobs, or the requests of its color."""
    if around.kind("Workers"):
        return "workers", ""
    return "targets", f"ec2/{around.resource.name.rpartition('-')[2]}"


def _template(around: Around) -> dict[str, Any]:
    found = [one for one in around.here(TEMPLATE) if one.name == around.resource.name]
    return dict(found[0].inputs) if found else {}


def schedule(around: Around) -> Iterator[PricedAmount]:
    """A schedule: its invocations, and the Fargate task that each starts."""
    runs = runs_a_month(str(known(around.inputs.get("scheduleExpression"), "the schedule")))
    yield PricedAmount("scheduler.invocation", exactly(runs / 1e6))
    tasks = around.beside(TASK)
    if not tasks or not (around.inputs.get("target") or {}).get("ecsParameters"):
        return
    task = tasks[0].inputs
    chip = "arm" if (task.get("runtimePlatform") or {}).get("cpuArchitecture") == "ARM64" else "x86"
    lasts = JOB_MINUTES.span * (runs / 60)
    yield PricedAmount(f"fargate.{chip}-vcpu", lasts * (float(known(task.get("cpu"), "its CPU")) / 1024))
    yield PricedAmount(f"fargate.{chip}-gb", lasts * (float(known(task.get("memory"), "its memory")) / 1024))


def runs_a_month(expression: str) -> float:
    """How often a `cron()` or `rate()` of EventBridge Scheduler runs in a month of 730 hours.

    Raises:
        CannotPriceError: for another form.
    """
    rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    if rate:
        return HOURS * 60 / (int(rate[1]) * {"minute": 1, "hour": 60, "day": 1440}[rate[2]])
    cron = re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)", expression)
    if not cron:
        raise CannotPriceError(f"the schedule is no cron() or rate(): {expression}")
    minute, hour, day, month, weekday, _ = cron.groups()
    daily = _times(minute, 60) * _times(hour, 24) * _times(month, _MONTHS) / _MONTHS
    if weekday not in ("?", "*"):
        return daily * _times(weekday, 7) * _DAYS / 7
    return daily * (_DAYS if day in ("?", "*") else _times(day, 31))


def _times(field: str, most: int) -> float:
    if field in ("*", "?"):
        return most
    if field.startswith("*/"):
        return most / int(field.rpartition("/")[2])
    return sum(_within(part, most) for part in field.split(","))


def _within(part: str, most: int) -> int:
    """Times that a number or a range has, maybe with a step: 5, 1-5, 0-10/5, or 10/5 from there to the end."""
    ends, _, step = part.partition("/")
    numbers = [_number(one) for one in ends.split("-")]
    if step and len(numbers) == 1:
        numbers.append(most - 1)
    return (numbers[-1] - numbers[0]) // int(step or 1) + 1


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _WEEKDAYS.index(text) + 1


def cluster(around: Around) -> Iterator[PricedAmount]:
    """An EKS cluster: its control plane, and in Auto Mode the nodes that its pods need, with the fee on them."""
    yield PricedAmount("eks.cluster", hours())
    if not (around.inputs.get("computeConfig") or {}).get("enabled"):
        return
    needed = _nodes_cpu(around)
    limits = [_cpu((one.inputs.get("spec") or {}).get("limits", {}).get("cpu")) for one in around.everywhere(NODE_POOL)]
    most = min([needed.high, *(limit for limit in limits if limit)])
    nodes = CostSpan(min(needed.low, most), most) * (1 / NODE_CPU)
    cheap, dear = NODE_TYPES
    # At the most half of them are the dear ones, or as many as come on top of the least.
    cheapest = CostSpan(nodes.low, max(nodes.low, nodes.high / 2))
    yield PricedAmount(f"ec2.{cheap}", hours(cheapest), "nodes, compute type")
    yield PricedAmount(f"ec2.{dear}", hours(CostSpan(0, nodes.high - cheapest.high)), "nodes, general type")
    yield PricedAmount(f"ec2.{dear}", hours(nodes), "Auto Mode fee, a share of on-demand", exactly(AUTO_MODE_FEE))
    yield PricedAmount("ec2.gp3", nodes * _NODE_DISK, "disks of nodes")


def _nodes_cpu(around: Around) -> CostSpan:
    """vCPUs of the nodes that one cluster's pods need, between the bounds of their autoscalers.

    At least: nodes that are packed without a gap. At most: a node for each pod, one after the other.
    """
    clusters = max(len(around.everywhere(around.resource.type)), 1)
    bounds = {_name(one): around.scaled(*_pod_scaling(one), _bounds(one)) for one in around.everywhere(HPA)}
    spans = []
    for one in around.everywhere(DEPLOYMENT):
        spec = one.inputs.get("spec") or {}
        containers = spec.get("template", {}).get("spec", {}).get("containers") or []
        requests = [part.get("resources", {}).get("requests", {}) for part in containers]
        cpu, memory = (
            sum(_cpu(each.get("cpu")) for each in requests),
            sum(_mib(each.get("memory")) for each in requests),
        )
        count = bounds.get(_own_name(one)) or exactly(float(spec.get("replicas") or 1))
        alone = PodNeed(what=one.name, pods=math.ceil(count.high), cpu=cpu, memory=memory)
        low = count.low * cpu / _NODE_USABLE
        most = alone.nodes * alone.node.cpu if cpu and alone.node else 0
        spans.append(CostSpan(low, max(low, most)))
    return (total(spans) + exactly(_SYSTEM_CPU / _NODE_USABLE)) * (1 / clusters)


def _name(autoscaler: Recorded) -> str:
    return str(autoscaler.inputs.get("spec", {}).get("scaleTargetRef", {}).get("name"))


def _pod_scaling(autoscaler: Recorded) -> tuple[str, str]:
    name = _name(autoscaler)
    return ("workers", "") if name == "workers" else ("targets", f"kubernetes/{name}")


def _own_name(resource: Recorded) -> str:
    return str(resource.inputs.get("metadata", {}).get("name"))


def _bounds(autoscaler: Recorded) -> CostSpan:
    spec = autoscaler.inputs.get("spec") or {}
    return CostSpan(float(spec.get("minReplicas") or 1), float(spec.get("maxReplicas") or 1))


def _cpu(text: Any) -> float:
    """vCPUs of a Kubernetes quantity: `500m`, `2`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(m?)", str(text))
    return float(found[1]) / (1000 if found[2] else 1) if found else 0.0


def _mib(text: Any) -> int:
    """MiB of a Kubernetes quantity: `512Mi`, `1Gi`."""
    found = re.fullmatch(r"(\d+)(Mi|Gi)", str(text))
    return int(found[1]) * (1024 if found[2] == "Gi" else 1) if found else 1


RULES: dict[str, Rule] = {
    "aws:autoscaling/group:Group": group,
    "aws:scheduler/schedule:Schedule": schedule,
    "aws:eks/cluster:Cluster": cluster,
}
FREE = {
    TEMPLATE: "its instances are priced with their group",
    TASK: "its runs are priced with their schedule",
    "aws:autoscaling/lifecycleHook:LifecycleHook": "part of its group",
    "aws:autoscaling/policy:Policy": "scaling policies cost nothing",
    "aws:ecs/cluster:Cluster": "a Fargate cluster costs nothing but its tasks",
    "aws:eks/accessEntry:AccessEntry": "part of the cluster",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "part of the cluster",
    "aws:eks/addon:Addon": "AWS' own add-ons cost nothing",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": "part of the cluster",
}
