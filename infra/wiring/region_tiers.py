"""Builds one region, tier by tier: ingress, workload and alarms. Its network and its data tier exist already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from infra.components.compute.load_balancer import LoadBalancer
from infra.components.data.app_secret import AppSecret
from infra.components.observability.app_logs import AppLogs, AppLogsArgs
from infra.dns import Records
from infra.serving import ServingGroup
from infra.wiring.alarm_subjects import (
    of_balancer,
    of_certificate,
    of_instances,
    of_nat_gateways,
    of_targets,
    of_visitors,
)
from infra.wiring.alarms import (
    GateAlarms,
    RegionAlarms,
    Topics,
    Watched,
    alarm_topics,
    region_dashboard,
    watch,
)
from infra.wiring.data_tier import RegionData
from infra.wiring.ingress import ingress
from infra.wiring.instances import MACHINE_IMAGE, instances
from infra.wiring.jobs import application_tasks, database_tasks
from infra.wiring.networks import RegionNetwork
from infra.wiring.outside_checks import outside_checks
from infra.wiring.region_context import RegionContext
from infra.wiring.registry import registry_logins
from infra.wiring.rollout_outputs import rollout_outputs
from infra.wiring.target_groups import target_groups
from infra.wiring.workload_context import WorkloadContext

if TYPE_CHECKING:
    from infra.wiring.pods import Pods


@dataclass(frozen=True, kw_only=True)
class BuiltRegion:
    """Result of a region.

    alarms: result of its alarms tier.
    to_serve: autoscaling groups that have to serve before the update ends.
    log_bucket: name of its bucket for access logs and reports.
    host: host name of its load balancer, known once all autoscaling groups exist: it gets no visitors before.
    outputs: outputs of the region.
    """

    alarms: RegionAlarms
    to_serve: Sequence[ServingGroup]
    log_bucket: pulumi.Output[str]
    host: pulumi.Output[str]
    outputs: Mapping[str, pulumi.Input[object]]


def build_region(
    region: RegionContext,
    network: RegionNetwork,
    data: RegionData,
    secret: AppSecret,
    account_id: pulumi.Input[str],
    records: Records | None,
    front: Sequence[pulumi.Resource],
    target_key: pulumi.Input[str],
) -> BuiltRegion:
    """Declare the ingress, workload and alarms tiers of a region.

    Args:
        region: the region.
        network: its network.
        data: result of the data tier for the region.
        secret: the application's secret in the region.
        account_id: the AWS account.
        records: DNS provider of the domain; None where it is external.
        front: resources of the edge that have to exist before a DNS record is proxied.
        target_key: header value that a request needs to choose its target group.
    """
    topics = alarm_topics(region, account_id)
    entry = ingress(region, network, account_id, records, front, target_key)
    balancer, logins = entry.balancer, registry_logins(region)
    logs = AppLogs(f"{region.base}-app", AppLogsArgs(protect=region.protect), opts=region.options)
    users, targets = _watch_balancer(region, topics, balancer)
    workload = WorkloadContext(
        region=region,
        network=network,
        balancer=balancer,
        secret=secret,
        registry_logins=logins,
        data=data,
        logs=logs,
        gates=GateAlarms(users=users.gates, targets={name: one.gates for name, one in targets.items()}),
    )
    pods = _pods(workload)
    listener = balancer.listen(after=[*(pods.serving if pods else []), *balancer.admits])
    running = instances(workload)
    # Known once visitors may be sent here: not while nothing serves them.
    fleets = [fleet.group_name for fleet in running.fleets.values()]
    serving = pulumi.Output.all(listener.host, *fleets).apply(lambda known: str(known[0]))
    subjects = [
        *of_instances(region, running.groups, logs.name),
        of_certificate(region, entry.certificate_arn),
        *of_nat_gateways(network),
        *(pods.subjects if pods else ()),
        *database_tasks(workload, topics),
        *application_tasks(workload, topics),
        *data.subjects,
        *of_visitors(region, balancer, serving),
        *outside_checks(region, serving),
    ]
    watched = [users, *targets.values(), *(watch(region, topics, subject) for subject in subjects)]
    region_dashboard(region, watched)
    all_known = pulumi.Output.all(listener.host, *running.groups.values())
    return BuiltRegion(
        alarms=RegionAlarms(region=region.name, topics=topics, watched=watched),
        to_serve=running.to_serve,
        log_bucket=entry.log_bucket,
        host=all_known.apply(lambda known: str(known[0])),
        outputs={
            "loadBalancer": listener.host,
            "vpcId": network.vpc_id,
            "egressAddresses": pulumi.Output.all(*network.egress_addresses),
            **network.remembered,
            "autoscalingGroups": running.groups,
            MACHINE_IMAGE: running.image_id,
            "alarmTopics": {str(severity): arn for severity, arn in topics.items()},
            **(pods.outputs if pods else {}),
            "rollout": rollout_outputs(workload, listener, running.fleets),
        },
    )


def _watch_balancer(
    region: RegionContext, topics: Topics, balancer: LoadBalancer
) -> tuple[Watched, dict[str, Watched]]:
    """Declare the alarms of the load balancer, and of each of its target groups. Some of them stop a release."""
    users = watch(region, topics, of_balancer(region, balancer))
    subjects = of_targets(region, balancer, dict(target_groups(region.settings)))
    return users, {name: watch(region, topics, subject) for name, subject in subjects.items()}


def _pods(workload: WorkloadContext) -> Pods | None:
    """Declare what runs on Kubernetes."""
    region = workload.region
    if not region.runtime.on_kubernetes:
        return None
    # Imported here, as it imports a large SDK.
    from infra.wiring.pods import pods

    return pods(workload)
