"""Mirrors fleets: launch templates, autoscaling groups with instances that are healthy, and pods behind a balancer.

A group whose template changes gets new instances at once, and has made an instance refresh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState, autoscaling_backends
from moto.core.types import Base64EncodedString
from moto.core.utils import utcnow
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.elbv2.models import elbv2_backends

from sandbox.aws.balancing import elb
from sandbox.aws.network import ec2
from sandbox.aws.things import ACCOUNT, Kind, Thing, api

GROUP = "aws:autoscaling/group:Group"
_TEMPLATE = ("imageId", "instanceType", "userData", "keyName", "monitoring", "metadataOptions", "iamInstanceProfile")


class MirroredGroup(FakeAutoScalingGroup):
    """An autoscaling group that remembers its instance refreshes, the newest first."""

    refreshes: list[dict[str, Any]]


class MirroredInstance(InstanceState):
    """An instance that keeps the version of the launch template that it was started with."""

    started: dict[str, Any]

    @property
    def launch_template(self) -> dict[str, Any]:
        """Its template, as the API shows it."""
        return self.started


def scaling(region: str) -> AutoScalingBackend:
    """moto's EC2 Auto Scaling of a region."""
    return autoscaling_backends[ACCOUNT][region]


def _put_template(thing: Thing) -> None:
    there = ec2(thing)
    data = {key[:1].upper() + key[1:]: api(thing.has[key]) for key in _TEMPLATE if key in thing.has}
    if "UserData" in data:
        data["UserData"] = Base64EncodedString(str(data["UserData"]))
    data["SecurityGroupIds"] = list(thing.has.get("vpcSecurityGroupIds") or [])
    one = there.launch_templates.get(thing.id)
    if one is None:
        one = LaunchTemplate(there, thing.name, data, "", {"launch-template": thing.plain_tags})
        one.id = thing.id
        there.launch_templates[thing.id] = one
        there.launch_template_name_to_ids[thing.name] = thing.id
        there.launch_template_insert_order.append(thing.id)
    newest = int(thing.has.get("latestVersion") or 1)
    while len(one.versions) < newest:
        one.create_version(data, "")
    one.versions[newest - 1].data = data
    one.default_version_number = int(thing.has.get("defaultVersion") or newest)


def _remove_template(thing: Thing) -> None:
    there = ec2(thing)
    if there.launch_templates.pop(thing.id, None):
        there.launch_template_name_to_ids.pop(thing.name, None)
        there.launch_template_insert_order.remove(thing.id)


def _specification(has: Mapping[str, Any]) -> dict[str, Any]:
    mixed = (has.get("mixedInstancesPolicy") or {}).get("launchTemplate", {}).get("launchTemplateSpecification")
    said = has.get("launchTemplate") or mixed or {}
    named = "id" if "id" in said else "launchTemplateId"
    return {"LaunchTemplateId": said.get(named), "Version": str(said.get("version") or "$Default")}


def _put_group(thing: Thing) -> None:
    there, has = scaling(thing.region), thing.has
    asked, mixed = _specification(has), api(has.get("mixedInstancesPolicy"))
    if mixed:
        mixed["LaunchTemplate"]["LaunchTemplateSpecification"] = dict(asked)
    # EC2 Auto Scaling keeps it within the limits; the world has what it was.
    wanted = min(max(int(has.get("desiredCapacity") or 0), int(has["minSize"])), int(has["maxSize"]))
    old = there.autoscaling_groups.get(thing.name)
    group = MirroredGroup(
        name=thing.name,
        availability_zones=[],
        desired_capacity=0,
        max_size=int(has["maxSize"]),
        min_size=int(has["minSize"]),
        launch_config_name="",
        launch_template={} if mixed else asked,
        vpc_zone_identifier=",".join(has.get("vpcZoneIdentifiers") or []),
        default_cooldown=int(has.get("defaultCooldown") or 300),
        health_check_period=int(has.get("healthCheckGracePeriod") or 300),
        health_check_type=has.get("healthCheckType"),
        load_balancers=[],
        target_group_arns=list(has.get("targetGroupArns") or []),
        placement_group=None,
        termination_policies=list(has.get("terminationPolicies") or []),
        autoscaling_backend=there,
        ec2_backend=ec2(thing),
        tags=[{**api(one), "ResourceId": thing.name} for one in has.get("tags") or []],
        mixed_instances_policy=mixed,
        capacity_rebalance=bool(has.get("capacityRebalance")),
    )
    group._id = thing.arn.partition(":autoScalingGroup:")[2].partition(":")[0]
    group.refreshes = []
    there.autoscaling_groups[thing.name] = group
    if isinstance(old, MirroredGroup):
        _taken_over(old, group, asked)
    _terminate(group, group.instance_states[wanted:])
    group.set_desired_capacity(wanted)
    _started(group, asked)
    if status := has.get("refreshStatus"):
        group.refreshes.insert(0, _refresh(thing.name, str(status)))


