"""The one typed door for a stack's config. Nothing else reads `pulumi.Config`, and no key that is not here passes.

People write camelCase keys under `ascent:` in `Pulumi.<stack>.yaml`; `parse` turns them into `Settings` or into one
message per problem. The program and the commands come through the same door.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, PlainValidator, SecretStr, ValidationError, ValidationInfo, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from infra import images, naming
from infra.addressing import REGION_PREFIX, clash, vpc_cidr
from infra.application import Application as Described
from infra.capacity.connections import Budget, Pooler, budget, max_connections, pooler
from infra.capacity.nodes import NodeBudget, node_budget
from infra.config.application import Application, too_long
from infra.config.as_pulumi_saves import as_meant
from infra.config.choices import (
    Account,
    Alerts,
    Allowance,
    Backfilled,
    BackupCopies,
    BudgetOverride,
    CacheOverride,
    Cluster,
    DatabaseOverride,
    Dns,
    Domain,
    Edge,
    EdgeCertificate,
    ExternalCache,
    ExternalDatabase,
    FleetOverride,
    HpaOverride,
    Jobs,
    Network,
    NodesOverride,
    PodsOverride,
    ReadersOverride,
    Registry,
    Rollout,
    Rotations,
    Runtime,
    TagKey,
    TagValue,
    VariableName,
    WorkersOverride,
    known_region,
    no_repeats,
    no_twins,
)
from infra.config.problems import SECRETS, Problem, describe, is_echo, plain_secrets
from infra.config.strict import Strict
from infra.edge.hosts import covered, inside, sibling
from infra.edge.limits import kept
from infra.edge.plans import Plan
from infra.edge.rules import Mode
from infra.regions import REGIONS
from infra.schedules import JOBS
from infra.stages import STAGES, Capability, Sizes, Stage
from infra.thresholds import DATABASE_REGIONS, MOST_TAGS, STANDBY_REGIONS, WAF_LEAST
from infra.user_data import LARGEST, boot_size

# Set by the platform in the application's environment.
RESERVED = frozenset(
    {
        "AWS_REGION",
        "BUCKETS",
        "BUCKETS_REGION",
        "DATABASE_DIRECT_URL",
        "DATABASE_READER_URL",
        "DATABASE_URL",
        "DB_POOL_MAX",
        "DB_POOL_MIN",
        "PORT",
        "QUEUES_REGION",
        "QUEUE_URLS",
        "READER_BUCKETS",
        "REDIS_READER_URL",
        "REDIS_URL",
        "ROLE",
        "SECRET_VERSION",
        "STORAGE_URL",
        "UPLOAD_MAX_BYTES",
    }
)
# Settings of the platform that are many, by how their names begin.
RESERVED_PREFIXES = ("CACHE_TTL_",)
# Instances hand variables over by way of the Docker client, which would act on these itself.
HOST_NAMES, HOST_PREFIXES = frozenset({"PATH"}), ("DOCKER_", "LD_")
# An external database says nothing of its limit: its owner's pooler keeps it.
UNLIMITED = 1_000_000
OVERRIDES = ("fleet", "hpa", "pods", "nodes", "database", "readers", "cache", "workers", "budget")
# What is said beside the sizes, and is none.
_NO_SIZES = {"image_id", "engine_version", "engine", "final_snapshot", "roles", "by_memory", "liveness"}


class SettingsError(Exception):
    """A stack's config is not usable. `problems` holds one message each, made for the person who edits the file."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


def _firewall(value: object) -> bool | Mode:
    if value == Mode.LOG:
        return Mode.LOG
    if not isinstance(value, bool):
        raise PydanticCustomError("firewall", "it should be true, false or log")
    return value


