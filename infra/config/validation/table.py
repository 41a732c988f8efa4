"""The table of rules about more than one section of a stack's file, in the order in which they are checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.config.invalid_value import InvalidValue
from infra.config.validation import database, edge, regions, runtime, variables
from infra.thresholds import DATABASE_REGIONS, STANDBY_REGIONS

if TYPE_CHECKING:
    from infra.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule about more than one section of a stack's file.

    check: returns the invalid value, or None where the settings keep the rule. It may rely on all rules before it.
    source: where the rule comes from: a page of the vendor, or "Ascent" with the reason where it is our own.
    budget: whether it is about a sum that commands such as `ascent capacity` explain. Those read such a stack too.
    """

    check: Callable[[Settings], InvalidValue | None]
    source: str
    budget: bool = False


RULES = (
    Rule(edge.proxied_by_cloudflare, "Ascent: the edge of stages 5 to 7 is Cloudflare's; docs/edge.md"),
    Rule(runtime.share_of_both, "Ascent: a share divides the traffic between two runtimes"),
    Rule(edge.storage_host_apart, "RFC 6265, section 5.4: a browser sends a host's cookies with each request to it"),
    Rule(edge.sites_store_alike, "Ascent: one set of rules is for all storage hosts of a zone"),
    Rule(edge.hosts_in_zone, "Cloudflare, Universal SSL: limitations, full setup"),
    Rule(runtime.one_type_in_warm_pool, "Amazon EC2 Auto Scaling API Reference, PutWarmPool; docs/adr/0005"),
    Rule(runtime.machine_image_in_each_region, "Amazon EC2 User Guide, Copy an AMI: an image is in one region"),
    Rule(database.no_roles_on_external, "Ascent: it has no administrator's access to an external database"),
    Rule(database.roles_by_data_api, "Amazon Aurora User Guide, Using the RDS Data API: limitations"),
    Rule(database.no_copies_of_external, "Ascent: there is no snapshot of an external database in the account"),
    Rule(database.copies_in_own_region, "Ascent: a copy is encrypted with the stack's key of that region"),
    Rule(database.copies_vault_at_home, "AWS Backup Developer Guide, Copy a backup"),
    Rule(database.copies_vault_elsewhere, "Ascent: a vault of the own account is lost together with the account"),
    Rule(database.no_size_of_external_database, "Ascent: it makes no database beside an external one"),
    Rule(database.no_size_of_external_cache, "Ascent: it makes no cache beside an external one"),
    Rule(database.no_engine_of_external_cache, "Ascent: it makes no cache beside an external one"),
    Rule(variables.not_taken, "Ascent: one variable has one value"),
    Rule(variables.renamed_from_ours, "Ascent: there is no value to give under another name"),
    Rule(variables.boot_script_fits, "Amazon EC2 API Reference, RunInstances: UserData"),
    Rule(edge.rules_by_owner, "Cloudflare, Rulesets: a zone has one entry point ruleset of each phase"),
    Rule(edge.waf_takes_limit, "AWS WAF Developer Guide, Rate-based rule high-level settings"),
    Rule(edge.limits_exist, "Cloudflare, Rate limiting rules: availability"),
    Rule(database.sizes_fit_stage, "infra/stages.py"),
    Rule(runtime.cache_reached_by_instances, "Ascent: that Redis has an address inside the cluster only"),
    Rule(runtime.pods_have_cluster, "Ascent: a choice between a cluster of the stack and an existing one"),
    Rule(runtime.verified_by_own_pooler, "Ascent: an external database comes with its own pooler"),
    Rule(runtime.existing_cluster_in_one_region, "Ascent: a kubeconfig leads to one cluster, which is in one region"),
    Rule(runtime.one_worker_pod, "Kubernetes, HorizontalPodAutoscalerSpec: minReplicas is 1 without an alpha feature"),
    Rule(runtime.pods_fit_nodes, "infra/capacity/nodes.py", budget=True),
    Rule(regions.database_takes_regions, DATABASE_REGIONS.source),
    Rule(regions.writer_is_standby, STANDBY_REGIONS.source),
    Rule(regions.lost_region_does_not_write, "Ascent: nothing calls a lost region; docs/failover.md"),
    Rule(regions.drained_regions_do_not_write, "Ascent: the region that takes the writes serves visitors too"),
    Rule(regions.range_for_all_regions, "Amazon VPC Peering Guide: peered VPCs do not overlap"),
    Rule(regions.range_for_each_region, "Ascent: each region has a VPC"),
    Rule(regions.ranges_apart, "Amazon VPC Peering Guide: peered VPCs do not overlap; infra/addressing.py"),
    Rule(regions.address_for_each_gateway, "Amazon VPC User Guide, NAT gateways: each has an Elastic IP address"),
    Rule(regions.vpc_for_each_region, "Ascent: docs/network.md"),
    Rule(regions.route_tables_for_peering, "Amazon VPC Peering Guide, Update your route tables"),
    Rule(runtime.images_in_each_region, "Ascent: docs/images.md", budget=True),
    Rule(database.connections_fit, "infra/capacity/connections.py", budget=True),
    Rule(database.replica_connections_fit, "infra/capacity/connections.py", budget=True),
)


def first_invalid_value(settings: Settings, *, judged: bool = True) -> InvalidValue | None:
    """The first value that breaks a rule, or None.

    Args:
        settings: each section of which is valid by itself.
        judged: whether sums are checked as well.
    """
    rules = (rule for rule in RULES if judged or not rule.budget)
    return next((invalid for rule in rules if (invalid := rule.check(settings))), None)
