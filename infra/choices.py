"""What people choose in a stack's file, group by group. `infra.settings` puts the groups together."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from infra.addressing import STACK_PREFIX
from infra.connections import CLASSES
from infra.edge.limits import kept
from infra.edge.plans import Plan
from infra.regions import REGIONS
from infra.thresholds import ALLOWANCE_DAYS

# Stands for an encrypted value where there is no engine to decrypt it.
UNREADABLE = "encrypted"
HOST_NAME = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$"
WEIGHTS = 100  # the weights of a rollout are percent of the traffic
# Steps of the two shares: with them, color weight x runtime share is always a whole percent, which an ALB can hold.
WEIGHT_STEP = 5
SHARE_STEP = 20


class Runtime(StrEnum):
    """Where the workload runs."""

    EC2 = "ec2"
    KUBERNETES = "kubernetes"
    BOTH = "both"

    @property
    def on_ec2(self) -> bool:
        """Whether an EC2 fleet runs the workload."""
        return self is not Runtime.KUBERNETES

    @property
    def on_kubernetes(self) -> bool:
        """Whether pods run the workload."""
        return self is not Runtime.EC2


class Dns(StrEnum):
    """Who answers for the domain."""

    CLOUDFLARE = "cloudflare"
    ROUTE53 = "route53"
    EXTERNAL = "external"


class Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=False,
        hide_input_in_errors=True,
    )


def _stack_range(network: IPv4Network) -> IPv4Network:
    if network.prefixlen != STACK_PREFIX or not network.subnet_of(IPv4Network("10.0.0.0/8")):
        raise PydanticCustomError("stack_range", f"it should be a /{STACK_PREFIX} inside 10.0.0.0/8")
    return network


def known_region(region: str) -> str:
    if region not in REGIONS:
        raise PydanticCustomError("region", "it should be one of {regions}", {"regions": ", ".join(REGIONS)})
    return region


def _known_class(name: str) -> str:
    if name not in CLASSES:
        raise PydanticCustomError("class", "it should be one of {classes}", {"classes": ", ".join(CLASSES)})
    return name


def _postgres_url(url: SecretStr) -> SecretStr:
    value = url.get_secret_value()
    # What only the engine can decrypt is judged when it does.
    if value != UNREADABLE and not re.fullmatch(r"postgres(ql)?://[^\s/@]+@[^\s/@]+/[^\s/]+", value):
        raise PydanticCustomError("url", "it should be a URL of the form postgresql://user:password@host/database")
    return url


def _redis_url(url: SecretStr) -> SecretStr:
    value = url.get_secret_value()
    if value != UNREADABLE and not re.fullmatch(r"rediss?://[^\s@]*@?[^\s/@]+(/\d+)?", value):
        raise PydanticCustomError("url", "it should be a URL of the form rediss://:password@host:6379")
    return url


def no_repeats(regions: tuple[str, ...]) -> tuple[str, ...]:
    repeated = sorted({region for region in regions if regions.count(region) > 1})
    if repeated:
        raise PydanticCustomError(
            "repeated", "each region should be listed once, and {again} is listed again", {"again": ", ".join(repeated)}
        )
    return regions


class Network(Strict):
    """Addresses."""

    cidr: Annotated[IPv4Network, AfterValidator(_stack_range)] = Field(
        description=f"Range of the whole stack: a /{STACK_PREFIX} inside 10.0.0.0/8 that no other stack uses."
    )


class Domain(Strict):
    """The application's host name, and who answers for it."""

    name: str = Field(
        pattern=HOST_NAME,
        max_length=200,
        description="Host name of the application, in lower case: app.example.com.",
    )
    dns: Dns = Field(description="Who answers for the name: cloudflare, route53 or external.")
    zone_id: str | None = Field(
        default=None,
        pattern=r"^([0-9a-f]{32}|Z[0-9A-Z]{8,31})$",
        description="Zone of the name: 32 hexadecimal digits at Cloudflare, Z... at Route 53. None with external DNS.",
    )
    certificate_arn: str | None = Field(
        default=None,
        pattern=r"^arn:aws:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f-]{36}$",
        description="ARN of a validated ACM certificate for the name. Only with external DNS, which needs one.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        external = self.dns is Dns.EXTERNAL
        if external and (self.certificate_arn is None or self.zone_id is not None):
            raise PydanticCustomError("external", "external DNS should have a certificateArn and no zoneId")
        if not external and (self.zone_id is None or self.certificate_arn is not None):
            raise PydanticCustomError(
                "hosted", "{dns} DNS should have a zoneId and no certificateArn", {"dns": self.dns.value}
            )
        if not external and self.zone_id is not None and self.zone_id.startswith("Z") != (self.dns is Dns.ROUTE53):
            raise PydanticCustomError("zone", "zoneId should be a zone of {dns}", {"dns": self.dns.value})
        return self


Image = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9./_:-]{0,200}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})$")
]


