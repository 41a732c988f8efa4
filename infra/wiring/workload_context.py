"""The context of a region's workload, on instances or in pods: what it runs with, and what it may do at AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra import iam
from infra.components.compute.load_balancer import LoadBalancer
from infra.components.data.app_secret import AppSecret
from infra.components.observability.app_logs import AppLogs
from infra.images import in_region
from infra.thresholds import CONNECTIONS_PER_WORKER
from infra.user_data import JOB, WEB
from infra.wiring.alarms import GateAlarms
from infra.wiring.data_tier import RegionData
from infra.wiring.networks import RegionNetwork
from infra.wiring.region_context import RegionContext


@dataclass(frozen=True, kw_only=True)
class WorkloadContext:
    """What the workload of a region runs with.

    region: the region.
    network, balancer: its network and its load balancer.
    secret: the application's secret in Secrets Manager.
    registry_logins: ARN of the secret with the login of each registry other than ECR, by host.
    data: result of the data tier for the region.
    logs: log group of the instances.
    gates: the alarms that stop a release.
    """

    region: RegionContext
    network: RegionNetwork
    balancer: LoadBalancer
    secret: AppSecret
    registry_logins: Mapping[str, pulumi.Output[str]]
    data: RegionData
    logs: AppLogs
    gates: GateAlarms

    @property
    def images(self) -> dict[str, str]:
        """Image of each running color, in this region."""
        settings = self.region.settings
        rollout = settings.rollout
        return {
            color: in_region(settings, one.image, self.region.name)
            for color, one in rollout.colors.items()
            if one.image is not None
        }

    @property
    def worker_image(self) -> str:
        """Image of the leading color, which a rollout changes once at most. QUEUE_URLS says what workers take."""
        settings = self.region.settings
        rollout = settings.rollout
        return self.images[rollout.leading]

    @property
    def options(self) -> pulumi.ResourceOptions:
        """Options of instances: they boot once an image can be pulled and the secret has a value."""
        return self.region.after(self.network, self.balancer, self.secret)

    def environment(self, role: str) -> Mapping[str, pulumi.Input[str]]:
        """Environment variables of the application that are not secret. `role` is `web`, `worker` or `job`."""
        region = self.region
        application = region.application
        return application.renamed(
            {
                **application.environment,
                **self.data.environment,
                "PORT": str(application.port),
                "AWS_REGION": region.name,
                "ROLE": role,
                **({"DB_POOL_MAX": str(CONNECTIONS_PER_WORKER.value)} if role == JOB else {}),
            }
        )

    def statements(self, role: str) -> list[iam.Statement]:
        """IAM statements of the application: `web` sends jobs to queues, `worker` receives them, both use objects.

        The same in every region, whichever takes the writes.
        """
        act = ["SendMessage"] if role == WEB else ["ChangeMessageVisibility", "DeleteMessage", "ReceiveMessage"]
        actions = sorted(f"sqs:{one}" for one in [*act, "GetQueueAttributes"])
        data = self.data
        queues = data.queues
        return [iam.allow(actions, data.queue_arns if role == WEB else queues.arns), *data.objects]