class Settings(Strict):
    """Everything a stack chooses. What it leaves out comes from its stage's row."""

    stage: Literal[1, 2, 3, 4, 5, 6, 7] = Field(
        description="The scaling stage, 1 to 7; `ascent stages` shows what each adds."
    )
    regions: Annotated[tuple[Annotated[str, AfterValidator(known_region)], ...], AfterValidator(no_repeats)] = Field(
        min_length=1,
        max_length=len(REGIONS),
        description="AWS regions, the first being the primary for good. The others are used from stage 7 on.",
    )
    account: Account = Field(
        default_factory=Account, description="The AWS account: id, assumeRole, permissionsBoundary."
    )
    tags: Annotated[dict[TagKey, TagValue], AfterValidator(no_twins)] = Field(
        default_factory=dict,
        max_length=MOST_TAGS.value,
        description="Tags of your own, such as a cost center, on everything at AWS that takes tags.",
    )
    writer: Annotated[str, AfterValidator(known_region)] | None = Field(
        default=None,
        description="Region that takes the writes: one of the first three; `ascent failover` sets it. Without it, "
        "the first.",
    )
    unreachable: Annotated[str, AfterValidator(known_region)] | None = Field(
        default=None,
        description="Region that is lost: nothing calls it, and it is excluded from traffic. `ascent failover --lost` "
        "sets it.",
    )
    drained: Annotated[tuple[Annotated[str, AfterValidator(known_region)], ...], AfterValidator(no_repeats)] = Field(
        default=(),
        description="Regions excluded from traffic for now, although they work. `ascent failover --lost` sets it.",
    )
    backfilled: dict[Annotated[str, AfterValidator(known_region)], Backfilled] = Field(
        default_factory=dict,
        description="Regions whose buckets have what was there before stage 7. `ascent backfill` sets it.",
    )
    runtime: Runtime = Field(description="Where the workload runs: ec2, kubernetes or both.")
    network: Network = Field(description="Addresses: cidr, or cidrs by region; egressAddresses; vpcs that are there.")
    domain: Domain = Field(description="The application's host name: name, dns, zoneId, zone or certificateArn.")
    rollout: Rollout = Field(
        description="The versions that run: blue and green, each with image and weight; kubernetesShare."
    )
    application: Application = Field(
        default_factory=Application,
        description="The application: profile, port, healthPath, buckets, queues, rateLimits, hashedPaths, "
        "neverCached, schedules, environment, names.",
    )
    registry: Registry = Field(
        default_factory=Registry, description="Where the images are: repositories, replicated, credentials."
    )
    protect: bool = Field(default=True, description="Whether what holds data or identity is guarded against deletion.")
    alerts: Alerts = Field(
        default_factory=Alerts,
        description="Alert recipients by severity: warning and critical addresses, slack; procedures.",
    )
    app_secrets: dict[VariableName, SecretStr] = Field(
        default_factory=dict,
        description="Environment variables of the application that are secret: `pulumi config set --secret --path`.",
    )
    external_database: ExternalDatabase | None = Field(
        default=None, description="Instead of Aurora, as secrets: directUrl and pooledUrl of a hosted PostgreSQL."
    )
    external_cache: ExternalCache | None = Field(
        default=None, description="Instead of ElastiCache, as a secret: url of a hosted Redis."
    )
    jobs: Jobs | None = Field(
        default=None, description="Database jobs of stage 3 and above: image. Without it, they do not run."
    )
    credentials_generation: int = Field(
        default=1,
        ge=1,
        le=10_000,
        description="Raise it by one to replace all passwords at once. Clients with an old password are refused until "
        "they restart; `rotations` avoids that.",
    )
    rotations: Rotations = Field(
        default_factory=Rotations,
        description="Raise one number by one to replace its password without an outage: application, cache or master. "
        "The next update makes the old password invalid.",
    )
    edge: Edge = Field(
        default_factory=Edge,
        description="Cloudflare, from stage 5 on: plan, rateLimitPerMinute, rateLimits, managedRules, certificate, "
        "storageHost, storageOrigin, owner, sites.",
    )
    firewall: Annotated[bool | Literal[Mode.LOG], PlainValidator(_firewall)] = Field(
        default=False,
        description="AWS WAF in front of the load balancer below stage 5, true or false: a rate limit, and AWS' "
        "managed rules. With log they count whom they would have refused, and let everybody in. From stage "
        "5 on, Cloudflare does this.",
    )
    fleet: FleetOverride = Field(
        default_factory=FleetOverride,
        description="Fleet size: instanceTypes, minimum, maximum; imageId, a machine image of your own.",
    )
    cluster: Cluster | None = Field(
        default=None,
        description="Needed for pods: apiCidrs, apiSources, admins and version of the stack's EKS clusters, one in "
        "each region; or kubeconfig, context and name of a cluster that is there already. verifyDatabase of either.",
    )
    hpa: HpaOverride = Field(default_factory=HpaOverride, description="Pod bounds: minimum, maximum; byMemory.")
    pods: PodsOverride = Field(
        default_factory=PodsOverride, description="What a pod requests: cpu in vCPUs, memory in MiB; liveness."
    )
    nodes: NodesOverride = Field(
        default_factory=NodesOverride, description="Most that a cluster's nodes may be: cpu in vCPUs, memory in GiB."
    )
    database: DatabaseOverride = Field(
        default_factory=DatabaseOverride,
        description="Aurora: instanceClass, minAcu, maxAcu, maxConnections, roles, finalSnapshot.",
    )
    backup: BackupCopies | None = Field(
        default=None,
        description="Copies of the database elsewhere, once a day: region, vaultArn. Without it, all backups are in "
        "the home region.",
    )
    readers: ReadersOverride = Field(default_factory=ReadersOverride, description="Reader bounds: minimum, maximum.")
    cache: CacheOverride = Field(
        default_factory=CacheOverride, description="Valkey or Redis: engine, nodeType and nodes, or inCluster."
    )
    workers: WorkersOverride = Field(default_factory=WorkersOverride, description="Worker bounds: minimum, maximum.")

    budget: BudgetOverride = Field(default_factory=BudgetOverride, description="What a month may cost: monthlyUsd.")
    allow: tuple[Allowance, ...] = Field(
        default=(),
        max_length=50,
        description="What `ascent guard` lets pass for now: a list of what, resource, until and why.",
    )

    @model_validator(mode="after")
    def _fits(self, info: ValidationInfo) -> Self:
        if self.row.has(Capability.PROXIED_DNS) and self.domain.dns is not Dns.CLOUDFLARE:
            raise PydanticCustomError(
                "needs_cloudflare",
                "stage {stage} puts Cloudflare in front, so it should be cloudflare; move the zone there or stay below",
                {"key": "domain.dns", "given": self.domain.dns.value, "stage": self.stage},
            )
        if self.rollout.kubernetes_share and self.runtime is not Runtime.BOTH:
            raise PydanticCustomError(
                "share",
                "it should be left out unless the runtime is both, and the runtime is {runtime}",
                {
                    "key": "rollout.kubernetesShare",
                    "given": self.rollout.kubernetes_share,
                    "runtime": self.runtime.value,
                },
            )
        if self.storage_host == self.domain.name:
            raise PydanticCustomError(
                "same_host",
                "it should be another name than the application's, whose cookies it would get",
                {"key": "edge.storageHost", "given": self.edge.storage_host},
            )
        if self.row.has(Capability.PROXIED_DNS):
            self._refuse_hosts()
        types = self.fleet.instance_types or ()
        if self.row.has(Capability.WARM_POOL) and len(types) > 1:
            raise PydanticCustomError(
                "warm_pool",
                "stage {stage} keeps a warm pool, which takes exactly one type",
                {"key": "fleet.instanceTypes", "given": list(types), "stage": self.stage},
            )
        image = self.fleet.image_id or ""
        if image.startswith("ami-") and len(self.active_regions) > 1:
            raise PydanticCustomError(
                "regional_image",
                "a machine image is in one region, and the stack is in {count}; give the name of an SSM parameter that "
                "holds one in each of them",
                {"key": "fleet.imageId", "given": image, "count": len(self.active_regions)},
            )
        self._refuse_roles()
        self._refuse_copies()
        if self.external_database is not None:
            self._refuse_sizes("database", ("database", "readers"))
        if self.external_cache is not None:
            self._refuse_sizes("cache", ("cache",))
            if self.cache.engine is not None:
                raise PydanticCustomError(
                    "external_engine",
                    "the engine of an external cache is its owner's; leave it out",
                    {"key": "cache.engine", "given": self.cache.engine},
                )
        self._refuse_variables()
        self._refuse_long_boot()
        self._refuse_limits()
        try:
            self.row.sizes.overridden(self._overrides())
        except ValueError as error:
            name, _, reason = str(error).partition(": ")
            given = getattr(self, name).model_dump(exclude_none=True, by_alias=True)
            raise PydanticCustomError("size", "{reason}", {"key": name, "given": given, "reason": reason}) from error
        self._pods_fit(judged=_is_judged(info))
        self._refuse_regions()
        self._refuse_ranges()
        self._refuse_addresses()
        self._refuse_vpcs()
        if _is_judged(info):
            self._refuse_lone_images()
            self._refuse_connections()
        return self

    def _refuse_variables(self) -> None:
        """Refuse variables of the application's own that something else sets, and names of none of ours."""
        own = self.application
        given = [
            *(("appSecrets", name, "") for name in self.app_secrets),
            *(("application.environment", name, value) for name, value in own.environment.items()),
            *(("application.names", name, name) for name in own.names.values()),
        ]
        for key, name, value in sorted(given):
            reason = _taken(name)
            if reason is None and key != "appSecrets" and name in self.app_secrets:
                reason = "is one of ascent:appSecrets"
            if reason is not None:
                what = "secret" if key == "appSecrets" else "variable"
                raise PydanticCustomError(
                    "reserved",
                    "{name} {reason}; give the application's own {what} another name",
                    {
                        "key": key if key.endswith("names") else f"{key}.{name}",
                        "given": value,
                        "name": name,
                        "reason": reason,
                        "what": what,
                    },
                )
        for ours in sorted(own.names):
            if ours not in RESERVED and not ours.startswith(RESERVED_PREFIXES):
                raise PydanticCustomError(
                    "not_ours",
                    "the platform sets no {name}; it should be one of {names}",
                    {
                        "key": f"application.names.{ours}",
                        "given": own.names[ours],
                        "name": ours,
                        "names": ", ".join(sorted(RESERVED)),
                    },
                )

    def _refuse_long_boot(self) -> None:
        """Refuse more than the user data of an instance holds, at the longest names that AWS could make."""
        own = self.application
        if not self.runtime.on_ec2 or not (own.environment or own.buckets or own.queues or own.names):
            return
        size = boot_size(self.described)
        if size > LARGEST:
            raise PydanticCustomError(
                "user_data",
                "what an instance is given when it boots could have {size} bytes, and EC2 takes {most} (RunInstances: "
                "UserData); it should have fewer buckets and queues, or shorter variables: ascent:appSecrets has room",
                {"key": "application", "size": size, "most": LARGEST},
            )

    def _refuse_limits(self) -> None:
        """Refuse numbers for rate limits that the application does not have, or the zone's plan has no rules for."""
        application, plan = self.described, self.edge.plan
        said = {"rateLimits", "hashedPaths", "neverCached"} & {
            to_camel(name) for name in self.application.model_fields_set
        }
        if self.edge.owner and said:
            raise PydanticCustomError(
                "owner",
                "the stack {owner} writes the rules of the zone; say it there",
                {"key": f"application.{min(said)}", "owner": self.edge.owner},
            )
        first = next(iter(application.limits))
        if self.firewall and not self.row.has(Capability.EDGE_RULES) and self.rate_limits[first] < WAF_LEAST.value:
            raise PydanticCustomError(
                "waf_least",
                "the rate limit {name} has {number} requests a minute, and AWS WAF takes {least} or more",
                {
                    "key": "firewall",
                    "given": self.firewall,
                    "name": first,
                    "number": self.rate_limits[first],
                    "least": WAF_LEAST.value,
                },
            )
        for name in self.edge.rate_limit_per_minute.model_dump(exclude_none=True):
            if name not in application.limits:
                raise PydanticCustomError(
                    "no_limit",
                    "the application has no rate limit {name}, but {names}; give perMinute in application.rateLimits",
                    {
                        "key": f"edge.rateLimitPerMinute.{name}",
                        "given": self.rate_limits[name],
                        "name": name,
                        "names": ", ".join(application.limits),
                    },
                )
            has = kept(plan, application)
            if name not in has:
                needed = next(other for other in Plan if name in kept(other, application))
                raise PydanticCustomError(
                    "plan",
                    "the {plan} plan has rate limits for {kept} alone; {name} needs the {needed} plan",
                    {
                        "key": "edge",
                        "plan": plan.value,
                        "kept": " and ".join(has),
                        "name": name,
                        "needed": needed.value,
                    },
                )

    def _refuse_roles(self) -> None:
        """Refuse roles where nothing can make them."""
        if not self.database.roles:
            return
        if self.external_database is not None:
            raise PydanticCustomError(
                "external_roles",
                "the users of an external database are its owner's to make, with infra/roles/external.sql. Leave "
                "it out, and give the application's user in externalDatabase",
                {"key": "database.roles", "given": True},
            )
        name = self.sizes.database.instance_class
        if name.startswith("db.t"):
            raise PydanticCustomError(
                "no_data_api",
                "they are made by way of the RDS Data API, which AWS does not have for T classes, and the class is "
                "{name}. Take another class, or leave it out",
                {"key": "database.roles", "given": True, "name": name},
            )

    def _refuse_copies(self) -> None:
        """Refuse copies of the database that AWS Backup cannot make, or not where they are wanted."""
        if self.backup is None:
            return
        if self.external_database is not None:
            raise PydanticCustomError(
                "external_backup",
                "the backups of an external database are its owner's; leave it out",
                {"key": "backup", "given": self.backup.model_dump(exclude_none=True, by_alias=True)},
            )
        region, arn = self.backup.region, self.backup.vault_arn
        if region is not None and region not in self.regions[1:]:
            others = ", ".join(self.regions[1:]) or "none so far"
            raise PydanticCustomError(
                "backup_region",
                "it should be one of ascent:regions but the first: {others}. The stack has a key in each of them",
                {"key": "backup.region", "given": region, "others": others},
            )
        if arn is None:
            return
        _, _, _, place, owner, _, _ = arn.split(":")
        if place != self.home:
            # AWS Backup Developer Guide, "Copy a backup": of Aurora, either to another region or to another account.
            raise PydanticCustomError(
                "backup_vault",
                "it should be in {home}: of Aurora, AWS Backup copies to another region or to another account, not to "
                "both at once",
                {"key": "backup.vaultArn", "given": arn, "home": self.home},
            )
        if owner == self.account.id:
            raise PydanticCustomError(
                "backup_account",
                "it should be a vault of another account than the stack's own; for another region, say backup.region",
                {"key": "backup.vaultArn", "given": arn},
            )

    def _refuse_hosts(self) -> None:
        """Refuse proxied hosts outside the zone, and those that no certificate at the edge is for."""
        zone = self.domain.zone_name
        hosts = {"domain.name": self.domain.name, "edge.storageHost": self.storage_host}
        for name, site in self.edge.sites.items():
            hosts |= {f"edge.sites.{name}.app": site.app, f"edge.sites.{name}.storage": site.storage}
            if bool(site.buckets) == bool(self.edge.storage_origin):
                raise PydanticCustomError(
                    "storage_kind",
                    "it should have buckets where this stack has some, and none where it has a storageOrigin: the "
                    "zone's rules treat all storage hosts alike",
                    {"key": f"edge.sites.{name}.buckets", "given": list(site.buckets)},
                )
        for key, host in hosts.items():
            if list(hosts.values()).count(host) > 1:
                raise PydanticCustomError(
                    "same_host", "it is there twice; each stack has two hosts of its own", {"key": key, "given": host}
                )
            where = {"key": key, "given": host, "zone": zone}
            if not inside(host, zone):
                raise PydanticCustomError(
                    "zone", "it should be in the zone {zone}; if that is not the zone's name, set domain.zone", where
                )
            if self.edge.certificate is EdgeCertificate.UNIVERSAL and not covered(host, zone):
                raise PydanticCustomError(
                    "no_certificate",
                    "Cloudflare's universal certificate is for {zone} and names one level below it. Take such a name, "
                    "or set edge.certificate to advanced or own; if the zone has another name, set domain.zone",
                    where,
                )

    def _refuse_lone_images(self) -> None:
        """Refuse an image that only one region has: without that region, nothing could start in the others.

        Not amid a failover, which is too late for it.
        """
        if self.writer not in (None, self.home) or self.unreachable is not None:
            return
        for key, image, region in images.alone(self):
            raise PydanticCustomError(
                "lone_image",
                "the image is in {region} alone, and the stack is in {count} regions, none of which could start an "
                "instance or pod without it. List its repository in registry.repositories, which copies it from "
                "{home} to the others, or copy it yourself and set registry.replicated",
                {
                    "key": key,
                    "given": image,
                    "region": region,
                    "count": len(self.active_regions),
                    "home": self.home,
                },
            )

    def _refuse_connections(self) -> None:
        """Refuse more connections than the database takes, or a replica of it."""
        if not self.connections.holds:
            raise PydanticCustomError(
                "connections",
                "more could connect than the database takes: {sum}. Raise database.maxAcu or database.maxConnections, "
                "or lower fleet.maximum, hpa.maximum or workers.maximum",
                {"key": "database", "given": self.sizes.database.max_acu, "sum": str(self.connections)},
            )
        if len(self.active_regions) > 1 and not self.replica_connections.holds:
            raise PydanticCustomError(
                "connections",
                "more could connect to a region's replica than it takes: {sum}. Raise database.maxAcu or "
                "database.maxConnections, or lower fleet.maximum or hpa.maximum",
                {"key": "database", "given": self.sizes.database.max_acu, "sum": str(self.replica_connections)},
            )

    def _pods_fit(self, *, judged: bool) -> None:
        """Refuse what the Kubernetes runtime cannot do."""
        size = self.sizes
        if size.cache is not None and size.cache.in_cluster and self.runtime.on_ec2:
            raise PydanticCustomError(
                "in_cluster",
                "instances cannot reach a Redis inside the cluster, and the runtime is {runtime}; leave it out until "
                "that is kubernetes",
                {"key": "cache.inCluster", "given": True, "runtime": self.runtime.value},
            )
        if not self.runtime.on_kubernetes:
            return
        if self.cluster is None:
            raise PydanticCustomError(
                "cluster",
                "the runtime is {runtime}, so it should have apiCidrs (for EKS: the ranges that reach its API, yours "
                "and your CI's, or []) or the kubeconfig of a cluster that is there already",
                {"key": "cluster", "given": None, "runtime": self.runtime.value},
            )
        if self.cluster.verify_database and self.external_database is not None:
            raise PydanticCustomError(
                "no_pooler",
                "there is no PgBouncer in the cluster that could: an external database has a pooler of its own. Leave "
                "it out, and say sslmode=verify-full in externalDatabase.pooledUrl",
                {"key": "cluster.verifyDatabase", "given": True},
            )
        if self.cluster.kubeconfig is not None and len(self.active_regions) > 1:
            raise PydanticCustomError(
                "one_cluster",
                "one cluster cannot be in {count} regions; list one region, or leave clusters to the stack",
                {"key": "cluster.kubeconfig", "given": "", "count": len(self.active_regions)},
            )
        if self.background_on_pods and size.workers is not None and size.workers.minimum < 1:
            raise PydanticCustomError(
                "no_worker",
                "a HorizontalPodAutoscaler keeps at least one pod; it should be 1 or more",
                {"key": "workers.minimum", "given": size.workers.minimum},
            )
        if judged and self.cluster.kubeconfig is None and not self.node_budget.holds:
            raise PydanticCustomError(
                "nodes",
                "more pods could run than the nodes take: {sum}. Raise nodes.cpu and nodes.memory, or lower "
                "hpa.maximum, workers.maximum or pods",
                {
                    "key": "nodes",
                    "given": {"cpu": size.nodes.cpu, "memory": size.nodes.memory},
                    "sum": str(self.node_budget),
                },
            )

    def _refuse_regions(self) -> None:
        """Refuse more regions than can be had, and a writer that is no standby, is lost or gets no visitors."""
        if self.external_database is None and len(self.active_regions) > DATABASE_REGIONS.value:
            raise PydanticCustomError(
                "too_many",
                "an Aurora Global Database has {most} regions at most; leave some out, or use an external database",
                {"key": "regions", "given": list(self.regions), "most": DATABASE_REGIONS.value},
            )
        if self.writer not in (None, *self.standby_regions):
            raise PydanticCustomError(
                "writer",
                "stage {stage} can write in {standbys}; fail back before you leave stage 7 or drop the region",
                {
                    "key": "writer",
                    "given": self.writer,
                    "stage": self.stage,
                    "standbys": " or ".join(self.standby_regions),
                },
            )
        if self.unreachable is not None and self.unreachable not in set(self.active_regions) - {self.writing_region}:
            raise PydanticCustomError(
                "unreachable",
                "it should be a region in use that does not take the writes; have another region take them first: "
                "ascent failover --lost",
                {"key": "unreachable", "given": self.unreachable},
            )
        if not set(self.drained) <= set(self.active_regions) - {self.writing_region}:
            raise PydanticCustomError(
                "drained",
                "it should be regions in use that do not take the writes",
                {"key": "drained", "given": list(self.drained)},
            )

    def _refuse_addresses(self) -> None:
        """Refuse fewer addresses than NAT gateways."""
        if self.row.has(Capability.ZONAL_EGRESS) and self.network.egress_addresses == 1:
            raise PydanticCustomError(
                "egress_addresses",
                "stage {stage} has a NAT gateway in each zone, so it should be 3; whoever lets in the first alone has "
                "to let in the other two",
                {"key": "network.egressAddresses", "given": 1, "stage": self.stage},
            )

    def _refuse_ranges(self) -> None:
        """Refuse address ranges that are not one for each region, or that clash."""
        cidr, cidrs = self.network.cidr, self.network.cidrs
        if cidr is not None and cidr.prefixlen >= REGION_PREFIX and len(self.regions) > 1:
            raise PydanticCustomError(
                "one_range",
                "it is the range of one region, and the stack has {count}; give each its own under network.cidrs, the "
                "first the one it has",
                {"key": "network.cidr", "given": str(cidr), "count": len(self.regions)},
            )
        missing = [name for name in self.regions if cidrs is not None and name not in cidrs]
        given = str(cidr) if cidrs is None else {name: str(one) for name, one in cidrs.items()}
        key = "network.cidr" if cidrs is None else "network.cidrs"
        if missing:
            raise PydanticCustomError(
                "no_range",
                "it should have a range for each of the regions, and has none for {missing}",
                {"key": key, "given": given, "missing": ", ".join(missing)},
            )
        reason = clash({name: self.vpc(name) for name in self.regions})
        if reason is not None:
            raise PydanticCustomError("clash", "{reason}", {"key": key, "given": given, "reason": reason})

    def _refuse_vpcs(self) -> None:
        """Refuse VPCs that are there already for some of the regions in use, or without what a peering needs."""
        vpcs = self.network.vpcs
        if not vpcs:
            return
        missing = [name for name in self.active_regions if name not in vpcs]
        if missing:
            raise PydanticCustomError(
                "no_vpc",
                "it should have a VPC for each of the regions in use at stage {stage}, and has none for {missing}",
                {
                    "key": "network.vpcs",
                    "given": sorted(vpcs),
                    "stage": self.stage,
                    "missing": ", ".join(missing),
                },
            )
        for name in self.active_regions:
            if len(self.active_regions) > 1 and not vpcs[name].route_tables:
                raise PydanticCustomError(
                    "no_tables",
                    "stage {stage} peers {count} regions, so it should list the route tables of the private and the "
                    "data subnets, which then lead to the other regions",
                    {
                        "key": f"network.vpcs.{name}.routeTables",
                        "given": [],
                        "stage": self.stage,
                        "count": len(self.active_regions),
                    },
                )

    def _refuse_sizes(self, what: str, names: tuple[str, ...]) -> None:
        """Refuse overrides of the size of something that is not ours."""
        owned = [name for name in names if self._overrides()[name]]
        if owned:
            raise PydanticCustomError(
                "external",
                "this stack's {what} is an external one, whose size is not ours; remove the override",
                {"key": owned[0], "given": self._overrides()[owned[0]], "what": what},
            )

    def vpc(self, region: str) -> IPv4Network:
        """Range of the VPC in a region of the stack."""
        if self.network.cidrs is not None:
            return self.network.cidrs[region]
        if self.network.cidr is None:
            raise ValueError("a network has either one range or several")
        return vpc_cidr(self.network.cidr, REGIONS[region].slot)

    @property
    def ranges(self) -> tuple[str, ...]:
        """Ranges that all VPCs of the stack are in, whichever of its regions they are in."""
        if self.network.cidr is not None:
            return (str(self.network.cidr),)
        return tuple(str(self.vpc(region)) for region in self.regions)

    @property
    def connections(self) -> Budget:
        """Who may connect to the database that takes the writes, and what it takes."""
        size = self.sizes
        return budget(
            instances=self._instances if self.pooled else self._instances + self._pods,
            pooled=self.pooled,
            poolers=self.pooler.connections if self.pooled and self._pods else 0,
            # A job of the application's own may hold as many connections as a worker.
            workers=(size.workers.maximum if size.workers else 0) + len(self.application.schedules),
            limit=self._limit,
            forwarding=len(self.active_regions) > 1 and self.external_database is None,
        )

    @property
    def replica_connections(self) -> Budget:
        """Who may connect to the replica in another region: instances without a proxy, which cannot forward writes."""
        # PgBouncer's pools for writes and for reads both lead there.
        poolers = self.pooler.connections * 2 if self.pooled and self._pods else 0
        instances = self._instances if self.pooled else self._instances + self._pods
        return budget(instances=instances, pooled=False, poolers=poolers, workers=0, limit=self._limit)

    @property
    def pooled(self) -> bool:
        """Whether a pooler stands between the application and the database."""
        return self.row.has(Capability.POOLING)

    @property
    def _instances(self) -> int:
        """Instances of one region at their maximum, of all running colors."""
        return self.sizes.fleet.maximum * self._running if self.runtime.on_ec2 else 0

    @property
    def _pods(self) -> int:
        """The same of pods."""
        return self.sizes.hpa.maximum * self._running if self.runtime.on_kubernetes else 0

    @property
    def _limit(self) -> int:
        """Connections that an instance of the database takes."""
        size = self.sizes.database
        limit = max_connections(size.instance_class, size.max_acu, size.max_connections)
        return limit if self.external_database is None else UNLIMITED

    @property
    def _running(self) -> int:
        return sum(color.image is not None for color in self.rollout.colors.values())

    @property
    def background_on_pods(self) -> bool:
        """Whether pods serve the queues and run the schedules. Where there are instances as well, those keep both."""
        return not self.runtime.on_ec2

    @property
    def runs_tasks(self) -> bool:
        """Whether Fargate tasks run the database's schedules."""
        return self.row.has(Capability.DATABASE_JOBS) and self.jobs is not None and not self.background_on_pods

    @property
    def makes_clusters(self) -> bool:
        """Whether the stack makes an EKS cluster in each of its regions."""
        return self.runtime.on_kubernetes and self.cluster is not None and self.cluster.kubeconfig is None

    @property
    def pooler(self) -> Pooler:
        """PgBouncer of one cluster."""
        workers = self.sizes.workers.maximum if self.sizes.workers and self.background_on_pods else 0
        own = len(self.application.schedules) if self.background_on_pods else 0
        return pooler(self.sizes.hpa.maximum * self._running, workers + own)

    @property
    def node_budget(self) -> NodeBudget:
        """What the pods of one cluster request at most, both colors running, and what its nodes may be."""
        return node_budget(
            self.sizes,
            colors=len(self.rollout.colors),
            pooled=self.pooled,
            jobs=len(JOBS) if self.row.has(Capability.DATABASE_JOBS) and self.background_on_pods else 0,
            works=self.background_on_pods,
            own_jobs=len(self.application.schedules) if self.background_on_pods else 0,
        )

    def _overrides(self) -> dict[str, dict[str, Any]]:
        return {name: getattr(self, name).model_dump(exclude_none=True, exclude=_NO_SIZES) for name in OVERRIDES}

    @property
    def row(self) -> Stage:
        """The stage's row of the table."""
        return STAGES[self.stage]

    @property
    def sizes(self) -> Sizes:
        """The stage's sizes with this stack's overrides."""
        return self.row.sizes.overridden(self._overrides())

    @property
    def described(self) -> Described:
        """The application, with its profile's description where the stack says nothing else."""
        return self.application.described()

    @property
    def storage_host(self) -> str:
        """Host name of what the CDN serves out of storage."""
        # Below the application's host, no universal certificate would be good for it.
        return self.edge.storage_host or sibling("storage", self.domain.name, self.domain.zone_name)

    @property
    def rate_limits(self) -> dict[str, int]:
        """Requests a minute from one address, by name."""
        own = self.edge.rate_limit_per_minute.model_dump(exclude_none=True)
        return {name: limit.per_minute for name, limit in self.described.limits.items()} | own

    @property
    def active_regions(self) -> tuple[str, ...]:
        """The regions in use at this stage, the primary first."""
        return self.regions if self.row.has(Capability.REGIONAL_REPLICAS) else self.regions[:1]

    @property
    def home(self) -> str:
        """The primary region: names and addresses start from it, so it never changes."""
        return self.regions[0]

    @property
    def writing_region(self) -> str:
        """The region that takes the writes: the primary, unless the stack has failed over."""
        return self.writer or self.home

    @property
    def visited_regions(self) -> tuple[str, ...]:
        """The regions in use that visitors are sent to, the primary first if it is one of them."""
        return tuple(one for one in self.active_regions if one != self.unreachable and one not in self.drained)

    @property
    def standby_regions(self) -> tuple[str, ...]:
        """The regions that can take the writes."""
        return self.active_regions[: STANDBY_REGIONS.value]


