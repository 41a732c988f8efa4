"""The EC2 runtime of a region: a fleet for each running color, and queue workers where the stage has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import iam, naming
from infra.components.compute.fleet import Fleet, FleetArgs
from infra.components.compute.fleet_role import FleetRole, FleetRoleArgs
from infra.components.compute.workers import Workers, WorkersArgs
from infra.images import ECR, registry_of, repository
from infra.serving import ServingGroup
from infra.stages import Capability
from infra.user_data import WEB, WORKER, Container, ContainerRegistry
from infra.wiring.providers import all_tags
from infra.wiring.region_context import RegionContext, never_built
from infra.wiring.workload_context import WorkloadContext

# AWS publishes the newest Amazon Linux 2023 for arm64 under this name.
AMI_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"

# The output of a region that keeps the machine image of the last update.
MACHINE_IMAGE = "machineImage"


@dataclass(frozen=True, kw_only=True)
class Instances:
    """Result of the EC2 runtime of a region.

    fleets: fleet by color.
    groups: names of the autoscaling groups, workers included, by logical name.
    to_serve: autoscaling groups that have to serve before the update ends.
    image_id: the machine image; None where there are no instances.
    """

    fleets: Mapping[str, Fleet]
    groups: Mapping[str, pulumi.Output[str]]
    to_serve: Sequence[ServingGroup]
    image_id: pulumi.Output[str] | None


def instances(workload: WorkloadContext) -> Instances:
    """Declare the region's instances.

    Raises:
        pulumi.RunError: when the region is unreachable and was never built.
    """
    region, settings = workload.region, workload.region.settings
    if not settings.runtime.on_ec2:
        return Instances(fleets={}, groups={}, to_serve=(), image_id=None)
    image_id = _image(region)
    fleets = dict(_fleets(workload, image_id))
    sizes = settings.sizes
    to_serve = [
        ServingGroup(
            name=fleet.name,
            region=region.name,
            group_name=fleet.group_name,
            target_group_arn=workload.balancer.target_groups[f"{color}-ec2"].arn,
            least=sizes.fleet.minimum,
        )
        for color, fleet in fleets.items()
    ]
    workers = sizes.workers
    if workers is not None and region.is_standby:
        # In every standby region: a failover must not wait for IAM, whose control plane is in us-east-1 alone.
        role = _role(workload, "workers", workload.statements(WORKER))
        if region.takes_writes:
            name, least = f"{region.base}-workers", workers.minimum
            group = _workers(workload, name, image_id, role, least, workers.maximum).group_name
            to_serve.append(
                ServingGroup(name=name, region=region.name, group_name=group, target_group_arn=None, least=least)
            )
    groups = {one.name: pulumi.Output.from_input(one.group_name) for one in to_serve}
    return Instances(fleets=fleets, groups=groups, to_serve=to_serve, image_id=image_id)


def _image(region: RegionContext) -> pulumi.Output[str]:
    """Id of the machine image: the chosen one, or the newest at the time of the update.

    The id is written into the launch template. A template that resolves an SSM parameter by itself has no earlier image
    to return to, and two instances of one version could differ.

    The image stays the same during a rollout: with a newer one, each step and an abort would replace all instances of
    both colors.
    """
    settings = region.settings
    chosen, kept = settings.fleet.image_id, region.previous.get(MACHINE_IMAGE)
    if not region.is_unreachable:
        if chosen is not None and not chosen.startswith("/"):
            return pulumi.Output.from_input(chosen)
        if settings.rollout.progress is not None and kept:
            return pulumi.Output.from_input(str(kept))
        return aws.ssm.get_parameter_output(name=chosen or AMI_PARAMETER, opts=region.invoke).insecure_value
    if not kept:
        raise never_built(region.name)
    return pulumi.Output.from_input(str(kept))


def _fleets(workload: WorkloadContext, image_id: pulumi.Input[str]) -> Iterator[tuple[str, Fleet]]:
    region, settings = workload.region, workload.region.settings
    size = settings.sizes.fleet
    role = _role(workload, "fleet", workload.statements(WEB))
    for color, image in workload.images.items():
        fleet = Fleet(
            f"{region.base}-{color}",
            FleetArgs(
                image_id=image_id,
                instance_types=size.instance_types,
                minimum=size.minimum,
                maximum=size.maximum,
                warm_pool=region.has(Capability.WARM_POOL),
                spot=region.has(Capability.SPOT),
                vpc_id=workload.network.vpc_id,
                subnet_ids=workload.network.private_subnet_ids,
                balancer_group_id=workload.balancer.security_group_id,
                balancer_suffix=workload.balancer.arn_suffix,
                target_group=workload.balancer.target_groups[f"{color}-ec2"],
                gates=workload.gates.of(f"{color}-ec2"),
                profile_arn=role.profile_arn,
                container=_container(workload, image, WEB),
                port=settings.described.port,
                tags=all_tags(settings),
            ),
            opts=workload.options,
        )
        yield color, fleet


def _workers(
    workload: WorkloadContext, name: str, image_id: pulumi.Input[str], role: FleetRole, minimum: int, maximum: int
) -> Workers:
    settings = workload.region.settings
    size, queues = settings.sizes.fleet, workload.data.queues
    return Workers(
        name,
        WorkersArgs(
            image_id=image_id,
            instance_type=size.instance_types[0],
            minimum=minimum,
            maximum=maximum,
            vpc_id=workload.network.vpc_id,
            subnet_ids=workload.network.private_subnet_ids,
            profile_arn=role.profile_arn,
            container=_container(workload, workload.worker_image, WORKER),
            queue_names=queues.names,
            tags=all_tags(settings),
        ),
        opts=workload.options,
    )


def _role(workload: WorkloadContext, what: str, statements: Sequence[iam.Statement]) -> FleetRole:
    return FleetRole(
        f"{workload.region.base}-{what}",
        FleetRoleArgs(
            region=workload.region.name,
            secret_arn=workload.secret.arn,
            key_arn=workload.region.key_arn,
            repositories=sorted({arn for image in workload.images.values() if (arn := repository(image))}),
            log_group_arn=workload.logs.arn,
            group_tags=naming.tags(pulumi.get_project(), pulumi.get_stack()),
            statements=[*statements, *iam.read_also(workload.registry_logins.values())],
        ),
        opts=workload.region.options,
    )


def _container(workload: WorkloadContext, image: str, what: str) -> pulumi.Output[Container]:
    region = workload.region
    name, application = region.name, region.application
    ecr, host = ECR.match(image), registry_of(image)
    # Instances read the secret when they boot: a new version of it starts an instance refresh.
    environment = {**workload.environment(what), "SECRET_VERSION": workload.secret.version}
    login: pulumi.Input[str | None] = workload.registry_logins.get(host)
    all_known = pulumi.Output.all(workload.secret.arn, workload.logs.name, pulumi.Output.all(**environment), login)
    return all_known.apply(
        lambda known: Container(
            role=what,
            image=image,
            region=name,
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