class Color(Strict):
    """One of the two versions of the application that may run side by side."""

    image: Image | None = Field(
        default=None,
        description="Container image with a tag or digest: registry/name:1.2.3. Without one, the color does not run.",
    )
    weight: int = Field(
        default=0, ge=0, le=WEIGHTS, multiple_of=WEIGHT_STEP, description="Percent of the traffic, in steps of 5."
    )

    @model_validator(mode="after")
    def _runs(self) -> Self:
        if self.weight > 0 and self.image is None:
            raise PydanticCustomError("image", "a color with a weight above 0 should have an image")
        return self


class Strategy(StrEnum):
    """How a new version comes."""

    CANARY = "canary"
    BLUE_GREEN = "blue-green"
    ROLLING = "rolling"


class Phase(StrEnum):
    """Which way a rollout goes. `ops/rollout/machine.py` has the steps."""

    FORWARD = "forward"
    BACK = "back"
    CLEANING = "cleaning"


class Progress(Strict):
    """A rollout under way. `ascent rollout` writes it, in one piece with the weights; no resource depends on it."""

    strategy: Strategy = Field(description="How the new version comes: canary, blue-green or rolling.")
    phase: Phase = Field(description="Which way it goes: forward, back, or cleaning up after either.")
    to: Literal["blue", "green"] = Field(description="The color that gets the new version.")
    before: Image = Field(description="Image that had the traffic before.")
    bake: int = Field(ge=0, le=10_080, description="Minutes to watch each step before the next, a week at most.")
    since: str | None = Field(
        default=None,
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$",
        description="Since when the stack is as this says (UTC). Without it, an update is still to be made or checked.",
    )


