"""Wires the components, region by region. The only place that asks whether a stage has something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.addressing import vpc_cidr
from infra.components.app_secret import AppSecret, AppSecretArgs
from infra.components.certificate import Certificate, CertificateArgs
from infra.components.encryption_keys import EncryptionKeys, EncryptionKeysArgs
from infra.components.fleet import Fleet, FleetArgs
from infra.components.fleet_role import FleetRole, FleetRoleArgs
from infra.components.load_balancer import LoadBalancer, LoadBalancerArgs, Target
from infra.components.log_bucket import LogBucket, LogBucketArgs
from infra.components.network import Network, NetworkArgs
from infra.dns import CloudflareRecords, Records, Route53Records
from infra.regions import REGIONS
from infra.settings import WEIGHTS, Dns, Settings
from infra.stages import Capability
from infra.thresholds import APP_PORT
from infra.user_data import Container

# AWS publishes the newest Amazon Linux 2023 for arm64 under this name.
AMI_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
_ECR = re.compile(
    r"^(?P<registry>(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com)/(?P<path>[^:@]+)"
)


@dataclass(frozen=True, kw_only=True)
class _Region:
    """One region under construction: its base name, provider, and whether it is the primary."""

    name: str
    base: str
    provider: aws.Provider
    primary: bool

    @property
    def options(self) -> pulumi.ResourceOptions:
        """Options of a component in this region."""
        return pulumi.ResourceOptions(providers=[self.provider])


def build(settings: Settings) -> None:
    """Declare everything that the settings ask for, and the stack's outputs."""
    _say_what_is_planned(settings)
    project, stack = pulumi.get_project(), pulumi.get_stack()
    listed = [_region(settings, name, project, stack) for name in settings.regions]
    regions = [region for region in listed if region.name in settings.active_regions]
    primary = regions[0]
    # The secondary regions hold nothing that cannot be rebuilt from the primary, so only the primary is guarded. Keys
    # are the exception: KMS takes days to delete a replica, and refuses another one meanwhile. So every region that the
    # stack lists has one, also while its stage does not use the region.
    keys = EncryptionKeys(
        f"{primary.base}-data",
        EncryptionKeysArgs(replicas={region.name: region.provider for region in listed[1:]}, protect=settings.protect),
        opts=primary.options,
    )
    secret = AppSecret(
        f"{primary.base}-app",
        AppSecretArgs(
            region=primary.name,
            key_arn=keys.arn,
            replica_key_arns={region.name: keys.replica_arns[region.name] for region in regions[1:]},
            values={
                name: pulumi.Output.secret(value.get_secret_value()) for name, value in settings.app_secrets.items()
            },
            protect=settings.protect,
        ),
        opts=primary.options,
    )
    records = _records(settings)
    outputs = {region.name: _Regional(settings, region, records, keys, secret).build() for region in regions}
    pulumi.export("stage", settings.stage)
    pulumi.export("runtime", settings.runtime.value)
    pulumi.export("url", f"https://{settings.domain.name}")
    pulumi.export("primaryRegion", primary.name)
    pulumi.export("regions", outputs)
    pulumi.export("planned", [capability.value for capability in settings.row.planned()])


def _region(settings: Settings, name: str, project: str, stack: str) -> _Region:
    base = naming.regional(stack, name)
    provider = aws.Provider(base, region=name, default_tags={"tags": naming.tags(project, stack)})
    return _Region(name=name, base=base, provider=provider, primary=name == settings.regions[0])


def _say_what_is_planned(settings: Settings) -> None:
    names = [capability.value for capability in settings.row.planned()]
    if names:
        pulumi.log.warn(
            f"stage {settings.stage} is to have these too, and no component provides them yet: {', '.join(names)}"
        )


def _records(settings: Settings) -> Records | None:
    zone_id = settings.domain.zone_id
    if zone_id is None:
        return None
    if settings.domain.dns is Dns.ROUTE53:
        return Route53Records(zone_id)
    return CloudflareRecords(zone_id, proxied=settings.row.has(Capability.PROXIED_DNS))