def _taken(name: str) -> str | None:
    """Why the application's own secrets may not have this name, or None."""
    if name in RESERVED or name.startswith(RESERVED_PREFIXES):
        return "is set by the platform"
    if name in HOST_NAMES or name.startswith(HOST_PREFIXES):
        return "would change how the instance's own programs run"
    return None


def _is_judged(info: ValidationInfo) -> bool:
    return bool((info.context or {}).get("judged", True))


def parse(config: Mapping[str, Any], file: str, encrypted: Collection[str], *, judged: bool = True) -> Settings:
    """Settings from the values under `ascent:`.

    Args:
        config: values by key without the project, as JSON-like data.
        file: the file they come from, as the messages are to name it.
        encrypted: the keys whose values are encrypted in that file.
        judged: whether a budget that does not hold is refused; not so for a command that explains it.

    Raises:
        SettingsError: with one message for each problem.
    """
    # Where the values come from elsewhere, nothing tells the stack's name.
    named = re.fullmatch(r"Pulumi\.(.*)\.yaml", file)
    edge = config.get("edge")
    if named and isinstance(edge, Mapping) and named[1] in (edge.get("owner"), *(edge.get("sites") or ())):
        raise SettingsError(
            [
                f"{file}: ascent:edge: given {named[1]} as owner or in sites, which is this stack; it should be "
                "another stack of the zone. Leave it out: a stack without an owner writes the rules for itself"
            ]
        )
    unfit = naming.refused(named[1]) if named else None
    if unfit:
        raise SettingsError(
            [f"{file}: the stack's name: {unfit}. A stack cannot be renamed later: choose another name"]
        )
    plain = plain_secrets(config, encrypted)
    if plain:
        raise SettingsError(
            [
                Problem(
                    f"{file}: ascent:{key}: its values are in plain text; all of them should be encrypted. Remove them "
                    f"and set each with: pulumi config set --secret --path 'ascent:{key}{SECRETS[key]}'",
                    file=file,
                    key=f"ascent:{key}",
                )
                for key in plain
            ]
        )
    try:
        return _named(_validated(config, judged=judged), file, named and named[1])
    except ValidationError as error:
        found = error
    meant = as_meant(config, found.errors())
    if meant != config:
        try:
            return _named(_validated(meant, judged=judged), file, named and named[1])
        except ValidationError as error:
            found = error
    problems = [problem for problem in found.errors() if not is_echo(problem, meant)]
    raise SettingsError([describe(problem, Settings, meant, file) for problem in problems]) from None


