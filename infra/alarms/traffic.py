"""Rows about what serves requests: balancers, targets, fleets, pods, and their way in and out."""

from __future__ import annotations

from collections.abc import Mapping

from infra.alarms.model import NONE_AT_ALL, SLOW_PERIOD, Alarm, Chart, Kind, Metric, Missing, Severity
from infra.thresholds import (
    CERTIFICATE_DAYS,
    DAY_MINUTES,
    DAY_SECONDS,
    EGRESS_GB,
    ERROR_RATE,
    ERROR_RATE_HEALTHY,
    ERROR_RATE_HEALTHY_MINUTES,
    ERROR_RATE_MINUTES,
    FLEET_CPU,
    FLEET_FULL,
    FLEET_MEMORY,
    GATE_REQUESTS,
    LASTING_MINUTES,
    LATENCY_CRITICAL_MS,
    LATENCY_HEALTHY_MS,
    LATENCY_MINUTES,
    MONTH_DAYS,
    REQUESTS_PER_TARGET,
    UNHEALTHY_MINUTES,
    VISITS_SHARE,
    Threshold,
)

_FLEET_FULL_MINUTES = Threshold(15, "minutes", "Ascent: longer than a peak that one scaling step takes care of")
_REQUESTS_HIGH_MINUTES = Threshold(10, "minutes", "Ascent: twice what a new instance needs to take its share")
_GIGABYTE = 1_000_000_000  # bytes
_CERTIFICATE_DAYS_LAST = Threshold(7, "days", "Ascent: a working week to get another one")
_ONE_AT_LEAST = Threshold(1, "targets", "Ascent: without one, nobody answers")
_VISITS_MINUTES = Threshold(
    15, "minutes", "Ascent: three counts of 5 minutes; DNS and caches hold an outage up as long"
)

ELB, BALANCER, GROUP = "AWS/ApplicationELB", ("LoadBalancer",), ("LoadBalancer", "TargetGroup")
ASG = ("AutoScalingGroupName",)
PODS = ("ClusterName", "Namespace", "PodName")
INSIGHTS = "ContainerInsights"
AGENT = "the CloudWatch agent, which infra/user_data.py installs on every instance"
ADD_ON = "the amazon-cloudwatch-observability add-on of the cluster"

QUIET = Missing("notBreaching", "without traffic there is nothing to fail or to be slow")
GONE = Missing("missing", "a group without instances publishes nothing, which other alarms tell")

# Of the balancer's own errors, a 503 alone found no target, so only it is missing among the requests.
OUTCOMES = {
    "failed": Metric(ELB, "HTTPCode_Target_5XX_Count", "Sum", BALANCER),
    "refused": Metric(ELB, "HTTPCode_ELB_5XX_Count", "Sum", BALANCER),
    "unplaced": Metric(ELB, "HTTPCode_ELB_503_Count", "Sum", BALANCER),
    "requests": Metric(ELB, "RequestCount", "Sum", BALANCER),
}
TOTAL = "(FILL(requests, 0) + FILL(unplaced, 0))"
FAILED_SHARE = f"100 * (FILL(failed, 0) + FILL(refused, 0)) / {TOTAL}"

# What one target group did not answer. Where a target drops a connection or is too slow, the balancer answers 502 or
# 504 in its stead, and counts that by balancer and zone alone (Elastic Load Balancing, Application Load Balancers,
# "CloudWatch metrics for your Application Load Balancer"). By target group there are the requests for which a target
# was chosen, and the answers: without one there is no response time ("Access logs", target_processing_time is -1).
# Clients that leave are unanswered as well, and errors of another group are the balancer's as well: a group has lost at
# most the smaller of the two.
SERVED = {
    "requests": Metric(ELB, "RequestCount", "Sum", GROUP),
    "answers": Metric(ELB, "TargetResponseTime", "SampleCount", GROUP),
    "failed": Metric(ELB, "HTTPCode_Target_5XX_Count", "Sum", GROUP),
    "dropped": Metric(ELB, "HTTPCode_ELB_502_Count", "Sum", BALANCER),
    "late": Metric(ELB, "HTTPCode_ELB_504_Count", "Sum", BALANCER),
}
_UNANSWERED = "(requests - FILL(answers, 0))"
_STOOD_IN = "(FILL(dropped, 0) + FILL(late, 0))"
_LOST = f"IF({_UNANSWERED} > {_STOOD_IN}, {_STOOD_IN}, IF({_UNANSWERED} > 0, {_UNANSWERED}, 0))"
GROUP_FAILED_SHARE = f"100 * (FILL(failed, 0) + {_LOST}) / requests"