class _Regional:
    """Builds one region."""

    def __init__(
        self, settings: Settings, region: _Region, records: Records | None, keys: EncryptionKeys, secret: AppSecret
    ) -> None:
        self._settings = settings
        self._region = region
        self._records = records
        self._key_arn = keys.arn if region.primary else keys.replica_arns[region.name]
        self._secret = secret
        self._protect = settings.protect and region.primary
        self._base = region.base

    def build(self) -> dict[str, pulumi.Input[object]]:
        """Declare the region. Returns its outputs."""
        network = self._network()
        balancer = self._balancer(network)
        if self._records is not None and self._region.primary:
            self._records.balancer(
                f"{self._base}-host",
                host=self._settings.domain.name,
                dns_name=balancer.dns_name,
                zone_id=balancer.zone_id,
                opts=pulumi.ResourceOptions(parent=balancer),
            )
        groups = {fleet.name: fleet.group_name for fleet in self._fleets(network, balancer)}
        return {
            "loadBalancer": balancer.dns_name,
            "vpcId": network.vpc_id,
            "egressAddresses": pulumi.Output.all(*network.egress_addresses),
            "autoscalingGroups": groups,
        }

    def _network(self) -> Network:
        settings, region = self._settings, REGIONS[self._region.name]
        return Network(
            self._base,
            NetworkArgs(
                region=region.name,
                cidr=vpc_cidr(settings.network.cidr, region.slot),
                zones=region.zone_names,
                zonal_egress=settings.row.has(Capability.ZONAL_EGRESS),
                protect=self._protect,
            ),
            opts=self._region.options,
        )

    def _balancer(self, network: Network) -> LoadBalancer:
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOptions(provider=self._region.provider))
        logs = LogBucket(
            f"{self._base}-access-logs",
            LogBucketArgs(account_id=account.account_id, protect=self._protect),
            opts=self._region.options,
        )
        return LoadBalancer(
            self._base,
            LoadBalancerArgs(
                vpc_id=network.vpc_id,
                subnet_ids=network.public_subnet_ids,
                certificate_arn=self._certificate(),
                log_bucket=logs.bucket,
                targets=dict(_targets(self._settings)),
                protect=self._protect,
            ),
            opts=self._region.options,
        )

    def _certificate(self) -> pulumi.Input[str]:
        domain = self._settings.domain
        if self._records is None:
            return domain.certificate_arn or ""
        certificate = Certificate(
            self._base,
            CertificateArgs(
                domain=domain.name, records=self._records, prove=self._region.primary, protect=self._protect
            ),
            opts=self._region.options,
        )
        return certificate.arn

    def _fleets(self, network: Network, balancer: LoadBalancer) -> Iterator[Fleet]:
        settings, row = self._settings, self._settings.row
        running = {color: one.image for color, one in settings.rollout.colors.items() if one.image is not None}
        if not settings.runtime.on_ec2:
            return
        provider = self._region.provider
        secret_arn = self._secret.arn_in(self._region.name)
        role = FleetRole(
            f"{self._base}-fleet",
            FleetRoleArgs(
                region=self._region.name,
                secret_arn=secret_arn,
                key_arn=self._key_arn,
                repositories=sorted({arn for image in running.values() if (arn := _repository(image))}),
                protect=self._protect,
            ),
            opts=self._region.options,
        )
        # The newest image at the time of the update, written into the launch template: one that resolves the parameter
        # by itself cannot be rolled back to, and lets two instances of one version differ.
        image_id = aws.ssm.get_parameter_output(name=AMI_PARAMETER, opts=pulumi.InvokeOptions(provider=provider)).value
        size = settings.sizes.fleet
        for color, image in running.items():
            yield Fleet(
                f"{self._base}-{color}",
                FleetArgs(
                    image_id=image_id,
                    instance_types=size.instance_types,
                    minimum=size.minimum,
                    maximum=size.maximum,
                    warm_pool=row.has(Capability.WARM_POOL),
                    spot=row.has(Capability.SPOT),
                    vpc_id=network.vpc_id,
                    subnet_ids=network.private_subnet_ids,
                    balancer_group_id=balancer.security_group_id,
                    balancer_suffix=balancer.arn_suffix,
                    target_group=balancer.target_groups[f"{color}-ec2"],
                    profile_arn=role.profile_arn,
                    container=self._container(image, secret_arn, role.log_group),
                    tags=naming.tags(pulumi.get_project(), pulumi.get_stack()),
                ),
                # Nothing boots before there is a way out to fetch an image, and a value to fetch from the secret.
                opts=pulumi.ResourceOptions(providers=[provider], depends_on=[network, balancer, self._secret]),
            )

    def _container(
        self, image: str, secret_arn: pulumi.Output[str], log_group: pulumi.Output[str]
    ) -> pulumi.Output[Container]:
        ecr = _ECR.match(image)
        return pulumi.Output.all(secret_arn, log_group).apply(
            lambda known: Container(
                image=image,
                region=self._region.name,
                registry=ecr["registry"] if ecr else None,
                registry_region=ecr["region"] if ecr else None,
                secret_arn=known[0],
                log_group=known[1],
                environment={"PORT": str(APP_PORT.value), "AWS_REGION": self._region.name},
            )
        )


def _targets(settings: Settings) -> Iterator[tuple[str, Target]]:
    """Target group by name: each color on each runtime, the weight of the color shared between the runtimes."""
    runtime, rollout = settings.runtime, settings.rollout
    on_pods = rollout.kubernetes_share if runtime.on_ec2 else WEIGHTS
    for color, one in rollout.colors.items():
        if runtime.on_ec2:
            yield f"{color}-ec2", Target(kind="instance", weight=one.weight * (WEIGHTS - on_pods) // WEIGHTS)
        if runtime.on_kubernetes:
            yield f"{color}-k8s", Target(kind="ip", weight=one.weight * on_pods // WEIGHTS)


def _repository(image: str) -> str | None:
    """ARN of the private ECR repository of `image`, or None where it comes from elsewhere."""
    ecr = _ECR.match(image)
    return f"arn:aws:ecr:{ecr['region']}:{ecr['account']}:repository/{ecr['path']}" if ecr else None
