"""The EC2 runtime of one region: a fleet per running color, and queue workers where the stage has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.components.compute.fleet import Fleet, FleetArgs
from infra.components.compute.fleet_role import FleetRole, FleetRoleArgs
from infra.components.compute.workers import Workers, WorkersArgs
from infra.config.settings import Settings
from infra.images import ECR, registry_of, repository
from infra.serving import ServingGroup
from infra.stages import Capability
from infra.user_data import WEB, WORKER, Container, ContainerRegistry
from infra.wiring.place import Place, all_tags
from infra.wiring.workload_context import Surroundings

# AWS publishes the newest Amazon Linux 2023 for arm64 under this name.
AMI_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"

# The output of a region that keeps the machine image of the last update.
MACHINE_IMAGE = "machineImage"


@dataclass(frozen=True, kw_only=True)
class Instances:
    """The region's instances.

    fleets: fleet by color.
    groups: names of the autoscaling groups, workers included, by logical name.
    to_serve: what an update should end with.
    image_id: the machine image, None where there are no instances.
    """

    fleets: Mapping[str, Fleet]
    groups: Mapping[str, pulumi.Output[str]]
    to_serve: Sequence[ServingGroup]
    image_id: pulumi.Output[str] | None


def instances(around: Surroundings) -> Instances:
    """Declare the region's instances.

    Raises:
        pulumi.RunError: when the region is lost before it was there.
    """
    if not around.settings.runtime.on_ec2:
        return Instances(fleets={}, groups={}, to_serve=(), image_id=None)
    image_id = _image(around.place, around.settings)
    fleets = dict(_fleets(around, image_id))
    region, least = around.place.region.name, around.settings.sizes.fleet.minimum
    to_serve = [
        ServingGroup(
            name=fleet.name,
            region=region,
            group_name=fleet.group_name,
            target_group_arn=around.balancer.target_groups[f"{color}-ec2"].arn,
            least=least,
        )
        for color, fleet in fleets.items()
    ]
    workers = around.settings.sizes.workers
    if workers is not None and around.place.standby:
        # Before it is needed: a failover must not wait for IAM, which is changed in us-east-1 alone.
        role = _role(around, "workers", around.statements(WORKER))
        if around.place.writes:
            name, least = f"{around.place.base}-workers", workers.minimum
            group = _workers(around, name, image_id, role, least, workers.maximum).group_name
            to_serve.append(
                ServingGroup(name=name, region=region, group_name=group, target_group_arn=None, least=least)
            )
    groups = {one.name: pulumi.Output.from_input(one.group_name) for one in to_serve}
    return Instances(fleets=fleets, groups=groups, to_serve=to_serve, image_id=image_id)


def _image(place: Place, settings: Settings) -> pulumi.Output[str]:
    """The machine image: the chosen one, or the newest at the time of the update. Its id is written into the launch
    template: one that resolves a parameter by itself cannot be gone back to, and lets two instances of one version
    differ.

    While a rollout is under way it stays what it was: a newer one would have each of its steps, and an abort, replace
    all instances of both colors.
    """
    chosen, kept = settings.fleet.image_id, place.before.get(MACHINE_IMAGE)
    if place.last is None:
        if chosen is not None and not chosen.startswith("/"):
            return pulumi.Output.from_input(chosen)
        if settings.rollout.progress is not None and kept:
            return pulumi.Output.from_input(str(kept))
        return aws.ssm.get_parameter_output(name=chosen or AMI_PARAMETER, opts=place.invoke).insecure_value
    if not kept:
        raise place.never_built()
    return pulumi.Output.from_input(str(kept))


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
                port=around.settings.described.port,
                tags=all_tags(around.settings),
            ),
            opts=around.options,
        )
        yield color, fleet


def _workers(
    around: Surroundings, name: str, image_id: pulumi.Input[str], role: FleetRole, minimum: int, maximum: int
) -> Workers:
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
            tags=all_tags(around.settings),
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
            group_tags=naming.tags(pulumi.get_project(), pulumi.get_stack()),
            statements=[*statements, *iam.read_also(around.log_ins.values())],
        ),
        opts=around.place.options,
    )


def _container(around: Surroundings, image: str, what: str) -> pulumi.Output[Container]:
    application = around.settings.described
    region, ecr, host = around.place.region.name, ECR.match(image), registry_of(image)
    # Instances fetch the secret when they boot: a new version is a reason to refresh the fleet.
    environment = {**around.environment(what), "SECRET_VERSION": around.secret.version}
    log_in: pulumi.Input[str | None] = around.log_ins.get(host)
    all_known = pulumi.Output.all(around.secret.arn, around.logs.name, pulumi.Output.all(**environment), log_in)
    return all_known.apply(
        lambda known: Container(
            role=what,
            image=image,
            region=region,
            registry=ContainerRegistry(host=host, region=ecr["region"] if ecr else None, secret_arn=known[3])
            if ecr or known[3]
            else None,
            secret_arn=known[0],
            log_group=known[1],
            environment=known[2],
            port=application.port,
            health_path=application.health_path,
        )
    )
