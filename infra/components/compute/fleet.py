"""One color's EC2 fleet in one region: a launch template and an autoscaling group behind a target group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import lifecycle, naming
from infra.components.compute.instance_template import METRICS, InstanceTemplate, InstanceTemplateArgs
from infra.thresholds import (
    ALL_ON_DEMAND,
    CPU_TARGET,
    INSTANCE_GRACE,
    INSTANCE_LIFETIME,
    INSTANCE_WARMUP,
    REFRESH_CHECKPOINTS,
    REFRESH_MAX_HEALTHY,
    REFRESH_MIN_HEALTHY,
    REFRESH_WAIT,
    REQUESTS_PER_TARGET,
    WARM_PREPARED,
    Threshold,
)
from infra.user_data import Container

_ON_DEMAND_WITH_SPOT = Threshold(50, "percent", "Ascent: of what is above the minimum, so no spot loss cuts into it")


@dataclass(frozen=True, kw_only=True)
class FleetArgs:
    """What a fleet needs.

    image_id: AMI of its instances, arm64.
    instance_types: in order of preference.
    minimum, maximum: bounds of the group, in instances. What lies between belongs to autoscaling.
    warm_pool: keep stopped instances that have already booted once. Not with spot or more than one instance type.
    spot: run half of the instances above the minimum on spot capacity.
    subnet_ids: private subnets, one per zone.
    vpc_id: their VPC.
    balancer_group_id: security group of the load balancer, which alone may reach the instances.
    balancer_suffix: ARN suffix of the load balancer.
    target_group: the color's target group.
    gates: names of the alarms that stop an instance refresh; AWS takes ten at most.
    profile_arn: instance profile.
    container: what the instances run, once it is known.
    port: where that listens.
    tags: put on instances and volumes, which do not take the provider's default tags.
    """

    image_id: pulumi.Input[str]
    instance_types: Sequence[str]
    minimum: int
    maximum: int
    warm_pool: bool
    spot: bool
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    balancer_group_id: pulumi.Input[str]
    balancer_suffix: pulumi.Input[str]
    target_group: aws.lb.TargetGroup
    gates: Sequence[pulumi.Input[str]]
    profile_arn: pulumi.Input[str]
    container: pulumi.Output[Container]
    port: int
    tags: Mapping[str, str]


class Fleet(pulumi.ComponentResource):
    """An autoscaling group.

    name: logical name of the fleet.
    group_name: name of the group at AWS.
    """

    def __init__(self, name: str, args: FleetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Create the fleet.

        Raises:
            ValueError: for a warm pool with spot or several instance types, which EC2 Auto Scaling refuses.
        """
        super().__init__(naming.token("Fleet"), name, None, opts)
        self._mixed = args.spot or len(args.instance_types) > 1
        if args.warm_pool and self._mixed:
            raise ValueError(f"{name}: a group has a warm pool or mixed instances, not both; choose one instance type")
        self.name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._tags = {**args.tags, "Name": name}
        group = self._group(self._template())
        lifecycle.hooked(name, group.name, ends=False, opts=self._child)
        self._scale(group)
        self.group_name = group.name
        self.register_outputs({"groupName": self.group_name})

    def _template(self) -> InstanceTemplate:
        name, args = self.name, self._args
        template = InstanceTemplate(
            name,
            InstanceTemplateArgs(
                image_id=args.image_id,
                instance_type=args.instance_types[0],
                vpc_id=args.vpc_id,
                profile_arn=args.profile_arn,
                container=args.container,
                tags=self._tags,
            ),
            opts=self._child,
        )
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=template.security_group_id,
            description="From the load balancer",
            referenced_security_group_id=args.balancer_group_id,
            ip_protocol="tcp",
            from_port=args.port,
            to_port=args.port,
            opts=self._child,
        )
        return template

    def _group(self, template: InstanceTemplate) -> aws.autoscaling.Group:
        args = self._args
        plain: aws.autoscaling.GroupLaunchTemplateArgsDict = {"id": template.id, "version": template.version}
        mixed: aws.autoscaling.GroupMixedInstancesPolicyArgsDict = {
            "launch_template": {
                "launch_template_specification": {
                    "launch_template_id": template.id,
                    "version": template.version,
                },
                "overrides": [{"instance_type": one} for one in args.instance_types],
            },
            "instances_distribution": {
                "on_demand_base_capacity": args.minimum,
                "on_demand_percentage_above_base_capacity": (
                    _ON_DEMAND_WITH_SPOT if args.spot else ALL_ON_DEMAND
                ).value,
                "on_demand_allocation_strategy": "prioritized",
                "spot_allocation_strategy": "price-capacity-optimized",
            },
        }
        warm: aws.autoscaling.GroupWarmPoolArgsDict = {
            "pool_state": "Stopped",
            "min_size": args.minimum,
            # Without it the pool is as many as the group may yet become: AWS, PutWarmPool.
            "max_group_prepared_capacity": args.minimum * WARM_PREPARED.value,
            "instance_reuse_policy": {"reuse_on_scale_in": True},
        }
        return aws.autoscaling.Group(
            self.name,
            min_size=args.minimum,
            max_size=args.maximum,
            # desired_capacity is not set: it belongs to the scaling policies, and an update must not undo them.
            vpc_zone_identifiers=args.subnet_ids,
            target_group_arns=[args.target_group.arn],
            health_check_type="ELB",
            health_check_grace_period=INSTANCE_GRACE.value,
            default_instance_warmup=INSTANCE_WARMUP.value,
            max_instance_lifetime=INSTANCE_LIFETIME.value,
            capacity_rebalance=args.spot,
            termination_policies=["OldestLaunchTemplate", "Default"],
            launch_template=None if self._mixed else plain,
            mixed_instances_policy=mixed if self._mixed else None,
            warm_pool=warm if args.warm_pool else None,
            instance_maintenance_policy={
                "min_healthy_percentage": REFRESH_MIN_HEALTHY.value,
                "max_healthy_percentage": REFRESH_MAX_HEALTHY.value,
            },
            initial_lifecycle_hooks=lifecycle.INITIAL,
            # The provider does not wait: when a bound changes, it would wait for an exact number of instances, while
            # autoscaling has another one (terraform-provider-aws issue 26230). infra/serving.py looks instead.
            wait_for_capacity_timeout="0",
            instance_refresh={
                "strategy": "Rolling",
                "preferences": {
                    "min_healthy_percentage": REFRESH_MIN_HEALTHY.value,
                    "max_healthy_percentage": REFRESH_MAX_HEALTHY.value,
                    "instance_warmup": str(INSTANCE_WARMUP.value),
                    "checkpoint_percentages": [checkpoint.value for checkpoint in REFRESH_CHECKPOINTS],
                    "checkpoint_delay": str(REFRESH_WAIT.value),
                    "skip_matching": True,
                    # It would go back to the template that the provider has just written, which is the one that failed
                    # (terraform-provider-aws issue 34189). Without it, EC2 stops, and says so.
                    "auto_rollback": False,
                    "alarm_specification": {"alarms": args.gates},
                },
            },
            enabled_metrics=METRICS,
            tags=[
                {"key": key, "value": value, "propagate_at_launch": False} for key, value in sorted(self._tags.items())
            ],
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=lifecycle.IGNORED),
        )

    def _scale(self, group: aws.autoscaling.Group) -> None:
        label = pulumi.Output.concat(self._args.balancer_suffix, "/", self._args.target_group.arn_suffix)
        aws.autoscaling.Policy(
            f"{self.name}-cpu",
            autoscaling_group_name=group.name,
            policy_type="TargetTrackingScaling",
            target_tracking_configuration={
                "target_value": float(CPU_TARGET.value),
                "predefined_metric_specification": {"predefined_metric_type": "ASGAverageCPUUtilization"},
            },
            opts=self._child,
        )
        aws.autoscaling.Policy(
            f"{self.name}-requests",
            autoscaling_group_name=group.name,
            policy_type="TargetTrackingScaling",
            target_tracking_configuration={
                "target_value": float(REQUESTS_PER_TARGET.value),
                "predefined_metric_specification": {
                    "predefined_metric_type": "ALBRequestCountPerTarget",
                    "resource_label": label,
                },
            },
            opts=self._child,
        )
