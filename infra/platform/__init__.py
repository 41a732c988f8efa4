"""Wires the components, region by region. The only place that asks whether a stage has something."""

from __future__ import annotations

import pulumi

from infra.components.app_secret import AppSecret, AppSecretArgs
from infra.components.encryption_keys import EncryptionKeys, EncryptionKeysArgs
from infra.components.jobs import Jobs, JobsArgs
from infra.platform.data import DIRECT_URL, data_tier
from infra.platform.edge import edge
from infra.platform.place import Place, place
from infra.platform.regional import Regional
from infra.platform.traffic import applied, records, repository
from infra.schedules import JOBS
from infra.settings import Settings
from infra.stages import Capability


def build(settings: Settings) -> None:
    """Declare everything that the settings ask for, and the stack's outputs."""
    _say_what_is_planned(settings)
    listed = [place(settings, name) for name in settings.regions]
    primary, *others = listed
    keys = EncryptionKeys(
        f"{primary.base}-data",
        # KMS takes days to delete a replica, and refuses another one meanwhile. So every region that the stack lists
        # has one, also while its stage does not use the region.
        EncryptionKeysArgs(replicas={one.region.name: one.provider for one in others}, protect=primary.protect),
        opts=primary.options,
    )
    regions = [Regional(settings, one) for one in listed if one.region.name in settings.active_regions]
    home = regions[0]
    data = data_tier(settings, primary, home.network, home.cidr, keys)
    own = {name: pulumi.Output.secret(value.get_secret_value()) for name, value in settings.app_secrets.items()}
    secret = AppSecret(
        f"{primary.base}-app",
        AppSecretArgs(
            region=primary.region.name,
            key_arn=keys.arn,
            replica_key_arns={name: keys.replica_arns[name] for name in settings.active_regions[1:]},
            values={**own, **data.secrets},
            protect=primary.protect,
        ),
        opts=primary.options,
    )
    _jobs(settings, primary, home, keys, secret)
    answers = records(settings)
    front = edge(settings, answers, data.storage)
    pulumi.export("stage", settings.stage)
    pulumi.export("runtime", settings.runtime.value)
    pulumi.export("url", f"https://{settings.domain.name}")
    pulumi.export("primaryRegion", primary.region.name)
    pulumi.export("data", data.outputs)
    pulumi.export("regions", {one.name: one.build(answers, front, keys, secret, data) for one in regions})
    # What was applied last, so that a rollout can be taken up on a machine whose stack file does not know of it.
    pulumi.export("rollout", applied(settings.rollout))
    pulumi.export("planned", [capability.value for capability in settings.row.planned()])


def _jobs(settings: Settings, primary: Place, home: Regional, keys: EncryptionKeys, secret: AppSecret) -> None:
    """Database jobs, in the primary region alone: a schedule has one owner. Without instances, pods are it."""
    if not settings.row.has(Capability.DATABASE_JOBS):
        return
    if settings.jobs is None:
        pulumi.log.warn("no database jobs run: ascent:jobs.image is not set; docs/database.md says what they do")
        return
    if settings.background_on_pods:
        return
    image = settings.jobs.image
    Jobs(
        f"{primary.base}-tasks",
        JobsArgs(
            region=primary.region.name,
            image=image,
            repositories=[arn for arn in [repository(image)] if arn],
            secret_arn=secret.arn,
            secret_key=DIRECT_URL,
            key_arn=keys.arn,
            vpc_id=home.network.vpc_id,
            subnet_ids=home.network.private_subnet_ids,
            jobs=JOBS,
        ),
        opts=pulumi.ResourceOptions(providers=[primary.provider], depends_on=[secret]),
    )


def _say_what_is_planned(settings: Settings) -> None:
    names = ", ".join(capability.value for capability in settings.row.planned())
    if names:
        pulumi.log.warn(f"stage {settings.stage} is to have these too, and no component provides them yet: {names}")