def failures(sums: Mapping[str, float]) -> int:
    """Failed requests of a target group, as `GROUP_FAILED_SHARE` counts them; `sums` are those of `SERVED`, by name."""
    unanswered = max(sums["requests"] - sums["answers"], 0)
    return int(sums["failed"] + min(unanswered, sums["dropped"] + sums["late"]))


def response_time(stat: str) -> dict[str, Metric]:
    """The time that targets take to answer, as one statistic of it, in seconds."""
    return {"seconds": Metric(ELB, "TargetResponseTime", stat, BALANCER)}


ROWS = (
    Alarm(
        name="errors",
        kind=Kind.BALANCER,
        panel="Errors, percent of requests",
        says="Requests fail with a server error",
        metrics=OUTCOMES,
        expression=f"IF({TOTAL} > 0, {FAILED_SHARE}, 0)",
        above=ERROR_RATE,
        lasting=ERROR_RATE_MINUTES,
        filled=True,
        missing=QUIET,
        severity=Severity.CRITICAL,
        procedure="high-error-rate",
    ),
    Alarm(
        name="errors-raised",
        kind=Kind.BALANCER,
        panel="Errors, percent of requests",
        says="More requests than usual fail with a server error",
        metrics=OUTCOMES,
        expression=f"IF({TOTAL} > 0, {FAILED_SHARE}, 0)",
        above=ERROR_RATE_HEALTHY,
        lasting=ERROR_RATE_HEALTHY_MINUTES,
        filled=True,
        missing=QUIET,
        severity=Severity.WARNING,
        procedure="high-error-rate",
    ),
    Alarm(
        name="latency",
        kind=Kind.BALANCER,
        panel="Response time p95, milliseconds",
        says="One request in twenty takes longer than users wait",
        metrics=response_time("p95"),
        expression="1000 * seconds",
        above=LATENCY_CRITICAL_MS,
        lasting=LATENCY_MINUTES,
        missing=QUIET,
        severity=Severity.CRITICAL,
        procedure="high-latency",
    ),
    Alarm(
        name="latency-raised",
        kind=Kind.BALANCER,
        panel="Response time p95, milliseconds",
        says="One request in twenty is slow",
        metrics=response_time("p95"),
        expression="1000 * seconds",
        above=LATENCY_HEALTHY_MS,
        lasting=LATENCY_MINUTES,
        missing=QUIET,
        severity=Severity.WARNING,
        procedure="high-latency",
    ),
    Alarm(
        name="none",
        kind=Kind.VISITED,
        panel="Requests in 5 minutes",
        says="Next to nobody comes: the name, its certificate, what is in front, or the way in is broken",
        metrics={"requests": Metric(ELB, "RequestCount", "Sum", BALANCER)},
        below=VISITS_SHARE,
        of="visits",
        period=SLOW_PERIOD,
        lasting=_VISITS_MINUTES,
        missing=Missing("breaching", "without a request nothing is published, and everything else here is quiet"),
        severity=Severity.CRITICAL,
        procedure="nobody-comes",
    ),
    Alarm(
        name="bandwidth",
        kind=Kind.EGRESS,
        panel="Egress, GB a month at the day's pace",
        says="At the pace of the last day, more leaves in a month than should without a CDN",
        metrics={"bytes": Metric(ELB, "ProcessedBytes", "Sum", BALANCER)},
        expression=f"bytes * {MONTH_DAYS.value} / {_GIGABYTE}",
        above=EGRESS_GB,
        period=DAY_SECONDS,
        lasting=DAY_MINUTES,
        missing=QUIET,
        severity=Severity.WARNING,
        procedure="storage-bandwidth",
    ),
    Alarm(
        name="errors",
        kind=Kind.TARGETS,
        panel="Errors by target group, percent of requests",
        says="A version fails its requests",
        metrics=SERVED,
        # One failure of a few requests says nothing of a version.
        expression=f"IF(requests >= {GATE_REQUESTS.value}, {GROUP_FAILED_SHARE}, 0)",
        above=ERROR_RATE,
        lasting=ERROR_RATE_MINUTES,
        filled=True,
        missing=Missing("notBreaching", "no traffic is the normal state of a version without weight"),
        # What all users see is the balancer's row. This one tells which version it is.
        severity=None,
        gate=True,
        procedure="high-error-rate",
    ),
    Alarm(
        name="unhealthy",
        kind=Kind.TARGETS,
        panel="Unhealthy targets",
        says="A target stays unhealthy",
        metrics={"unhealthy": Metric(ELB, "UnHealthyHostCount", "Minimum", GROUP)},
        above=NONE_AT_ALL,
        # Longer than a slow boot, which also counts as unhealthy, and shorter than the wait at a checkpoint.
        lasting=UNHEALTHY_MINUTES,
        missing=Missing("notBreaching", "a version without targets has none that are unhealthy"),
        severity=Severity.WARNING,
        gate=True,
        procedure="unhealthy-targets",
    ),
    Alarm(
        name="nobody",
        kind=Kind.SERVING,
        panel="Healthy targets with traffic",
        says="A version has traffic and no healthy target",
        metrics={"healthy": Metric(ELB, "HealthyHostCount", "Maximum", GROUP)},
        below=_ONE_AT_LEAST,
        lasting=UNHEALTHY_MINUTES,
        missing=Missing("breaching", "a target group without any target publishes nothing, and serves nobody"),
        severity=Severity.CRITICAL,
        procedure="unhealthy-targets",
    ),
    Alarm(
        name="requests",
        kind=Kind.SERVING,
        panel="Requests a minute and target",
        says="Each target takes more requests than autoscaling aims at: it does not keep up",
        metrics={"requests": Metric(ELB, "RequestCountPerTarget", "Sum", GROUP)},
        above=REQUESTS_PER_TARGET,
        lasting=_REQUESTS_HIGH_MINUTES,
        missing=QUIET,
        severity=Severity.WARNING,
        procedure="fleet-at-its-maximum",
    ),
    Alarm(
        name="full",
        kind=Kind.FLEET,
        panel="Instances, percent of the maximum",
        says="The group is at its maximum and cannot grow",
        metrics={
            "desired": Metric("AWS/AutoScaling", "GroupDesiredCapacity", "Maximum", ASG),
            "most": Metric("AWS/AutoScaling", "GroupMaxSize", "Minimum", ASG),
        },
        expression="100 * desired / most",
        above=FLEET_FULL,
        lasting=_FLEET_FULL_MINUTES,
        missing=GONE,
        severity=Severity.WARNING,
        procedure="fleet-at-its-maximum",
    ),
    Alarm(
        name="cpu",
        kind=Kind.FLEET,
        panel="CPU of instances, percent",
        says="Instances are busy beyond what autoscaling aims at",
        metrics={"cpu": Metric("AWS/EC2", "CPUUtilization", "Average", ASG)},
        above=FLEET_CPU,
        lasting=LASTING_MINUTES,
        missing=GONE,
        severity=Severity.WARNING,
        procedure="fleet-at-its-maximum",
    ),
    Alarm(
        name="memory",
        kind=Kind.FLEET,
        panel="Memory of instances, percent",
        says="Instances run short of memory",
        metrics={"memory": Metric("CWAgent", "mem_used_percent", "Average", ASG)},
        above=FLEET_MEMORY,
        lasting=LASTING_MINUTES,
        missing=GONE,
        severity=Severity.WARNING,
        procedure="memory-pressure",
        source=AGENT,
    ),
    Alarm(
        name="full",
        kind=Kind.PODS,
        panel="Pods",
        says="The autoscaler is at its maximum and cannot add pods",
        metrics={"desired": Metric(INSIGHTS, "replicas_desired", "Maximum", PODS)},
        above=FLEET_FULL,
        of="replicas",
        lasting=_FLEET_FULL_MINUTES,
        missing=GONE,
        severity=Severity.WARNING,
        procedure="fleet-at-its-maximum",
        source=ADD_ON,
    ),
    Alarm(
        name="memory",
        kind=Kind.PODS,
        panel="Memory of pods, percent of their limit",
        says="Pods run short of memory",
        metrics={"memory": Metric(INSIGHTS, "pod_memory_utilization_over_pod_limit", "Average", PODS)},
        above=FLEET_MEMORY,
        lasting=LASTING_MINUTES,
        missing=GONE,
        severity=Severity.WARNING,
        procedure="memory-pressure",
        source=ADD_ON,
    ),
    Alarm(
        name="cpu",
        kind=Kind.PODS,
        panel="CPU of pods, percent of their limit",
        says="Pods are busy beyond what autoscaling aims at",
        metrics={"cpu": Metric(INSIGHTS, "pod_cpu_utilization_over_pod_limit", "Average", PODS)},
        above=FLEET_CPU,
        lasting=LASTING_MINUTES,
        missing=GONE,
        severity=Severity.WARNING,
        procedure="fleet-at-its-maximum",
        source=ADD_ON,
    ),
    Alarm(
        name="ports",
        kind=Kind.NAT,
        panel="NAT: connections without a port",
        says="A NAT gateway has no port left for a connection, which then fails",
        metrics={"refused": Metric("AWS/NATGateway", "ErrorPortAllocation", "Sum", ("NatGatewayId",))},
        above=NONE_AT_ALL,
        lasting=LASTING_MINUTES,
        missing=Missing("notBreaching", "a gateway that nobody uses refuses nobody"),
        severity=Severity.WARNING,
        procedure="nat-ports",
    ),
    Alarm(
        name="expiry",
        kind=Kind.CERTIFICATE,
        panel="Certificate, days left",
        says="The certificate has not been renewed by itself",
        metrics={"days": Metric("AWS/CertificateManager", "DaysToExpiry", "Minimum", ("CertificateArn",))},
        below=CERTIFICATE_DAYS,
        period=DAY_SECONDS,
        lasting=DAY_MINUTES,
        missing=Missing("ignore", "published once a day: a day without is no news"),
        severity=Severity.WARNING,
        procedure="certificate-expiry",
    ),
    Alarm(
        name="expiry-near",
        kind=Kind.CERTIFICATE,
        panel="Certificate, days left",
        says="The certificate expires within days, and nobody can connect then",
        metrics={"days": Metric("AWS/CertificateManager", "DaysToExpiry", "Minimum", ("CertificateArn",))},
        below=_CERTIFICATE_DAYS_LAST,
        period=DAY_SECONDS,
        lasting=DAY_MINUTES,
        missing=Missing("ignore", "published once a day: a day without is no news"),
        severity=Severity.CRITICAL,
        procedure="certificate-expiry",
    ),
)

CHARTS = (
    Chart(
        panel="Requests",
        kind=Kind.BALANCER,
        metrics={
            "requests": Metric(ELB, "RequestCount", "Sum", BALANCER),
            "clients": Metric(ELB, "HTTPCode_Target_4XX_Count", "Sum", BALANCER),
            "servers": Metric(ELB, "HTTPCode_Target_5XX_Count", "Sum", BALANCER),
        },
    ),
    Chart(
        panel="Response time, seconds",
        kind=Kind.BALANCER,
        metrics={stat: Metric(ELB, "TargetResponseTime", stat, BALANCER) for stat in ("p50", "p95", "p99")},
    ),
    Chart(
        panel="Connections to the balancer",
        kind=Kind.BALANCER,
        metrics={
            "active": Metric(ELB, "ActiveConnectionCount", "Sum", BALANCER),
            "rejected": Metric(ELB, "RejectedConnectionCount", "Sum", BALANCER),
        },
    ),
    Chart(
        panel="Instances",
        kind=Kind.FLEET,
        metrics={
            "serving": Metric("AWS/AutoScaling", "GroupInServiceInstances", "Average", ASG),
            "starting": Metric("AWS/AutoScaling", "GroupPendingInstances", "Average", ASG),
        },
    ),
)