class Rollout(Strict):
    """Which versions run, and how the traffic is shared between them."""

    blue: Color = Field(default_factory=Color, description="The blue version: image and weight.")
    green: Color = Field(default_factory=Color, description="The green version: image and weight.")
    kubernetes_share: int = Field(
        default=0,
        ge=0,
        le=100,
        multiple_of=SHARE_STEP,
        description="Percent of the traffic that pods take with `runtime: both`, in steps of 20.",
    )
    progress: Progress | None = Field(
        default=None, description="The rollout under way. Written by `ascent rollout`, which is also how to end it."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.blue.weight + self.green.weight
        if total != WEIGHTS:
            raise PydanticCustomError(
                "weights",
                "the weights should add up to 100, and {blue} + {green} = {total}",
                {"blue": self.blue.weight, "green": self.green.weight, "total": total},
            )
        return self

    @property
    def colors(self) -> dict[str, Color]:
        """Both colors by name."""
        return {"blue": self.blue, "green": self.green}

    def shares(self, runtime: Runtime) -> dict[str, int]:
        """Percent of the traffic by target group: each color on each runtime, a color's weight shared between them."""
        on_pods = self.kubernetes_share if runtime.on_ec2 else WEIGHTS
        parts = {"ec2": WEIGHTS - on_pods} if runtime.on_ec2 else {}
        parts |= {"k8s": on_pods} if runtime.on_kubernetes else {}
        return {
            f"{color}-{where}": one.weight * part // WEIGHTS
            for color, one in self.colors.items()
            for where, part in parts.items()
        }

    @property
    def leading(self) -> str:
        """The color with the most traffic, which workers run; with equal shares the one that a rollout comes from."""
        coming = self.progress.to if self.progress else None
        return max(self.colors, key=lambda color: (self.colors[color].weight, color != coming))


HostName = Annotated[str, Field(pattern=HOST_NAME, max_length=200)]
PerMinute = Annotated[int, Field(ge=1, le=100_000)]


class RateLimits(Strict):
    """This stack's own rate limits, in requests a minute from one address."""

    general: PerMinute | None = Field(default=None, description="Requests to the API, 1 to 100000 a minute.")
    uploads: PerMinute | None = Field(default=None, description="Uploads, 1 to 100000 a minute.")
    analysis: PerMinute | None = Field(default=None, description="Analyses, 1 to 100000 a minute.")


class Edge(Strict):
    """What is in front of the application from stage 5 on."""

    plan: Plan = Field(default=Plan.FREE, description="The Cloudflare zone's plan: free, pro, business or enterprise.")
    rate_limit_per_minute: RateLimits = Field(
        default_factory=RateLimits, description="Requests a minute from one address: general, uploads, analysis."
    )
    storage_host: HostName | None = Field(
        default=None,
        description="Host name of public files, in the same zone. Without it, storage. and the domain.",
    )
    storage_origin: HostName | None = Field(
        default=None,
        description="Host name of somebody else's storage behind it, which answers to storageHost: abc.supabase.co.",
    )

    @model_validator(mode="after")
    def _plan_has_them(self) -> Self:
        plan = self.plan
        for name in self.rate_limit_per_minute.model_dump(exclude_none=True):
            if name not in kept(plan):
                needed = next(other for other in Plan if name in kept(other))
                raise PydanticCustomError(
                    "plan",
                    "the {plan} plan has rate limits for {kept} alone; {name} needs the {needed} plan",
                    {"plan": plan.value, "kept": " and ".join(kept(plan)), "name": name, "needed": needed.value},
                )
        return self


Address = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
SecretName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]


class SlackChannel(Strict):
    """A Slack channel that shows all alarms."""

    workspace_id: str = Field(pattern=r"^T[0-9A-Z]{2,254}$", description="Workspace, authorized once in AWS: T....")
    channel_id: str = Field(pattern=r"^[CG][0-9A-Z]{2,254}$", description="Channel: C... .")


class Alerts(Strict):
    """Who hears of what."""

    warning: tuple[Address, ...] = Field(
        default=(), max_length=20, description="E-mail addresses that get warnings, and what budgets say."
    )
    critical: tuple[Address, ...] = Field(
        default=(), max_length=20, description="E-mail addresses that get critical alerts."
    )
    slack: SlackChannel | None = Field(default=None, description="A Slack channel: workspaceId and channelId.")
    procedures: str = Field(
        default="docs/procedures.md",
        pattern=r"^(https://\S+|docs/procedures\.md)$",
        max_length=200,
        description="Address where docs/procedures.md is published, which every alarm then links to: https://....",
    )


class FleetOverride(Strict):
    """This stack's own fleet size."""

    instance_types: tuple[Annotated[str, Field(pattern=r"^[a-z0-9]+g[a-z]*\.[a-z0-9]+$")], ...] | None = Field(
        default=None, min_length=1, max_length=8, description="One to eight Graviton (arm64) instance types: c7g.large."
    )
    minimum: int | None = Field(default=None, ge=1, le=100, description="Fewest instances, 1 to 100.")
    maximum: int | None = Field(default=None, ge=1, le=100, description="Most instances, 1 to 100.")


