"""Whether the fleets serve: an update that ends well has been looked at.

The provider's own wait is off: it wants an exact number of instances, which autoscaling moves, and fails with the first
launch that fails. Here a group is fine once it has at least its minimum in service, whatever more it has, and however
often EC2 had to try. With less, but not nothing, the update ends with a warning.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pulumi

from infra.asking import answered
from infra.clients import Clients
from infra.thresholds import SERVING_PATIENCE, SERVING_POLL, SERVING_WAIT, Threshold

_REPLACED_WAIT = Threshold(
    7200, "seconds", "Ascent: thirty instances one after the other, with the pauses of the refresh's checkpoints"
)

# Amazon EC2 Auto Scaling API Reference, InstanceRefresh: what is not its end.
UNDER_WAY = ("Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking")
IN_SERVICE, HEALTHY = "InService", "healthy"
_RECENT = 5  # activities; the newest is often a further try
_BEFORE = timedelta(minutes=5)  # the group may be there for so long already, and clocks differ


@dataclass(frozen=True, kw_only=True)
class ServingGroup:
    """An autoscaling group to look at.

    name: its logical name. group_name: its name at AWS.
    target_group_arn: the target group that its instances have to be healthy in, or None for workers.
    least: instances that it should have at least.
    whole: wait until every instance is of this update: it deletes, or the next one ends, what the others still use.
    """

    name: str
    region: str
    group_name: pulumi.Input[str]
    target_group_arn: pulumi.Input[str] | None
    least: int
    whole: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What a group has.

    serving: instances that serve. old: instances of another version of the launch template than the group's.
    trouble: what EC2 Auto Scaling said last where a launch failed.
    """

    serving: int
    trouble: str
    old: int = 0


def look(clients: Clients, region: str, group: str, target_group: str | None, since: datetime) -> Seen:
    """Look at a group once. Launches that began before `since` are no trouble of this update.

    Raises:
        the errors of `infra.clients.faults`: when AWS does not answer.
    """
    scaling = clients("autoscaling", region)
    found = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
    there = {
        one["InstanceId"]
        for found_group in found
        for one in found_group["Instances"]
        if one["LifecycleState"] == IN_SERVICE and one["HealthStatus"].lower() == HEALTHY
    }
    if target_group is not None:
        states = clients("elbv2", region).describe_target_health(TargetGroupArn=target_group)
        there &= {
            one["Target"]["Id"] for one in states["TargetHealthDescriptions"] if one["TargetHealth"]["State"] == HEALTHY
        }
    old = sum(_version(one) != _version(found_group) for found_group in found for one in found_group["Instances"])
    return Seen(serving=len(there), trouble=_trouble(scaling, group, since), old=old)


def _version(described: Any) -> str:
    """Version of the launch template that a group asks for, or that an instance has."""
    mixed = described.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
    return str((described.get("LaunchTemplate") or mixed or {}).get("Version", ""))


def refresh(clients: Clients, region: str, group: str) -> str:
    """Status of a group's newest instance refresh, as EC2 Auto Scaling calls it; empty where there was none.

    Raises:
        the errors of `infra.clients.faults`: when AWS does not answer.
    """
    answer = clients("autoscaling", region).describe_instance_refreshes(AutoScalingGroupName=group, MaxRecords=1)
    found = answer["InstanceRefreshes"]
    return str(found[0]["Status"]) if found else ""


def _trouble(scaling: Any, group: str, since: datetime) -> str:
    """Why one of the last launches failed, or was given up; empty where none did."""
    activities = scaling.describe_scaling_activities(AutoScalingGroupName=group, MaxRecords=_RECENT)["Activities"]
    # EC2 Auto Scaling API Reference, DescribeScalingActivities: those of six weeks.
    failed = [one for one in activities if one["StatusCode"] in ("Failed", "Cancelled") and one["StartTime"] >= since]
    return str(failed[0].get("StatusMessage") or failed[0]["Description"]) if failed else ""


def wait(groups: Iterable[ServingGroup], clients: Clients) -> pulumi.Output[Sequence[bool]]:
    """Have the update end once all groups serve. In a preview, nothing is asked.

    Returns what is known once they do: of each, whether it was seen to.

    Raises:
        pulumi.RunError: later, by way of the engine, when a group has no instance that serves.
    """
    seen: list[pulumi.Output[bool]] = []
    for group in () if pulumi.runtime.is_dry_run() else groups:
        known: pulumi.Output[Sequence[str | None]] = pulumi.Output.all(group.group_name, group.target_group_arn)
        # Kept by the SDK, which waits for every output before the program ends.
        seen.append(known.apply(_waiting(group, clients)))
    return pulumi.Output.all(*seen)


def _waiting(group: ServingGroup, clients: Clients) -> Callable[[Sequence[str | None]], Awaitable[bool]]:
    return lambda known: _served(group, clients, str(known[0]), known[1])


async def _served(group: ServingGroup, clients: Clients, name: str, target_group: str | None) -> bool:
    """Wait until a group serves. Returns whether it was seen to."""
    began, since = time.monotonic(), datetime.now(UTC) - _BEFORE

    def ask() -> tuple[Seen, str]:
        seen = look(clients, group.region, name, target_group, since)
        return seen, refresh(clients, group.region, name) if group.whole else ""

    while True:
        found = await answered(ask, group.name, "whether it serves")
        if found is None:
            return False
        seen, status = found
        if seen.serving >= group.least and not (group.whole and seen.old):
            return True
        if seen.serving >= group.least:
            # A refresh that has ended, badly or before this update's begins, replaces no instance.
            limit = _REPLACED_WAIT if status in UNDER_WAY else SERVING_PATIENCE
            if time.monotonic() - began > limit.value:
                raise pulumi.RunError(_not_replaced(group, name, seen, status))
            pulumi.log.info(f"{group.name}: {seen.old} instances are still to be replaced", ephemeral=True)
            await asyncio.sleep(SERVING_POLL.value)
            continue
        told = f"{group.name} in {group.region}: {seen.serving} of {group.least} instances serve"
        # Where some serve and EC2 says what is in the way of more, such as a zone without capacity, waiting is in vain.
        limit = SERVING_PATIENCE if seen.serving and seen.trouble else SERVING_WAIT
        if time.monotonic() - began > limit.value:
            _judge(seen, f"{told} after {limit.value // 60} minutes. ")
            return False
        pulumi.log.info(f"{told}{f'; {seen.trouble}' if seen.trouble else ''}", ephemeral=True)
        await asyncio.sleep(SERVING_POLL.value)


def _not_replaced(group: ServingGroup, name: str, seen: Seen, status: str) -> str:
    return (
        f"{group.name} in {group.region}: {seen.old} instances have not been replaced, and have the passwords and "
        f"endpoints from before, which stay. The newest instance refresh is {status or 'none'}: see why with ascent "
        f"fleet, mend it, start it again with aws autoscaling start-instance-refresh --region {group.region} "
        f"--auto-scaling-group-name {name} --preferences SkipMatching=true, and run pulumi up again"
    )


def _judge(seen: Seen, told: str) -> None:
    """Say what came of it once the time is up."""
    text = told
    text += f"The last launch: {seen.trouble}. " if seen.trouble else "EC2 Auto Scaling names no failed launch. "
    if seen.serving:
        pulumi.log.warn(f"{text}EC2 goes on trying")
        return
    raise pulumi.RunError(
        f"{text}See why in the instances' console output and in /var/log/cloud-init-output.log, then run pulumi up "
        "again; what was made stays"
    )
