"""The EC2 runtime of one region: a fleet per running color, and queue workers where the stage has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.components.fleet import Fleet, FleetArgs
from infra.components.fleet_role import FleetRole, FleetRoleArgs
from infra.components.workers import Workers, WorkersArgs
from infra.platform.place import Place
from infra.platform.surroundings import WEB, WORKER, Surroundings
from infra.platform.traffic import ECR, repository
from infra.stages import Capability
from infra.user_data import Container

# AWS publishes the newest Amazon Linux 2023 for arm64 under this name.
AMI_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"


@dataclass(frozen=True, kw_only=True)
class Instances:
    """The region's instances.

    fleets: fleet by color.
    groups: names of the autoscaling groups, workers included, by logical name.
    image_id: the machine image, None where there are no instances.
    """

    fleets: Mapping[str, Fleet]
    groups: Mapping[str, pulumi.Output[str]]
    image_id: pulumi.Output[str] | None


def instances(around: Surroundings) -> Instances:
    """Declare the region's instances.

    Raises:
        pulumi.RunError: when the region is lost before it was there.
    """
    if not around.settings.runtime.on_ec2:
        return Instances(fleets={}, groups={}, image_id=None)
    image_id = _image(around.place)
    fleets = dict(_fleets(around, image_id))
    groups = {fleet.name: fleet.group_name for fleet in fleets.values()}
    workers = around.settings.sizes.workers
    if workers is not None and around.place.writes:
        name = f"{around.place.base}-workers"
        groups[name] = _workers(around, name, image_id, workers.minimum, workers.maximum).group_name
    return Instances(fleets=fleets, groups=groups, image_id=image_id)


def _image(place: Place) -> pulumi.Output[str]:
    """The newest machine image at the time of the update, written into the launch template: one that resolves the
    parameter by itself cannot be rolled back to, and lets two instances of one version differ."""
    if place.last is None:
        return aws.ssm.get_parameter_output(name=AMI_PARAMETER, opts=place.invoke).value
    if not place.last.get("machineImage"):
        raise pulumi.RunError(
            f"Pulumi.{pulumi.get_stack()}.yaml: ascent:unreachable: given {place.region.name}; no update of this stack "
            "has built it yet, so there is nothing to keep. Remove it from ascent:regions and ascent:unreachable"
        )
    return pulumi.Output.from_input(str(place.last["machineImage"]))


def _fleets(around: Surroundings, image_id: pulumi.Input[str]) -> Iterator[tuple[str, Fleet]]:
    row, size = around.settings.row, around.settings.sizes.fleet
    role = _role(around, "fleet", around.statements(WEB))
    for color, image in around.images.items():
        fleet = Fleet(
            f"{around.place.base}-{color}",
            FleetArgs(
                image_id=image_id,
                instance_types=size.instance_types,
                minimum=size.minimum,
                maximum=size.maximum,
                warm_pool=row.has(Capability.WARM_POOL),
                spot=row.has(Capability.SPOT),
                vpc_id=around.network.vpc_id,
                subnet_ids=around.network.private_subnet_ids,
                balancer_group_id=around.balancer.security_group_id,
                balancer_suffix=around.balancer.arn_suffix,
                target_group=around.balancer.target_groups[f"{color}-ec2"],
                gates=around.gates.of(f"{color}-ec2"),
                profile_arn=role.profile_arn,
                container=_container(around, image, WEB),
                tags=naming.tags(pulumi.get_project(), pulumi.get_stack()),
            ),
            opts=around.options,
        )
        yield color, fleet


def _workers(around: Surroundings, name: str, image_id: pulumi.Input[str], minimum: int, maximum: int) -> Workers:
    role = _role(around, "workers", around.statements(WORKER))
    return Workers(
        name,
        WorkersArgs(
            image_id=image_id,
            instance_type=around.settings.sizes.fleet.instance_types[0],
            minimum=minimum,
            maximum=maximum,
            vpc_id=around.network.vpc_id,
            subnet_ids=around.network.private_subnet_ids,
            profile_arn=role.profile_arn,
            container=_container(around, around.worker_image, WORKER),
            queue_names=around.data.queues.names,
            tags=naming.tags(pulumi.get_project(), pulumi.get_stack()),
        ),
        opts=around.options,
    )


def _role(around: Surroundings, what: str, statements: Sequence[iam.Statement]) -> FleetRole:
    return FleetRole(
        f"{around.place.base}-{what}",
        FleetRoleArgs(
            region=around.place.region.name,
            secret_arn=around.secret.arn,
            key_arn=around.key_arn,
            repositories=sorted({arn for image in around.images.values() if (arn := repository(image))}),
            log_group_arn=around.logs.arn,
            statements=statements,
        ),
        opts=around.place.options,
    )


def _container(around: Surroundings, image: str, what: str) -> pulumi.Output[Container]:
    region, ecr = around.place.region.name, ECR.match(image)
    # Instances fetch the secret when they boot: a new version is a reason to refresh the fleet.
    environment = {**around.environment(what), "SECRET_VERSION": around.secret.version}
    return pulumi.Output.all(around.secret.arn, around.logs.name, pulumi.Output.all(**environment)).apply(
        lambda known: Container(
            image=image,
            region=region,
            registry=ecr["registry"] if ecr else None,
            registry_region=ecr["region"] if ecr else None,
            secret_arn=known[0],
            log_group=known[1],
            environment=known[2],
        )
    )