def _validated(config: Mapping[str, Any], *, judged: bool) -> Settings:
    # By way of JSON, because strict mode takes a list for a tuple and a string for an enum only there.
    return Settings.model_validate_json(json.dumps(dict(config)), by_alias=True, context={"judged": judged})


def _named(settings: Settings, file: str, stack: str | None) -> Settings:
    """The settings, unless AWS would refuse a name of theirs with the stack's and the region's before it.

    Raises:
        SettingsError: where it would.
    """
    if stack is None:
        return settings
    base = max((naming.regional(stack, region) for region in settings.regions), key=len)
    if problems := too_long(settings.application, base):
        raise SettingsError(
            [
                Problem(
                    f'{file}: ascent:application.{key}: given "{key.partition(".")[2]}"; {reason}',
                    file=file,
                    key=f"ascent:application.{key}",
                )
                for key, reason in problems.items()
            ]
        )
    return settings


def load() -> Settings:
    """Settings of the running stack.

    Raises:
        SettingsError: with one message for each problem.
    """
    import pulumi
    from pulumi.runtime import config as runtime_config

    prefix = f"{pulumi.get_project()}:"
    # pulumi.Config reads one known key at a time; a typo can only be seen by looking at all of them.
    everything = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    file = f"Pulumi.{pulumi.get_stack()}.yaml"
    if slips := misspelled(everything, pulumi.get_project(), file):
        raise SettingsError(slips)
    values = {key.removeprefix(prefix): decode(value) for key, value in everything.items() if key.startswith(prefix)}
    encrypted = {key for key in values if pulumi.runtime.is_config_secret(f"{prefix}{key}")}
    return parse(values, file, encrypted)


def misspelled(keys: Iterable[str], project: str, file: str) -> list[Problem]:
    """What is told of keys whose namespace is nearly the project's: nobody would ever read them.

    Args:
        keys: whole keys.
        project: the project's name.
        file: the file to name.
    """
    return [
        Problem(
            f"{file}: {key}: nobody reads this namespace; did you mean {project}:{key.partition(':')[2]}?",
            file=file,
            key=key,
        )
        for key in sorted(keys)
        if (space := key.partition(":")[0]) != project and get_close_matches(space.lower(), [project], cutoff=0.8)
    ]


def decode(value: str) -> Any:
    """The value that the engine handed over as a string: JSON where it is that, else the string itself."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
