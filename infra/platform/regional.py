"""One region: network, load balancer, and the fleets behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from infra.components.app_logs import AppLogs, AppLogsArgs
from infra.components.app_secret import AppSecret
from infra.components.certificate import Certificate, CertificateArgs
from infra.components.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.components.log_bucket import LogBucket, LogBucketArgs
from infra.dns import Records
from infra.platform.data import Data
from infra.platform.edge import clients
from infra.platform.instances import instances
from infra.platform.place import Place
from infra.platform.release import release
from infra.platform.site import site
from infra.platform.surroundings import Surroundings
from infra.platform.traffic import targets
from infra.settings import Settings


class Regional:
    """One region's part of the platform.

    site: its ground, which is there before anything else.
    """

    def __init__(self, settings: Settings, place: Place, key_arn: pulumi.Input[str]) -> None:
        self.site = site(settings, place, key_arn)
        self._settings = settings
        self._place = place
        self._base = place.base

    def build(
        self,
        account_id: pulumi.Input[str],
        records: Records | None,
        front: Sequence[pulumi.Resource],
        secret: AppSecret,
        data: Data,
    ) -> dict[str, pulumi.Input[object]]:
        """Declare the rest of the region. Returns its outputs. `front`: what a proxied record waits for."""
        balancer = self._balancer(account_id, records)
        if records is not None and self._place.primary:
            records.balancer(
                f"{self._base}-host",
                host=self._settings.domain.name,
                dns_name=balancer.dns_name,
                zone_id=balancer.zone_id,
                # Whoever the record sends here is already let in.
                opts=pulumi.ResourceOptions(parent=balancer, depends_on=[*balancer.admits, *front]),
            )
        around = Surroundings(
            settings=self._settings,
            place=self._place,
            network=self.site.network,
            vpc=str(self.site.vpc),
            balancer=balancer,
            secret=secret,
            key_arn=self.site.key_arn,
            data=data,
            logs=AppLogs(f"{self._base}-app", AppLogsArgs(protect=self._place.protect), opts=self._place.options),
        )
        serving, more = self._pods(around)
        host = balancer.listen(after=[*serving, *balancer.admits])
        running = instances(around)
        return {
            "loadBalancer": host,
            "vpcId": self.site.network.vpc_id,
            "egressAddresses": pulumi.Output.all(*self.site.network.egress_addresses),
            "autoscalingGroups": running.groups,
            "machineImage": running.image_id,
            **more,
            "rollout": release(around, running.fleets),
        }

    def _pods(self, around: Surroundings) -> tuple[list[pulumi.Resource], Mapping[str, pulumi.Input[object]]]:
        """What serves on Kubernetes, and the outputs of it."""
        if not self._settings.runtime.on_kubernetes:
            return [], {}
        # Only here, as it imports a large SDK.
        from infra.platform.pods import pods

        running = pods(around)
        return running.serving, running.outputs

    def _balancer(self, account_id: pulumi.Input[str], records: Records | None) -> LoadBalancer:
        logs = LogBucket(
            f"{self._base}-access-logs",
            LogBucketArgs(account_id=account_id, protect=self._place.protect),
            opts=self._place.options,
        )
        return LoadBalancer(
            self._base,
            LoadBalancerArgs(
                vpc_id=self.site.network.vpc_id,
                subnet_ids=self.site.network.public_subnet_ids,
                certificate_arn=self._certificate(records),
                log_bucket=logs.bucket,
                targets=dict(targets(self._settings, self._base if self._settings.makes_clusters else None)),
                clients=clients(self._settings),
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
