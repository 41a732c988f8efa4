"""Wires the components, region by region. The only place that asks whether a stage has something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.components.app_secret import AppSecret, AppSecretArgs
from infra.components.encryption_keys import EncryptionKeys, EncryptionKeysArgs
from infra.components.jobs import Jobs, JobsArgs
from infra.platform.data import Data, data_tier
from infra.platform.databases import DIRECT_URL
from infra.platform.edge import edge
from infra.platform.home import HOME, past, refuse_to_move
from infra.platform.place import place
from infra.platform.regional import Regional
from infra.platform.site import Site
from infra.platform.traffic import applied, records, repository
from infra.platform.watching import over_all
from infra.platform.world import traffic
from infra.schedules import JOBS
from infra.settings import Settings
from infra.stages import Capability


def build(settings: Settings) -> None:
    """Declare everything that the settings ask for, and the stack's outputs.

    Raises:
        pulumi.RunError: when the settings move the stack's home.
    """
    outputs = past()
    refuse_to_move(settings, outputs)
    listed = [place(settings, name, outputs) for name in settings.regions]
    primary, *others = listed
    keys = EncryptionKeys(
        f"{primary.base}-data",
        # KMS takes days to delete a replica, and refuses another one meanwhile. So every region that the stack lists
        # has one, also while its stage does not use the region.
        EncryptionKeysArgs(
            replicas={one.region.name: one.provider for one in others},
            guarded=[one.region.name for one in others if one.protect],
            protect=primary.protect,
        ),
        opts=primary.options,
    )
    key_arns = {primary.region.name: keys.arn, **keys.replica_arns}
    used = {one.region.name: one for one in listed if one.region.name in settings.active_regions}
    regions = {name: Regional(settings, one, key_arns[name]) for name, one in used.items()}
    tier = data_tier([one.site for one in regions.values()])
    secrets = {name: _secret(settings, one.site, tier.regions[name]) for name, one in regions.items()}
    _jobs(settings, regions[settings.writing_region].site, secrets[settings.writing_region])
    answers = records(settings)
    front = edge(settings, answers, tier.served)
    # Asked in the region that takes the writes, as another may be lost; the answer is the same everywhere.
    account = aws.get_caller_identity_output(opts=used[settings.writing_region].invoke).account_id
    built = {
        name: one.build(account, answers, front, secrets[name], tier.regions[name]) for name, one in regions.items()
    }
    traffic(settings, used, {name: _serving(one) for name, one in built.items()}, front)
    over_all(settings, primary, [one.watch for one in regions.values()])
    pulumi.export("stage", settings.stage)
    pulumi.export("runtime", settings.runtime.value)
    pulumi.export("url", f"https://{settings.domain.name}")
    pulumi.export(HOME, settings.home)
    pulumi.export("writer", settings.writing_region)
    pulumi.export("data", tier.outputs)
    pulumi.export("regions", built)
    # What was applied last, so that a rollout can be taken up on a machine whose stack file does not know of it.
    pulumi.export("rollout", applied(settings.rollout))


def _secret(settings: Settings, site: Site, data: Data) -> AppSecret:
    own = {name: pulumi.Output.secret(value.get_secret_value()) for name, value in settings.app_secrets.items()}
    return AppSecret(
        f"{site.base}-app",
        AppSecretArgs(key_arn=site.key_arn, values={**own, **data.secrets}, protect=site.place.protect),
        opts=site.place.options,
    )


def _serving(region: Mapping[str, Any]) -> pulumi.Output[str]:
    """Host name of a region's load balancer, known once something is behind it: no visitor is sent there before."""
    known = pulumi.Output.all(region["loadBalancer"], *region["autoscalingGroups"].values())
    return known.apply(lambda values: str(values[0]))


def _jobs(settings: Settings, site: Site, secret: AppSecret) -> None:
    """Database jobs, where the writes go alone: a schedule has one owner. Without instances, pods are it."""
    if not settings.row.has(Capability.DATABASE_JOBS):
        return
    if settings.jobs is None:
        pulumi.log.warn("no database jobs run: ascent:jobs.image is not set; docs/database.md says what they do")
        return
    if settings.background_on_pods:
        return
    image = settings.jobs.image
    Jobs(
        f"{site.base}-tasks",
        JobsArgs(
            region=site.name,
            image=image,
            repositories=[arn for arn in [repository(image)] if arn],
            secret_arn=secret.arn,
            secret_key=DIRECT_URL,
            key_arn=site.key_arn,
            vpc_id=site.network.vpc_id,
            subnet_ids=site.network.private_subnet_ids,
            jobs=JOBS,
        ),
        opts=pulumi.ResourceOptions(providers=[site.place.provider], depends_on=[secret]),
    )
