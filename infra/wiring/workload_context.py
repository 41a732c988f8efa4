"""What the workload of a region stands in, whether instances or pods run it, and what it may do there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra import iam
from infra.components.compute.load_balancer import LoadBalancer
from infra.components.data.app_secret import AppSecret
from infra.components.network.existing_network import ExistingNetwork
from infra.components.network.network import Network
from infra.components.observability.app_logs import AppLogs
from infra.config.settings import Settings
from infra.images import in_region
from infra.thresholds import CONNECTIONS_PER_WORKER
from infra.user_data import JOB, WEB
from infra.wiring.alarms import GateAlarms
from infra.wiring.data import Data
from infra.wiring.place import Place


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the workload of a region stands in.

    vpc: range of the network.
    key_arn: KMS key of the secret, in this region.
    log_ins: ARN by host of the secret that logs in at a registry other than ECR.
    logs: where instances write.
    gates: the alarms that stop a release.
    """

    settings: Settings
    place: Place
    network: Network | ExistingNetwork
    vpc: str
    balancer: LoadBalancer
    secret: AppSecret
    key_arn: pulumi.Input[str]
    log_ins: Mapping[str, pulumi.Output[str]]
    data: Data
    logs: AppLogs
    gates: GateAlarms

    @property
    def images(self) -> dict[str, str]:
        """Image of each running color, in this region."""
        colors, region = self.settings.rollout.colors, self.place.region.name
        return {
            color: in_region(self.settings, one.image, region) for color, one in colors.items() if one.image is not None
        }

    @property
    def worker_image(self) -> str:
        """Workers run the leading color, which a rollout changes once at most; QUEUE_URLS says what they take."""
        return self.images[self.settings.rollout.leading]

    @property
    def options(self) -> pulumi.ResourceOptions:
        """Nothing boots before there is a way out to fetch an image, and a value to fetch from the secret."""
        waits = [self.network, self.balancer, self.secret]
        return pulumi.ResourceOptions(providers=[self.place.provider], depends_on=waits)

    def environment(self, role: str) -> Mapping[str, pulumi.Input[str]]:
        """Environment variables that are no secrets, of the application as `web` or as `worker`."""
        application = self.settings.described
        return application.renamed(
            {
                **application.environment,
                **self.data.environment,
                "PORT": str(application.port),
                "AWS_REGION": self.place.region.name,
                "ROLE": role,
                **({"DB_POOL_MAX": str(CONNECTIONS_PER_WORKER.value)} if role == JOB else {}),
            }
        )

    def statements(self, role: str) -> list[iam.Statement]:
        """What the application may do at AWS: send jobs as `web`, take them as `worker`, use objects as both.

        The same whichever region takes the writes.
        """
        act = ["SendMessage"] if role == WEB else ["ChangeMessageVisibility", "DeleteMessage", "ReceiveMessage"]
        actions = sorted(f"sqs:{one}" for one in [*act, "GetQueueAttributes"])
        queues = self.data.queue_arns if role == WEB else self.data.queues.arns
        return [iam.allow(actions, queues), *self.data.objects]
