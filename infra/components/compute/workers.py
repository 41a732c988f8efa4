"""Queue workers: instances that take jobs, as many as the backlog asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import lifecycle, naming
from infra.components.compute.instance_template import METRICS, InstanceTemplate, InstanceTemplateArgs
from infra.thresholds import INSTANCE_GRACE, INSTANCE_LIFETIME, INSTANCE_WARMUP, REFRESH_MAX_HEALTHY
from infra.user_data import Container

_BACKLOG_PER_WORKER = 100  # messages/worker: at a second each, done in less than two minutes
_WORKER_MIN_HEALTHY = 50  # percent: half of the workers keep on during an instance refresh


@dataclass(frozen=True, kw_only=True)
class WorkersArgs:
    """What workers need.

    image_id: AMI, arm64.
    instance_type: their type.
    minimum, maximum: bounds, in instances.
    vpc_id, subnet_ids: the VPC, and its private subnets.
    profile_arn: instance profile.
    container: what they run, once it is known.
    queue_names: physical names of the queues they take jobs from.
    tags: put on instances and volumes.
    """

    image_id: pulumi.Input[str]
    instance_type: str
    minimum: int
    maximum: int
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    profile_arn: pulumi.Input[str]
    container: pulumi.Output[Container]
    queue_names: Mapping[str, pulumi.Input[str]]
    tags: Mapping[str, str]


class Workers(pulumi.ComponentResource):
    """An autoscaling group that follows the backlog.

    group_name: its name.
    """

    def __init__(self, name: str, args: WorkersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("Workers"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = {**args.tags, "Name": name}
        template = InstanceTemplate(
            name,
            InstanceTemplateArgs(
                image_id=args.image_id,
                instance_type=args.instance_type,
                vpc_id=args.vpc_id,
                profile_arn=args.profile_arn,
                container=args.container,
                tags=tags,
            ),
            opts=child,
        )
        group = aws.autoscaling.Group(
            name,
            min_size=args.minimum,
            max_size=args.maximum,
            vpc_zone_identifiers=args.subnet_ids,
            health_check_type="EC2",
            health_check_grace_period=INSTANCE_GRACE.value,
            default_instance_warmup=INSTANCE_WARMUP.value,
            max_instance_lifetime=INSTANCE_LIFETIME.value,
            initial_lifecycle_hooks=lifecycle.INITIAL,
            wait_for_capacity_timeout="0",
            launch_template={"id": template.id, "version": template.version},
            instance_refresh={
                "strategy": "Rolling",
                "preferences": {
                    # A job whose worker goes comes back to the queue, so a few fewer for a while do no harm.
                    "min_healthy_percentage": _WORKER_MIN_HEALTHY,
                    "max_healthy_percentage": REFRESH_MAX_HEALTHY.value,
                    "instance_warmup": str(INSTANCE_WARMUP.value),
                    "skip_matching": True,
                    # As with fleets.
                    "auto_rollback": False,
                },
            },
            enabled_metrics=METRICS,
            tags=[{"key": key, "value": value, "propagate_at_launch": False} for key, value in sorted(tags.items())],
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=lifecycle.IGNORED),
        )
        lifecycle.hooked(name, group.name, ends=True, opts=child)
        aws.autoscaling.Policy(
            f"{name}-backlog",
            autoscaling_group_name=group.name,
            policy_type="TargetTrackingScaling",
            target_tracking_configuration={
                "target_value": float(_BACKLOG_PER_WORKER),
                "customized_metric_specification": {"metrics": _backlog(group.name, args.queue_names)},
            },
            opts=child,
        )
        self.group_name = group.name
        self.register_outputs({"groupName": self.group_name})


Metric = aws.autoscaling.PolicyTargetTrackingConfigurationCustomizedMetricSpecificationMetricArgsDict


# Messages that wait, and those that workers are at: without the latter, the last jobs would be left without a worker.
_COUNTED = {"waiting": "ApproximateNumberOfMessagesVisible", "taken": "ApproximateNumberOfMessagesNotVisible"}


def _backlog(group: pulumi.Input[str], queues: Mapping[str, pulumi.Input[str]]) -> list[Metric]:
    """Jobs of all queues that are not done, divided by the instances there are; by one where there are none yet."""
    open_jobs = {
        f"{key}{index}": (metric, queue)
        for index, queue in enumerate(queues.values())
        for key, metric in _COUNTED.items()
    }
    metrics: list[Metric] = [
        _metric(identifier, "AWS/SQS", metric, "QueueName", queue, "Sum")
        for identifier, (metric, queue) in open_jobs.items()
    ]
    metrics.append(
        _metric("instances", "AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", group, "Average")
    )
    total = " + ".join(f"FILL({identifier}, 0)" for identifier in open_jobs)
    expression = f"({total}) / IF(FILL(instances, 0) > 0, instances, 1)"
    metrics.append({"id": "backlog", "expression": expression, "label": "Backlog per worker", "return_data": True})
    return metrics


def _metric(identifier: str, namespace: str, name: str, dimension: str, value: pulumi.Input[str], stat: str) -> Metric:
    return {
        "id": identifier,
        "return_data": False,
        "metric_stat": {
            "metric": {
                "namespace": namespace,
                "metric_name": name,
                "dimensions": [{"name": dimension, "value": value}],
            },
            "stat": stat,
        },
    }
