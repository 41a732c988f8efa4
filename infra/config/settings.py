"""All settings of a stack, as `Pulumi.<stack>.yaml` has them under `ascent:`. `loading` reads them from the file."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator, SecretStr
from pydantic_core import PydanticCustomError

from infra.application import Application
from infra.capacity.connections import ConnectionBudget, Pooler
from infra.capacity.nodes import NodeBudget
from infra.config import capacity, topology
from infra.config.models.account import Account
from infra.config.models.alerts import Alerts
from infra.config.models.allowance import Allowance
from infra.config.models.application import ApplicationConfig
from infra.config.models.backfilled import Backfilled
from infra.config.models.budget import BudgetOverride
from infra.config.models.cache import CacheOverride, ExternalCache
from infra.config.models.cluster import Cluster
from infra.config.models.database import (
    BackupCopiesConfig,
    DatabaseOverride,
    ExternalDatabase,
    JobsConfig,
    ReadersOverride,
)
from infra.config.models.domain import Domain
from infra.config.models.edge import EdgeConfig
from infra.config.models.fleet import FleetOverride
from infra.config.models.network import NetworkConfig
from infra.config.models.pods import HpaOverride, NodesOverride, PodsOverride
from infra.config.models.registry import Registry
from infra.config.models.rollout import Rollout
from infra.config.models.rotations import Rotations
from infra.config.models.runtime import Runtime
from infra.config.models.tags import TagKey, TagValue, no_twins
from infra.config.models.values import KnownRegion, Regions, VariableName
from infra.config.models.workers import WorkersOverride
from infra.config.strict import Strict
from infra.edge.hosts import sibling
from infra.edge.rules import Mode
from infra.regions import REGIONS
from infra.stages import STAGES, Capability, Sizes, Stage
from infra.thresholds import MOST_TAGS

# Sections that override sizes of the stage.
_OVERRIDES = ("fleet", "hpa", "pods", "nodes", "database", "readers", "cache", "workers", "budget")
# Their keys that are no sizes.
_NO_SIZES = {"image_id", "engine_version", "engine", "final_snapshot", "roles", "by_memory", "liveness"}


def _firewall(value: object) -> bool | Mode:
    if value == Mode.LOG:
        return Mode.LOG
    if not isinstance(value, bool):
        raise PydanticCustomError("firewall", "it should be true, false or log")
    return value


class Settings(Strict):
    """All choices of a stack. Sizes that it leaves out come from the row of its stage."""

    stage: Literal[1, 2, 3, 4, 5, 6, 7] = Field(
        description="The scaling stage, 1 to 7; `ascent stages` shows what each adds."
    )
    regions: Regions = Field(
        min_length=1,
        max_length=len(REGIONS),
        description="AWS regions. The first is the home region and never changes. The others are used from stage 7 on.",
    )
    account: Account = Field(
        default_factory=Account, description="The AWS account: id, assumeRole, permissionsBoundary."
    )
    tags: Annotated[dict[TagKey, TagValue], AfterValidator(no_twins)] = Field(
        default_factory=dict,
        max_length=MOST_TAGS.value,
        description="Tags of your own, such as a cost center, on all AWS resources that can have tags.",
    )
    writer: KnownRegion | None = Field(
        default=None,
        description="Region that takes the writes: one of the first three; `ascent failover` sets it. Without it, "
        "the first.",
    )
    unreachable: KnownRegion | None = Field(
        default=None,
        description="Region that is lost: Ascent does not call it, and it gets no traffic. `ascent failover --lost` "
        "sets it.",
    )
    drained: Regions = Field(
        default=(),
        description="Regions excluded from traffic for now, although they work. `ascent failover --lost` sets it.",
    )
    backfilled: dict[KnownRegion, Backfilled] = Field(
        default_factory=dict,
        description="Regions whose buckets have the objects from before stage 7. `ascent backfill` sets it.",
    )
    runtime: Runtime = Field(description="Where the workload runs: ec2, kubernetes or both.")
    network: NetworkConfig = Field(description="Addresses: cidr, or cidrs by region; egressAddresses; existing vpcs.")
    domain: Domain = Field(description="The application's host name: name, dns, zoneId, zone or certificateArn.")
    rollout: Rollout = Field(
        description="The versions that run: blue and green, each with image and weight; kubernetesShare."
    )
    application: ApplicationConfig = Field(
        default_factory=ApplicationConfig,
        description="The application: profile, port, healthPath, buckets, queues, rateLimits, hashedPaths, "
        "neverCached, schedules, environment, names.",
    )
    registry: Registry = Field(
        default_factory=Registry, description="Where the images are: repositories, replicated, credentials."
    )
    protect: bool = Field(
        default=True, description="Whether resources that hold data or identity are protected against deletion."
    )
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
    jobs: JobsConfig | None = Field(
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
    edge: EdgeConfig = Field(
        default_factory=EdgeConfig,
        description="Cloudflare, from stage 5 on: plan, rateLimitPerMinute, rateLimits, managedRules, certificate, "
        "storageHost, storageOrigin, owner, sites.",
    )
    firewall: Annotated[bool | Literal[Mode.LOG], PlainValidator(_firewall)] = Field(
        default=False,
        description="AWS WAF in front of the load balancer below stage 5, true or false: a rate limit, and AWS' "
        "managed rules. With log, they count what they would have refused, and refuse nothing. From stage 5 on, "
        "Cloudflare does this.",
    )
    fleet: FleetOverride = Field(
        default_factory=FleetOverride,
        description="Fleet size: instanceTypes, minimum, maximum; imageId, a machine image of your own.",
    )
    cluster: Cluster | None = Field(
        default=None,
        description="Needed for pods: apiCidrs, apiSources, admins and version of the stack's EKS clusters, one in "
        "each region; or kubeconfig, context and name of an existing cluster. verifyDatabase for either.",
    )
    hpa: HpaOverride = Field(default_factory=HpaOverride, description="Pod bounds: minimum, maximum; byMemory.")
    pods: PodsOverride = Field(
        default_factory=PodsOverride, description="Requests of a pod: cpu in vCPUs, memory in MiB; liveness."
    )
    nodes: NodesOverride = Field(
        default_factory=NodesOverride, description="Limit of all nodes of a cluster: cpu in vCPUs, memory in GiB."
    )
    database: DatabaseOverride = Field(
        default_factory=DatabaseOverride,
        description="Aurora: instanceClass, minAcu, maxAcu, maxConnections, roles, finalSnapshot.",
    )
    backup: BackupCopiesConfig | None = Field(
        default=None,
        description="Copies of the database in another region or account, once a day: region, vaultArn. Without it, "
        "all backups are in the home region.",
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
        description="Findings that `ascent guard` accepts for a limited time: a list of what, resource, until and why.",
    )

    @property
    def row(self) -> Stage:
        """The stage's row of the table."""
        return STAGES[self.stage]

    @property
    def sizes(self) -> Sizes:
        """The stage's sizes with this stack's overrides."""
        return self.row.sizes.overridden(self.overrides())

    def overrides(self) -> dict[str, dict[str, Any]]:
        """The sizes that this stack overrides, by section."""
        return {name: getattr(self, name).model_dump(exclude_none=True, exclude=_NO_SIZES) for name in _OVERRIDES}

    @property
    def described(self) -> Application:
        """The application: its profile, with what this stack changes."""
        return self.application.described()

    @property
    def storage_host(self) -> str:
        """Host name of the public files that the CDN serves from storage."""
        # A name below the application's host would have no universal certificate.
        return self.edge.storage_host or sibling("storage", self.domain.name, self.domain.zone_name)

    @property
    def rate_limits(self) -> dict[str, int]:
        """Requests a minute from one address, by name of the limit."""
        own = self.edge.rate_limit_per_minute.model_dump(exclude_none=True)
        return {name: limit.per_minute for name, limit in self.described.limits.items()} | own

    def vpc(self, region: str) -> IPv4Network:
        """Range of the VPC in a region of the stack."""
        return topology.vpc_range(self.network, region)

    @property
    def ranges(self) -> tuple[str, ...]:
        """Ranges that contain all VPCs of the stack, in all its regions."""
        return topology.ranges(self.network, self.regions)

    @property
    def active_regions(self) -> tuple[str, ...]:
        """The regions in use at this stage, the home region first."""
        return topology.active(self.regions, self.row)

    @property
    def home(self) -> str:
        """The home region, the first of the list: names and addresses start from it, so it never changes."""
        return self.regions[0]

    @property
    def writing_region(self) -> str:
        """The region that takes the writes: the home region, unless the stack has failed over."""
        return self.writer or self.home

    @property
    def visited_regions(self) -> tuple[str, ...]:
        """The regions in use that get traffic, the home region first if it is one of them."""
        return topology.visited(self.active_regions, self.unreachable, self.drained)

    @property
    def standby_regions(self) -> tuple[str, ...]:
        """The regions that can take the writes, the home region first."""
        return topology.standby(self.active_regions)

    @property
    def pooled(self) -> bool:
        """Whether a pooler is between the application and the database."""
        return self.row.has(Capability.POOLING)

    @property
    def background_on_pods(self) -> bool:
        """Whether pods serve the queues and run the schedules. With both runtimes, instances do."""
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
    def connections(self) -> ConnectionBudget:
        """The connection budget of the database that takes the writes."""
        return capacity.connections(self)

    @property
    def replica_connections(self) -> ConnectionBudget:
        """The connection budget of the replica in another region."""
        return capacity.replica_connections(self)

    @property
    def pooler(self) -> Pooler:
        """PgBouncer of one cluster."""
        return capacity.cluster_pooler(self)

    @property
    def node_budget(self) -> NodeBudget:
        """The node budget of one cluster."""
        return capacity.cluster_nodes(self)
