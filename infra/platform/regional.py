"""One region: network, load balancer, and the fleets behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pulumi
import pulumi_aws as aws

from infra import naming
from infra.addressing import vpc_cidr
from infra.components.app_secret import AppSecret
from infra.components.certificate import Certificate, CertificateArgs
from infra.components.encryption_keys import EncryptionKeys
from infra.components.fleet import Fleet, FleetArgs
from infra.components.fleet_role import FleetRole, FleetRoleArgs
from infra.components.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.components.log_bucket import LogBucket, LogBucketArgs
from infra.components.network import Network, NetworkArgs
from infra.dns import Records
from infra.platform.place import Place
from infra.platform.traffic import ECR, repository, targets
from infra.settings import Settings
from infra.stages import Capability
from infra.thresholds import APP_PORT
from infra.user_data import Container

# AWS publishes the newest Amazon Linux 2023 for arm64 under this name.
AMI_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"


class Regional:
    """One region's part of the platform.

    name: the AWS region's name.
    cidr, network: its VPC's range, and the network, which is there before anything else.
    """

    def __init__(self, settings: Settings, place: Place) -> None:
        self.name = place.region.name
        self._settings = settings
        self._place = place
        self._base = place.base
        self.cidr = vpc_cidr(settings.network.cidr, place.region.slot)
        self.network = self._network()

    def build(
        self, records: Records | None, keys: EncryptionKeys, secret: AppSecret
    ) -> dict[str, pulumi.Input[object]]:
        """Declare the rest of the region. Returns its outputs."""
        balancer = self._balancer(records)
        if records is not None and self._place.primary:
            records.balancer(
                f"{self._base}-host",
                host=self._settings.domain.name,
                dns_name=balancer.dns_name,
                zone_id=balancer.zone_id,
                opts=pulumi.ResourceOptions(parent=balancer),
            )
        key_arn = keys.arn if self._place.primary else keys.replica_arns[self.name]
        groups = {fleet.name: fleet.group_name for fleet in self._fleets(balancer, key_arn, secret)}
        return {
            "loadBalancer": balancer.dns_name,
            "vpcId": self.network.vpc_id,
            "egressAddresses": pulumi.Output.all(*self.network.egress_addresses),
            "autoscalingGroups": groups,
        }

    def _network(self) -> Network:
        region = self._place.region
        return Network(
            self._base,
            NetworkArgs(
                region=region.name,
                cidr=self.cidr,
                zones=region.zone_names,
                zonal_egress=self._settings.row.has(Capability.ZONAL_EGRESS),
                protect=self._place.protect,
            ),
            opts=self._place.options,
        )

    def _balancer(self, records: Records | None) -> LoadBalancer:
        account = aws.get_caller_identity_output(opts=self._place.invoke)
        logs = LogBucket(
            f"{self._base}-access-logs",
            LogBucketArgs(account_id=account.account_id, protect=self._place.protect),
            opts=self._place.options,
        )
        return LoadBalancer(
            self._base,
            LoadBalancerArgs(
                vpc_id=self.network.vpc_id,
                subnet_ids=self.network.public_subnet_ids,
                certificate_arn=self._certificate(records),
                log_bucket=logs.bucket,
                targets=dict(targets(self._settings)),
                protect=self._place.protect,
            ),
            opts=self._place.options,
        )

    def _certificate(self, records: Records | None) -> pulumi.Input[str]:
        domain = self._settings.domain
        if records is None:
            return domain.certificate_arn or ""
        certificate = Certificate(
            self._base,
            CertificateArgs(
                domain=domain.name, records=records, prove=self._place.primary, protect=self._place.protect
            ),
            opts=self._place.options,
        )
        return certificate.arn

    def _fleets(self, balancer: LoadBalancer, key_arn: pulumi.Input[str], secret: AppSecret) -> Iterator[Fleet]:
        settings, row = self._settings, self._settings.row
        running = {color: one.image for color, one in settings.rollout.colors.items() if one.image is not None}
        if not settings.runtime.on_ec2:
            return
        secret_arn = secret.arn_in(self.name)
        role = FleetRole(
            f"{self._base}-fleet",
            FleetRoleArgs(
                region=self.name,
                secret_arn=secret_arn,
                key_arn=key_arn,
                repositories=sorted({arn for image in running.values() if (arn := repository(image))}),
                protect=self._place.protect,
            ),
            opts=self._place.options,
        )
        # The newest image at the time of the update, written into the launch template: one that resolves the parameter
        # by itself cannot be rolled back to, and lets two instances of one version differ.
        image_id = aws.ssm.get_parameter_output(name=AMI_PARAMETER, opts=self._place.invoke).value
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
                    vpc_id=self.network.vpc_id,
                    subnet_ids=self.network.private_subnet_ids,
                    balancer_group_id=balancer.security_group_id,
                    balancer_suffix=balancer.arn_suffix,
                    target_group=balancer.target_groups[f"{color}-ec2"],
                    profile_arn=role.profile_arn,
                    container=self._container(image, secret_arn, secret.version, role.log_group),
                    tags=naming.tags(pulumi.get_project(), pulumi.get_stack()),
                ),
                # Nothing boots before there is a way out to fetch an image, and a value to fetch from the secret.
                opts=pulumi.ResourceOptions(
                    providers=[self._place.provider], depends_on=[self.network, balancer, secret]
                ),
            )

    def _container(
        self,
        image: str,
        secret_arn: pulumi.Output[str],
        secret_version: pulumi.Output[str],
        log_group: pulumi.Output[str],
    ) -> pulumi.Output[Container]:
        ecr = ECR.match(image)
        return pulumi.Output.all(secret_arn, log_group, secret_version).apply(
            lambda known: Container(
                image=image,
                region=self.name,
                registry=ecr["registry"] if ecr else None,
                registry_region=ecr["region"] if ecr else None,
                secret_arn=known[0],
                log_group=known[1],
                environment={
                    "PORT": str(APP_PORT.value),
                    "AWS_REGION": self.name,
                    # Instances fetch the secret when they boot: a new version is a reason to refresh the fleet.
                    "SECRET_VERSION": known[2],
                },
            )
        )
