"""Wires the components, region by region and tier by tier. Only here it is decided what exists at which stage.

`RegionContext` says what a region is. Each tier is a function of it and of the results of the tiers below: network,
data, ingress, workload (instances and pods), alarms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pulumi

from infra.authoritative import HOME, WRITER
from infra.clients import Clients
from infra.config.settings import Settings
from infra.rotation import Turns
from infra.serving import ServingGroup
from infra.stages import Capability
from infra.wiring.account import account_id, apply_permissions_boundary
from infra.wiring.alarms import stack_alarms
from infra.wiring.app_secrets import app_secret
from infra.wiring.backup_copies import backup_copies
from infra.wiring.buckets import backfill
from infra.wiring.cache_engine import cache_engine
from infra.wiring.data_tier import data_tier
from infra.wiring.dns_records import dns_records
from infra.wiring.edge import edge, edge_certificate, edge_site_output
from infra.wiring.encryption import encryption_keys
from infra.wiring.endpoints import Endpoints, compared, given
from infra.wiring.engine_version import engine_version
from infra.wiring.existing_vpcs import existing_vpcs
from infra.wiring.global_traffic import global_traffic
from infra.wiring.home_region import refuse_home_change
from infra.wiring.networks import region_network
from infra.wiring.providers import aws_provider
from infra.wiring.proxies import ProxyGate
from infra.wiring.region_context import region_context
from infra.wiring.region_tiers import build_region
from infra.wiring.registry import repositories
from infra.wiring.rollback_check import ROLLOUT, refuse_rollback
from infra.wiring.rollout_outputs import applied
from infra.wiring.rotations import turns
from infra.wiring.stack_outputs import previous_outputs
from infra.wiring.zone_conflicts import refuse_foreign_rulesets


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """Result of the program.

    groups: autoscaling groups that have to serve before the update ends.
    turns: state of the password rotations.
    endpoints: endpoints that clients get.
    """

    groups: Sequence[ServingGroup]
    turns: Turns
    endpoints: Endpoints


def build(settings: Settings, clients: Clients | None = None) -> Built:
    """Declare everything that the settings ask for, and the stack's outputs.

    Args:
        settings: of the stack.
        clients: AWS clients, to ask when a proxy can be used; None to make no calls.

    Raises:
        pulumi.RunError: when the settings change the home region, undo a rollout or a failover, skip a rotation, or
            ask for an engine version that AWS cannot change to; when the credentials are of another account, the zone
            has rulesets of another owner, or an existing VPC does not fit.
    """
    outputs = previous_outputs()
    refuse_home_change(settings, outputs)
    refuse_rollback(settings, outputs, clients)
    rotations, engine = turns(settings, outputs), engine_version(settings, outputs)
    cache = cache_engine(settings, outputs)
    refuse_foreign_rulesets(settings)
    apply_permissions_boundary(settings)
    providers = {name: aws_provider(settings, name) for name in settings.regions}
    # Looked up in the region that takes the writes, as another one may be unreachable; the answer is the same.
    account = account_id(settings, providers[settings.writing_region])
    vpcs = existing_vpcs(settings, providers, outputs)
    key_arns = encryption_keys(settings, providers)
    listed = {
        name: region_context(settings, name, provider, key_arns[name], outputs) for name, provider in providers.items()
    }
    regions = [listed[name] for name in settings.active_regions]
    home = regions[0]
    networks = {region.name: region_network(region, vpcs.get(region.name)) for region in regions}
    previous_endpoints = given(settings, outputs)
    gate = ProxyGate(before=previous_endpoints, clients=clients)
    data = data_tier(regions, networks, rotations, engine, cache, gate)
    endpoints = compared(previous_endpoints, data.endpoints)
    secrets = {region.name: app_secret(region, data.regions[region.name]) for region in regions}
    if home.has(Capability.DATABASE_JOBS) and settings.jobs is None:
        pulumi.log.warn("no database jobs run: ascent:jobs.image is not set; docs/database.md says what they do")
    records = dns_records(settings)
    edge_certificate(settings)
    front = edge(settings, records, data.served)
    built = {
        region.name: build_region(
            region,
            networks[region.name],
            data.regions[region.name],
            secrets[region.name],
            account,
            records,
            front,
            data.target_key,
        )
        for region in regions
    }
    repositories(regions, account)
    global_traffic(regions, {name: one.host for name, one in built.items()}, front)
    copies = backfill(regions, data.stores, built[home.name].log_bucket)
    alarms = {name: one.alarms for name, one in built.items()}
    backups = backup_copies(listed, alarms[home.name].topics, account, clients)
    alarms[home.name] = replace(alarms[home.name], watched=[*alarms[home.name].watched, *backups.watched])
    stack_alarms(home, list(alarms.values()))
    if settings.edge.owner is not None:
        # At every stage, so that the owner's stack can write the rules before Cloudflare is in front.
        pulumi.export("edgeSite", edge_site_output(settings, data.served))
    pulumi.export("stage", settings.stage)
    pulumi.export("runtime", settings.runtime.value)
    pulumi.export("url", f"https://{settings.domain.name}")
    pulumi.export(HOME, settings.home)
    pulumi.export(WRITER, settings.writing_region)
    pulumi.export("data", data.outputs)
    pulumi.export("copies", copies)
    if backups.vaults:
        pulumi.export("backups", backups.vaults)
    pulumi.export("regions", {name: one.outputs for name, one in built.items()})
    pulumi.export("targetKey", data.target_key)
    # So that a rollout can go on from another machine, whose stack file does not have it.
    pulumi.export(ROLLOUT, applied(settings.rollout))
    groups = [
        replace(group, whole=rotations.under_way or region.name in endpoints.gone)
        for region in regions
        if region.has_visitors
        for group in built[region.name].to_serve
    ]
    return Built(groups=groups, turns=rotations, endpoints=endpoints)
