"""Wires the components, region by region. The only place that asks whether a stage has something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from infra.clients import Clients
from infra.components.data.app_secret import AppSecret, AppSecretArgs
from infra.components.data.encryption_keys import EncryptionKeys, EncryptionKeysArgs
from infra.config.settings import Settings
from infra.rotation import Turns
from infra.serving import ServingGroup
from infra.stages import Capability
from infra.wiring.account import account_of, bounded
from infra.wiring.alarms import over_all
from infra.wiring.backups import backups
from infra.wiring.cache_engine import cache_engine
from infra.wiring.data import Data, data_tier
from infra.wiring.edge import certificate, edge, said_to_the_owner
from infra.wiring.endpoints import Endpoints, compared, given
from infra.wiring.engine_version import engine_version
from infra.wiring.existing import existing
from infra.wiring.foreign import refuse_foreign
from infra.wiring.going_back import ROLLOUT, WRITER, refuse_to_go_back
from infra.wiring.home import HOME, past, refuse_to_move
from infra.wiring.objects import backfill
from infra.wiring.place import place
from infra.wiring.proxies import Gate
from infra.wiring.regional import Regional
from infra.wiring.registry import repositories
from infra.wiring.rotations import turns
from infra.wiring.site import Site
from infra.wiring.traffic import applied, records
from infra.wiring.world import traffic


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """What an update ends with.

    groups: autoscaling groups that should serve then. turns: of the passwords. endpoints: what clients are given.
    """

    groups: Sequence[ServingGroup]
    turns: Turns
    endpoints: Endpoints


def build(settings: Settings, clients: Clients | None = None) -> Built:
    """Declare everything that the settings ask for, and the stack's outputs.

    Args:
        settings: of the stack.
        clients: of AWS' services, which say when a proxy can be used; None to ask nothing.

    Raises:
        pulumi.RunError: when the settings move the stack's home, undo a rollout or a failover, leave out a rotation, or
            ask for an engine that AWS does not go to; when the credentials are of another account, the zone has
            somebody else's rules, or a VPC that is there already is not as it should be.
    """
    outputs = past()
    refuse_to_move(settings, outputs)
    refuse_to_go_back(settings, outputs, clients)
    turned, engine = turns(settings, outputs), engine_version(settings, outputs)
    cached = cache_engine(settings, outputs)
    refuse_foreign(settings)
    bounded(settings)
    listed = [place(settings, name, outputs) for name in settings.regions]
    primary, *others = listed
    # Asked in the region that takes the writes, as another may be lost; the answer is the same everywhere.
    account = account_of(settings, next(one for one in listed if one.writes))
    used = {one.region.name: one for one in listed if one.region.name in settings.active_regions}
    there = existing(settings, used, outputs)
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
    regions = {name: Regional(settings, one, key_arns[name], there.get(name)) for name, one in used.items()}
    before = given(settings, outputs)
    gate = Gate(before=before, clients=clients)
    tier = data_tier([one.site for one in regions.values()], turned, engine, cached, gate)
    addresses = compared(before, tier.endpoints)
    secrets = {name: _secret(settings, one.site, tier.regions[name]) for name, one in regions.items()}
    if settings.row.has(Capability.DATABASE_JOBS) and settings.jobs is None:
        pulumi.log.warn("no database jobs run: ascent:jobs.image is not set; docs/database.md says what they do")
    answers = records(settings)
    certificate(settings)
    front = edge(settings, answers, tier.served)
    built = {
        name: one.build(account, answers, front, secrets[name], tier.regions[name], tier.target_key)
        for name, one in regions.items()
    }
    repositories(settings, used, account)
    traffic(settings, used, {name: _serving(one) for name, one in built.items()}, front)
    copies = backfill([one.site for one in regions.values()], tier.stores, regions[settings.home].logs)
    vaults = backups(
        settings, regions[settings.home], {one.region.name: one for one in listed}, key_arns, account, clients
    )
    over_all(settings, primary, [one.watch for one in regions.values()])
    if settings.edge.owner is not None:
        # At every stage, so that the owner's rules can be there before Cloudflare is in front.
        pulumi.export("edgeSite", said_to_the_owner(settings, tier.served))
    pulumi.export("stage", settings.stage)
    pulumi.export("runtime", settings.runtime.value)
    pulumi.export("url", f"https://{settings.domain.name}")
    pulumi.export(HOME, settings.home)
    pulumi.export(WRITER, settings.writing_region)
    pulumi.export("data", tier.outputs)
    pulumi.export("copies", copies)
    if vaults:
        pulumi.export("backups", vaults)
    pulumi.export("regions", built)
    pulumi.export("targetKey", tier.target_key)
    # What was applied last, so that a rollout can be taken up on a machine whose stack file does not know of it.
    pulumi.export(ROLLOUT, applied(settings.rollout))
    groups = [
        replace(group, whole=turned.under_way or name in addresses.gone)
        for name, one in regions.items()
        if name in settings.visited_regions
        for group in one.to_serve
    ]
    return Built(groups=groups, turns=turned, endpoints=addresses)


def _secret(settings: Settings, site: Site, data: Data) -> AppSecret:
    own = {name: pulumi.Output.secret(value.get_secret_value()) for name, value in settings.app_secrets.items()}
    values = settings.described.renamed({**own, **data.secrets})
    return AppSecret(
        f"{site.base}-app",
        AppSecretArgs(key_arn=site.key_arn, values=values, protect=site.place.protect),
        opts=site.place.options,
    )


def _serving(region: Mapping[str, Any]) -> pulumi.Output[str]:
    """Host name of a region's load balancer, known once something is behind it: no visitor is sent there before."""
    known = pulumi.Output.all(region["loadBalancer"], *region["autoscalingGroups"].values())
    return known.apply(lambda values: str(values[0]))
