"""One region: network, load balancer, and the fleets behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pulumi

from infra.components.compute.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.components.data.app_secret import AppSecret
from infra.components.edge.certificate import Certificate, CertificateArgs
from infra.components.network.existing_network import ExistingNetworkArgs
from infra.components.network.firewall import Firewall, FirewallArgs
from infra.components.observability.app_logs import AppLogs, AppLogsArgs
from infra.components.observability.log_bucket import LogBucket, LogBucketArgs
from infra.config.settings import Settings
from infra.dns import Records
from infra.edge.rules import Mode
from infra.stages import Capability
from infra.wiring.alarms import GateAlarms, Watch, of_balancer, of_region, of_targets, of_visitors
from infra.wiring.data import Data
from infra.wiring.edge import clients
from infra.wiring.instances import MACHINE_IMAGE, instances
from infra.wiring.jobs import own_tasks, tasks
from infra.wiring.outside import outside
from infra.wiring.place import Place
from infra.wiring.registry import log_ins
from infra.wiring.release import release
from infra.wiring.site import site
from infra.wiring.traffic import targets
from infra.wiring.workload_context import Surroundings

if TYPE_CHECKING:
    from infra.wiring.pods import Pods


class Regional:
    """One region's part of the platform.

    site: its ground, which is there before anything else.
    watch: the watch over it, once it is built.
    to_serve: autoscaling groups that an update should end with, once it is built.
    logs: name of its bucket for access logs and reports, once it is built.
    """

    def __init__(
        self, settings: Settings, place: Place, key_arn: pulumi.Input[str], existing: ExistingNetworkArgs | None
    ) -> None:
        self.site = site(settings, place, key_arn, existing)
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
        target_key: pulumi.Input[str],
    ) -> dict[str, pulumi.Input[object]]:
        """Declare the rest of the region. Returns its outputs.

        `front`: what a proxied record waits for. `target_key`: what a request has to know to choose its target group.
        """
        self.watch = Watch(self._settings, self._place, account_id)
        certificate = self._certificate(records)
        logs = self._logs(account_id)
        balancer = self._balancer(logs, certificate, target_key)
        if self._settings.firewall and not self._settings.row.has(Capability.EDGE_RULES):
            first, limit = next(iter(self._settings.described.limits.items()))
            Firewall(
                f"{self._base}-firewall",
                FirewallArgs(
                    balancer_arn=balancer.arn,
                    prefixes=limit.prefixes,
                    methods=limit.methods,
                    per_minute=self._settings.rate_limits[first],
                    counts=self._settings.firewall is Mode.LOG,
                ),
                opts=self._place.options,
            )
        if records is not None and self._place.primary:
            records.balancer(
                f"{self._base}-host",
                host=self._settings.domain.name,
                dns_name=balancer.dns_name,
                zone_id=balancer.zone_id,
                # Whoever the record sends here is already let in.
                opts=pulumi.ResourceOptions(parent=balancer, depends_on=[*balancer.admits, *front]),
            )
        logging_in = log_ins(self._settings, self._place, self.site.key_arn)
        around = Surroundings(
            settings=self._settings,
            place=self._place,
            network=self.site.network,
            vpc=str(self.site.vpc),
            balancer=balancer,
            secret=secret,
            key_arn=self.site.key_arn,
            log_ins=logging_in,
            data=data,
            logs=AppLogs(f"{self._base}-app", AppLogsArgs(protect=self._place.protect), opts=self._place.options),
            gates=self._gates(balancer),
        )
        pods = self._pods(around)
        host = balancer.listen(after=[*(pods.serving if pods else []), *balancer.admits])
        running = instances(around)
        self.to_serve = running.to_serve
        log_group = around.logs.name if self._settings.runtime.on_ec2 else None
        # As soon as visitors may be sent here, and not while there is nothing for them.
        fleets = [fleet.group_name for fleet in running.fleets.values()]
        serving = pulumi.Output.all(host, *fleets).apply(lambda known: str(known[0]))
        for subject in [
            *of_region(self._base, self.site.network, certificate, running.groups, log_group),
            *(pods.subjects if pods else ()),
            *tasks(self.site, secret, logging_in, data, self.watch.topics),
            *own_tasks(around, self.watch.topics),
            *data.subjects,
            *of_visitors(self._place, balancer, self._settings, serving),
            *outside(self._settings, self._place, serving),
        ]:
            self.watch.over(subject)
        self.watch.finish()
        return {
            "loadBalancer": host,
            "vpcId": self.site.network.vpc_id,
            "egressAddresses": pulumi.Output.all(*self.site.network.egress_addresses),
            **self.site.network.remembered,
            "autoscalingGroups": running.groups,
            MACHINE_IMAGE: running.image_id,
            "alarmTopics": {str(severity): arn for severity, arn in self.watch.topics.items()},
            **(pods.outputs if pods else {}),
            "rollout": release(around, running.fleets),
        }

    def _gates(self, balancer: LoadBalancer) -> GateAlarms:
        """Watch the load balancer. Returns the alarms that stop a release."""
        users = self.watch.over(of_balancer(self._base, balancer, self._settings))
        subjects = of_targets(self._base, balancer, dict(targets(self._settings)))
        return GateAlarms(users=users, targets={name: self.watch.over(subject) for name, subject in subjects.items()})

    def _pods(self, around: Surroundings) -> Pods | None:
        """What runs on Kubernetes."""
        if not self._settings.runtime.on_kubernetes:
            return None
        # Only here, as it imports a large SDK.
        from infra.wiring.pods import pods

        return pods(around)

    def _logs(self, account_id: pulumi.Input[str]) -> LogBucket:
        """The bucket for logs, and in it, where they are many, those of the network."""
        logs = LogBucket(
            f"{self._base}-access-logs",
            LogBucketArgs(account_id=account_id, region=self._place.region.name, protect=self._place.protect),
            opts=self._place.options,
        )
        self.logs = logs.bucket
        self.site.network.log_flows(logs.flows if self._settings.row.has(Capability.FLOWS_IN_BUCKET) else None)
        return logs

    def _balancer(
        self, logs: LogBucket, certificate_arn: pulumi.Input[str], target_key: pulumi.Input[str]
    ) -> LoadBalancer:
        return LoadBalancer(
            self._base,
            LoadBalancerArgs(
                vpc_id=self.site.network.vpc_id,
                subnet_ids=self.site.network.public_subnet_ids,
                certificate_arn=certificate_arn,
                log_bucket=logs.bucket,
                targets=dict(targets(self._settings, self._base if self._settings.makes_clusters else None)),
                clients=clients(self._settings),
                target_key=target_key,
                port=self._settings.described.port,
                health_path=self._settings.described.health_path,
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