class BudgetOverride(Strict):
    """This stack's own budget."""

    monthly_usd: int | None = Field(default=None, ge=1, le=10_000_000, description="US dollars a month, all regions.")


class HpaOverride(Strict):
    """This stack's own bounds of the Horizontal Pod Autoscaler."""

    minimum: int | None = Field(default=None, ge=1, le=100, description="Fewest pods, 1 to 100.")
    maximum: int | None = Field(default=None, ge=1, le=100, description="Most pods, 1 to 100.")


class PodsOverride(Strict):
    """What this stack's pods request; their limits are twice that."""

    cpu: float | None = Field(
        default=None, ge=0.25, le=16, multiple_of=0.25, description="vCPUs of a pod, 0.25 to 16 in quarters."
    )
    memory: int | None = Field(
        default=None, ge=128, le=65_536, multiple_of=64, description="MiB of a pod, 128 to 65536 in steps of 64."
    )


class NodesOverride(Strict):
    """What this stack's nodes may be together, in each cluster."""

    cpu: int | None = Field(default=None, ge=4, le=10_000, description="Most vCPUs of all nodes, 4 to 10000.")
    memory: int | None = Field(default=None, ge=8, le=40_000, description="Most GiB of all nodes, 8 to 40000.")


def _network(cidr: str) -> str:
    try:
        return str(IPv4Network(cidr))
    except ValueError as error:
        raise PydanticCustomError("cidr", "it should be a range such as 203.0.113.0/24") from error


Principal = Annotated[str, Field(pattern=r"^arn:aws:iam::[0-9]{12}:(role|user)/[A-Za-z0-9_+=,.@/-]+$", max_length=600)]