def _taken_over(old: MirroredGroup, group: MirroredGroup, asked: Mapping[str, Any]) -> None:
    """Keep the instances of before, or replace them where the template has another version now."""
    group.instance_states, group.refreshes = old.instance_states, old.refreshes
    for one in group.instance_states:
        one.instance.autoscaling_group = group  # type: ignore[attr-defined]
        one.auto_scaling_group = group
    states = [one for one in group.instance_states if isinstance(one, MirroredInstance)]
    if any(one.started["Version"] != asked["Version"] for one in states):
        _terminate(group, list(states))
        group.refreshes.insert(0, _refresh(group.name, "Successful"))


def _terminate(group: FakeAutoScalingGroup, states: Sequence[InstanceState]) -> None:
    """Remove instances. moto's own call would start others in their place, as after a failure."""
    ids = [one.instance.id for one in states]
    group.instance_states = [one for one in group.instance_states if one.instance.id not in ids]
    balancers = elbv2_backends[ACCOUNT][group.region]
    for arn in group.target_group_arns:
        for instance in ids if arn in balancers.target_groups else ():
            balancers.target_groups[arn].targets.pop(instance, None)
    if ids:
        group.ec2_backend.terminate_instances(ids)


def _started(group: MirroredGroup, asked: Mapping[str, Any]) -> None:
    """Have new instances keep their template's version."""
    template = group.ec2_launch_template
    for one in group.instance_states:
        if not isinstance(one, MirroredInstance):
            one.__class__ = MirroredInstance
            name = template.name if template is not None else ""
            vars(one)["started"] = {**asked, "LaunchTemplateName": name}


def _refresh(group: str, status: str) -> dict[str, Any]:
    now = utcnow()
    done = {"PercentageComplete": 100, "EndTime": now} if status == "Successful" else {"PercentageComplete": 50}
    return {
        "InstanceRefreshId": str(uuid4()),
        "AutoScalingGroupName": group,
        "Status": status,
        "StartTime": now,
        "InstancesToUpdate": 0 if status == "Successful" else 1,
        **done,
    }


def _remove_group(thing: Thing) -> None:
    there = scaling(thing.region)
    group = there.autoscaling_groups.pop(thing.name, None)
    if group is not None:
        _terminate(group, group.instance_states)


def _put_scaled(thing: Thing) -> None:
    there, has = applicationautoscaling_backends[ACCOUNT][thing.region], thing.has
    there.register_scalable_target(
        str(has["serviceNamespace"]),
        str(has["resourceId"]),
        str(has["scalableDimension"]),
        int(has["minCapacity"]),
        int(has["maxCapacity"]),
        str(has.get("roleArn")),
        {},  # type: ignore[arg-type]  # what the API sends is a structure
    )


def _remove_scaled(thing: Thing) -> None:
    found = applicationautoscaling_backends[ACCOUNT][thing.region].targets
    found.get(str(thing.has["scalableDimension"]), {}).pop(str(thing.has["resourceId"]), None)


def put_pods(thing: Thing) -> None:
    """Register the pods that a binding names with its target group: as many as the world says of their autoscaler."""
    group = elb(thing).target_groups.get(str((thing.has.get("spec") or {}).get("targetGroupARN")))
    if group is not None:
        group.targets.clear()
        group.register([{"Id": f"10.255.0.{index + 1}"} for index in range(int(thing.has["pods"]))])


KINDS = {
    "aws:ec2/launchTemplate:LaunchTemplate": Kind(_put_template, _remove_template),
    GROUP: Kind(_put_group, _remove_group),
    "aws:appautoscaling/target:Target": Kind(_put_scaled, _remove_scaled),
}
