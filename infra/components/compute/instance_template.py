"""The launch template of instances that run the application's image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.security_groups import letting_out
from infra.thresholds import IMDS_HOPS
from infra.user_data import Container, encoded

_ROOT_VOLUME = 20  # GiB: AL2023 takes 2, two images of the app 4, logs are shipped

ROOT_DEVICE = "/dev/xvda"
# What a group of such instances publishes about itself, for scaling, alarms and dashboards.
METRICS = [
    aws.autoscaling.Metric.GROUP_DESIRED_CAPACITY,
    aws.autoscaling.Metric.GROUP_IN_SERVICE_INSTANCES,
    aws.autoscaling.Metric.GROUP_MAX_SIZE,
    aws.autoscaling.Metric.GROUP_PENDING_INSTANCES,
]


@dataclass(frozen=True, kw_only=True)
class InstanceTemplateArgs:
    """What instances need.

    image_id: AMI, arm64.
    instance_type: the type, where the group says no other.
    vpc_id: the VPC.
    profile_arn: instance profile.
    container: what the instances run, once it is known.
    tags: put on instances and volumes, which do not take the provider's default tags.
    """

    image_id: pulumi.Input[str]
    instance_type: str
    vpc_id: pulumi.Input[str]
    profile_arn: pulumi.Input[str]
    container: pulumi.Output[Container]
    tags: Mapping[str, str]


class InstanceTemplate(pulumi.ComponentResource):
    """A launch template, and the security group of its instances, which admits no client yet.

    id: the launch template.
    version: its newest version, as a number rather than $Latest, which starts no instance refresh and leaves nothing to
        roll back to.
    security_group_id: the instances' security group.
    """

    def __init__(self, name: str, args: InstanceTemplateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(naming.token("InstanceTemplate"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Out to anywhere: the application calls services that only its owners know.
        group = letting_out(
            name, vpc_id=args.vpc_id, description=f"Instances of {name}", rule="To anywhere", opts=child
        )
        template = aws.ec2.LaunchTemplate(
            name,
            image_id=args.image_id,
            instance_type=args.instance_type,
            iam_instance_profile={"arn": args.profile_arn},
            vpc_security_group_ids=[group.id],
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": IMDS_HOPS.value,
            },
            block_device_mappings=[
                {
                    "device_name": ROOT_DEVICE,
                    "ebs": {
                        "encrypted": "true",
                        "volume_size": _ROOT_VOLUME,
                        "volume_type": "gp3",
                        "delete_on_termination": "true",
                    },
                }
            ],
            monitoring={"enabled": True},
            user_data=args.container.apply(encoded),
            tag_specifications=[{"resource_type": one, "tags": {**args.tags}} for one in ("instance", "volume")],
            update_default_version=True,
            opts=child,
        )
        self.id = template.id
        self.version = template.latest_version.apply(str)
        self.security_group_id = group.id
        self.register_outputs({"id": self.id})