class Cluster(Strict):
    """The Kubernetes cluster: one that the stack makes in each of its regions, or one that is there already."""

    api_cidrs: tuple[Annotated[str, AfterValidator(_network)], ...] | None = Field(
        default=None,
        max_length=40,
        description="Ranges that reach the API of the stack's clusters, your CI included; [] for the VPC alone.",
    )
    admins: tuple[Principal, ...] = Field(
        default=(), description="ARNs of IAM roles or users that administer the clusters, beside who creates them."
    )
    version: str | None = Field(
        default=None, pattern=r"^1\.[0-9]{2}$", description="Kubernetes version: 1.33. EKS chooses one where left out."
    )
    kubeconfig: SecretStr | None = Field(
        default=None,
        description="A cluster that is there already: its kubeconfig, as a secret. Nothing of EKS is made.",
    )
    context: str | None = Field(default=None, min_length=1, description="Context of that kubeconfig to use.")
    name: str | None = Field(
        default=None,
        pattern=r"^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$",
        description="Name of that cluster at EKS, if it is there: pods then have AWS permissions by Pod Identity.",
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.kubeconfig is not None:
            if self.api_cidrs is not None or self.admins or self.version:
                raise PydanticCustomError(
                    "own_cluster",
                    "apiCidrs, admins and version are for clusters that the stack makes, and it makes none",
                )
        elif self.api_cidrs is None:
            raise PydanticCustomError(
                "api_cidrs",
                "it should have apiCidrs, the ranges that reach the clusters' API: yours and your CI's, or [] where "
                "pulumi runs inside the VPC; or the kubeconfig of a cluster that is there already",
            )
        elif self.context or self.name:
            raise PydanticCustomError("own_cluster", "context and name should come with a kubeconfig")
        return self


class DatabaseOverride(Strict):
    """This stack's own Aurora capacity."""

    instance_class: Annotated[str, AfterValidator(_known_class)] | None = Field(
        default=None, description="Class of the instances: db.serverless, or a provisioned one."
    )
    min_acu: float | None = Field(
        default=None, ge=0.5, le=256, multiple_of=0.5, description="Least ACUs, 0.5 to 256 in halves."
    )
    max_acu: float | None = Field(
        default=None, ge=1, le=256, multiple_of=0.5, description="Most ACUs, 1 to 256 in halves."
    )


class ReadersOverride(Strict):
    """This stack's own number of Aurora readers. Stage 4 and above."""

    minimum: int | None = Field(default=None, ge=1, le=15, description="Fewest readers, 1 to 15 (AWS quota).")
    maximum: int | None = Field(default=None, ge=1, le=15, description="Most readers, 1 to 15 (AWS quota).")


class CacheOverride(Strict):
    """This stack's own Redis size. Stage 6 and above."""

    node_type: str | None = Field(
        default=None,
        pattern=r"^cache\.[mr][5-9][a-z]*\.[0-9]*x?large$",
        description="An M5, R5 or newer node type, which a Global Datastore needs: cache.m7g.large.",
    )
    nodes: int | None = Field(default=None, ge=2, le=6, description="Primary and replicas together, 2 to 6.")
    in_cluster: Literal[True] | None = Field(
        default=None, description="true: Redis with sentinels in the cluster instead of ElastiCache. Kubernetes only."
    )

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if self.in_cluster and (self.node_type or self.nodes):
            raise PydanticCustomError(
                "in_cluster", "nodeType and nodes are ElastiCache's; leave them out, or inCluster"
            )
        return self


class WorkersOverride(Strict):
    """This stack's own number of queue workers. Stage 6 and above."""

    minimum: int | None = Field(default=None, ge=0, le=100, description="Fewest workers, 0 to 100.")
    maximum: int | None = Field(default=None, ge=1, le=100, description="Most workers, 1 to 100.")


PostgresUrl = Annotated[SecretStr, AfterValidator(_postgres_url)]


class ExternalDatabase(Strict):
    """A PostgreSQL that somebody else runs, in place of Aurora."""

    direct_url: PostgresUrl = Field(description="URL of the database itself: postgresql://user:password@host/database.")
    pooled_url: PostgresUrl = Field(description="URL of its pooler, which the application uses from stage 2 on.")


class Jobs(Strict):
    """The database jobs of stage 3 and above."""

    image: Image = Field(description="Image with database/ and your tables in it; see docs/database.md.")


class ExternalCache(Strict):
    """A Redis that somebody else runs, in place of ElastiCache."""

    url: Annotated[SecretStr, AfterValidator(_redis_url)] = Field(description="URL: rediss://:password@host:6379.")


def _day(value: object) -> object:
    """A day of its text. The engine makes a time in Go's own form of one that is not in quotes."""
    try:
        return date.fromisoformat(value.removesuffix(" 00:00:00 +0000 UTC")) if isinstance(value, str) else value
    except ValueError:
        raise PydanticCustomError("day", "it should be a day such as 2026-01-31") from None


def _soon(until: date) -> date:
    last = datetime.now(UTC).date() + timedelta(days=ALLOWANCE_DAYS.value)
    if until > last:
        raise PydanticCustomError(
            "until",
            "it should be {last} or before, which is {days} days ahead",
            {"last": last.isoformat(), "days": ALLOWANCE_DAYS.value, "given": until.isoformat()},
        )
    return until


class Allowance(Strict):
    """Something that `ascent guard` lets pass, once and for a while. The program does not look at it."""

    what: str = Field(pattern=r"^[a-z][a-z0-9-]{1,60}$", description="The finding, as the guard calls it: data-lost.")
    resource: str = Field(
        min_length=1, max_length=1000, description="The one resource it is about: its URN, or the name at its end."
    )
    until: Annotated[date, BeforeValidator(_day), AfterValidator(_soon)] = Field(
        description=f"Last day (UTC) it is allowed, {ALLOWANCE_DAYS.value} days ahead at most."
    )
    why: Annotated[str, StringConstraints(strip_whitespace=True)] = Field(
        min_length=10, max_length=300, description="Why this is right, for whoever reviews it."
    )
