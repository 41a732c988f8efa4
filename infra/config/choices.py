"""What people choose in a stack's file, group by group. `infra.config.settings` puts the groups together."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from infra.addressing import PRIVATE, REGION_PREFIX, SMALLEST_PREFIX, STACK_PREFIX
from infra.capacity.connections import CLASSES, MAX_CONNECTIONS, MOST_CONNECTIONS
from infra.config.strict import Strict, repeated
from infra.edge.hosts import inside, registered
from infra.edge.plans import Plan, cheapest
from infra.edge.rules import Mode
from infra.images import unfit
from infra.regions import REGIONS
from infra.thresholds import ALLOWANCE_DAYS, MOST_SITES

# Stands for an encrypted value where there is no engine to decrypt it.
UNREADABLE = "encrypted"
HOST_NAME = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$"
StackName = Annotated[str, Field(pattern=r"^[a-z](-?[a-z0-9])*$", max_length=34)]
BucketName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
HostName = Annotated[str, Field(pattern=HOST_NAME, max_length=200)]
# In place of a path: a pod lives as long as somebody listens.
LISTENS = "tcp"
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


def _no_host_bits(given: object) -> object:
    """Refuse a range that does not begin at its first address, and say which one does."""
    if not isinstance(given, str):
        return given
    try:
        return str(IPv4Network(given))
    except ValueError as error:
        try:
            right = IPv4Network(given, strict=False)
        except ValueError:
            raise PydanticCustomError("range", "it should be a range such as 10.128.0.0/11") from error
        raise PydanticCustomError(
            "host_bits",
            "it does not begin at its first address; the range that it is in is {right}",
            {"right": str(right)},
        ) from error


def _stack_range(network: IPv4Network) -> IPv4Network:
    if network.prefixlen <= STACK_PREFIX:
        return _private(network)
    if network.prefixlen < REGION_PREFIX:
        raise PydanticCustomError(
            "stack_range",
            f"it should be a /{STACK_PREFIX} or larger, of which each region takes a /{REGION_PREFIX} at its place; "
            "if that is too much, give each region its range under network.cidrs",
        )
    return _region_range(network)


def _region_range(network: IPv4Network) -> IPv4Network:
    if not REGION_PREFIX <= network.prefixlen <= SMALLEST_PREFIX:
        raise PydanticCustomError(
            "region_range", f"it should be a /{REGION_PREFIX} to a /{SMALLEST_PREFIX}, which a region's subnets fit in"
        )
    return _private(network)


def _private(network: IPv4Network) -> IPv4Network:
    if not any(network.subnet_of(whole) for whole in PRIVATE):
        raise PydanticCustomError("private", "it should be inside {all}", {"all": " or ".join(map(str, PRIVATE))})
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
    again = repeated(regions)
    if again:
        raise PydanticCustomError(
            "repeated", "each region should be listed once, and {again} is listed again", {"again": ", ".join(again)}
        )
    return regions


def _digits(value: object) -> object:
    """YAML takes twelve digits for a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Account(Strict):
    """The AWS account that the stack is in, and how to get there."""

    id: Annotated[str, BeforeValidator(_digits)] | None = Field(
        default=None,
        pattern=r"^[0-9]{12}$",
        description="Number of the account, twelve digits; in quotes where the first is 0. Credentials of another one "
        "are refused before anything is made.",
    )
    assume_role: str | None = Field(
        default=None,
        pattern=r"^arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}$",
        description="ARN of the role to take for everything at AWS, by the program and by the commands.",
    )
    permissions_boundary: str | None = Field(
        default=None,
        pattern=r"^arn:aws:iam::([0-9]{12}|aws):policy/[A-Za-z0-9_+=,.@/-]{1,512}$",
        description="ARN of the policy that bounds every role that the stack makes.",
    )

    @model_validator(mode="after")
    def _one_account(self) -> Self:
        for key, arn in {"assumeRole": self.assume_role, "permissionsBoundary": self.permissions_boundary}.items():
            there = arn.split(":")[4] if arn else "aws"
            if self.id is not None and there not in (self.id, "aws"):
                raise PydanticCustomError(
                    "other_account",
                    "it should be in the account {id}, and is in {there}",
                    {"key": f"account.{key}", "given": arn, "id": self.id, "there": there},
                )
        return self


# AWS General Reference, Tag naming limits and requirements; some services take fewer characters than others.
_TAG = r"[A-Za-z0-9 +=._:/@-]"
_OURS = ("aws:", "ascent:", "eks:", "kubernetes.io/")


def _tag_key(key: str) -> str:
    if key.lower().startswith(_OURS) or key == "Name":
        raise PydanticCustomError(
            "tag", "the platform and AWS set this one; it should be another than Name, aws:..., ascent:..., eks:..."
        )
    return key


def no_twins(tags: dict[str, str]) -> dict[str, str]:
    """Refuse keys that differ in capitals alone, which IAM takes for one and the same."""
    lower = [key.lower() for key in tags]
    twins = sorted(key for key in tags if lower.count(key.lower()) > 1)
    if twins:
        raise PydanticCustomError(
            "twins", "{keys} differ in capitals alone, which IAM does not tell apart", {"keys": ", ".join(twins)}
        )
    return tags


TagKey = Annotated[str, Field(pattern=f"^{_TAG}{{1,128}}$"), AfterValidator(_tag_key)]
TagValue = Annotated[str, Field(pattern=f"^{_TAG}{{0,256}}$")]


def _three(ids: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(ids)) != 3 or len(ids) != 3:
        raise PydanticCustomError("three", "it should be three subnets, each in a zone of its own")
    return ids


SubnetIds = Annotated[
    tuple[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")], ...],
    AfterValidator(_three),
]


class Vpc(Strict):
    """A VPC that is there already, and what of it the stack uses."""

    vpc_id: str = Field(pattern=r"^vpc-[0-9a-f]{8,17}$", description="The VPC: vpc-...")
    public_subnets: SubnetIds = Field(description="Three subnets for the load balancer, with a way in.")
    private_subnets: SubnetIds = Field(description="Three for instances, nodes and jobs, with a way out by NAT.")
    data_subnets: SubnetIds = Field(description="Three for database, proxy and cache. May be the private ones.")
    route_tables: tuple[Annotated[str, Field(pattern=r"^rtb-[0-9a-f]{8,17}$")], ...] = Field(
        default=(),
        description="Route tables of the private and the data subnets. Needed once there are several regions.",
    )

    @model_validator(mode="after")
    def _hidden(self) -> Self:
        both = sorted({*self.public_subnets} & {*self.private_subnets, *self.data_subnets})
        if both:
            raise PydanticCustomError(
                "public",
                "{both} is public as well; instances have no public address, so there they have no way out",
                {"both": ", ".join(both)},
            )
        return self


class Network(Strict):
    """Addresses. No other stack, office or data center that is ever to be peered should use them."""

    cidr: Annotated[IPv4Network, BeforeValidator(_no_host_bits), AfterValidator(_stack_range)] | None = Field(
        default=None,
        description=f"Range of the whole stack: a private /{STACK_PREFIX}, of which each region takes a "
        f"/{REGION_PREFIX}. With one region, also the /{REGION_PREFIX} to /{SMALLEST_PREFIX} of that.",
    )
    cidrs: (
        dict[
            Annotated[str, AfterValidator(known_region)],
            Annotated[IPv4Network, BeforeValidator(_no_host_bits), AfterValidator(_region_range)],
        ]
        | None
    ) = Field(
        default=None,
        description=f"Instead, each region's own private range of /{REGION_PREFIX} to /{SMALLEST_PREFIX}, by its name.",
    )

    vpcs: dict[Annotated[str, AfterValidator(known_region)], Vpc] = Field(
        default_factory=dict,
        description="VPCs that are there already, by region, each with vpcId, publicSubnets, privateSubnets, "
        "dataSubnets and routeTables: docs/network.md. For all regions in use, or none. Cannot be changed later.",
    )
    egress_addresses: Literal[1, 3] = Field(
        default=3,
        description="Elastic IP addresses of a region, which its traffic to the internet comes from: 3, or 1 below "
        "stage 4, where there is one NAT gateway.",
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.cidr is None) == (self.cidrs is None):
            raise PydanticCustomError(
                "ranges", "it should have either cidr, one range for all regions, or cidrs, one for each of them"
            )
        if self.vpcs and "egress_addresses" in self.model_fields_set:
            raise PydanticCustomError(
                "not_ours",
                "a VPC that is there already has its own ways out; leave it out beside network.vpcs",
                {"key": "network.egressAddresses", "given": self.egress_addresses},
            )
        return self


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
    zone: HostName | None = Field(
        default=None,
        description="Name of the zone that the name is in. Without it, what somebody registered: example.com.",
    )
    certificate_arn: str | None = Field(
        default=None,
        pattern=r"^arn:aws:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f-]{36}$",
        description="ARN of a validated ACM certificate for the name. Only with external DNS, which needs one.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        external = self.dns is Dns.EXTERNAL
        needed, other = ("certificateArn", "zoneId") if external else ("zoneId", "certificateArn")
        given = {"zoneId": self.zone_id, "certificateArn": self.certificate_arn}
        for key, reason in {other: "no", needed: "a"}.items():
            if (given[key] is None) == (key == needed):
                raise PydanticCustomError(
                    "dns",
                    "{dns} DNS should have {reason} {name}",
                    {
                        "key": f"domain.{key}",
                        "given": given[key],
                        "dns": self.dns.value,
                        "reason": reason,
                        "name": key,
                    },
                )
        if not external and self.zone_id is not None and self.zone_id.startswith("Z") != (self.dns is Dns.ROUTE53):
            raise PydanticCustomError(
                "zone",
                "it should be a zone of {dns}, as domain.dns says",
                {"key": "domain.zoneId", "given": self.zone_id, "dns": self.dns.value},
            )
        if self.zone is not None and not inside(self.name, self.zone):
            raise PydanticCustomError(
                "zone", "{name} is not in it", {"key": "domain.zone", "given": self.zone, "name": self.name}
            )
        return self

    @property
    def zone_name(self) -> str:
        """Name of the zone, as far as the config tells."""
        return self.zone or registered(self.name)


def _from_a_registry(image: str) -> str:
    reason = unfit(image)
    if reason is not None:
        raise PydanticCustomError("registry", "{reason}", {"reason": reason})
    return image


Image = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9./_:-]{0,200}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})$"),
    AfterValidator(_from_a_registry),
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


class Backfilled(Strict):
    """That the buckets of a region have what was at home before they were copied to. No resource depends on it."""

    date: str = Field(pattern=r"^\d{4}-\d\d-\d\d$", description="Day (UTC) on which that was found done.")
    buckets: str = Field(
        pattern=r"^b[0-9a-f]{12}$", description="Stands for these buckets: others in their place have another mark."
    )


class Strategy(StrEnum):
    """How a new version comes."""

    CANARY = "canary"
    BLUE_GREEN = "blue-green"
    ROLLING = "rolling"


class Phase(StrEnum):
    """Which way a rollout goes. `ops/rollout/state_machine.py` has the steps."""

    FORWARD = "forward"
    BACK = "back"
    CLEANING = "cleaning"


UTC_SECOND = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"


class Progress(Strict):
    """A rollout under way. `ascent rollout` writes it, in one piece with the weights; no resource depends on it."""

    strategy: Strategy = Field(description="How the new version comes: canary, blue-green or rolling.")
    phase: Phase = Field(description="Which way it goes: forward, back, or cleaning up after either.")
    to: Literal["blue", "green"] = Field(description="The color that gets the new version.")
    before: Image = Field(description="Image that had the traffic before.")
    bake: int = Field(ge=0, le=10_080, description="Minutes to watch each step before the next, a week at most.")
    began: str | None = Field(
        default=None,
        pattern=UTC_SECOND,
        description="When it began (UTC): tells it from an earlier one of the same strategy, color and image.",
    )
    since: str | None = Field(
        default=None,
        pattern=UTC_SECOND,
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


PerMinute = Annotated[int, Field(ge=1, le=100_000)]


class RateLimits(Strict):
    """This stack's own rate limits, in requests a minute from one address."""

    general: PerMinute | None = Field(default=None, description="Requests to the API, 1 to 100000 a minute.")
    uploads: PerMinute | None = Field(default=None, description="Uploads, 1 to 100000 a minute.")
    analysis: PerMinute | None = Field(default=None, description="Analyses, 1 to 100000 a minute.")


class EdgeCertificate(StrEnum):
    """Which certificate visitors are shown."""

    UNIVERSAL = "universal"
    ADVANCED = "advanced"
    OWN = "own"


class EdgeSite(Strict):
    """Another stack whose hosts are in the same zone, as its output `edgeSite` says."""

    app: HostName = Field(description="Host name of its application.")
    storage: HostName = Field(description="Host name of its public files.")
    buckets: dict[BucketName, HostName] = Field(
        default_factory=dict, description="Host name at S3 of each of its public buckets."
    )


class Edge(Strict):
    """What is in front of the application from stage 5 on."""

    plan: Plan = Field(default=Plan.FREE, description="The Cloudflare zone's plan: free, pro, business or enterprise.")
    rate_limit_per_minute: RateLimits = Field(
        default_factory=RateLimits, description="Requests a minute from one address: general, uploads, analysis."
    )
    rate_limits: Literal["log", "enforce"] = Field(
        default="enforce",
        description="What rate limits do: enforce, they refuse; log, they write down whom they would have refused, "
        "which takes the enterprise plan.",
    )
    managed_rules: Mode = Field(
        default=Mode.ENFORCE,
        description="What the managed rules do: enforce, as Cloudflare says; challenge, a browser gets through; log, "
        "they only write down, which takes the enterprise plan.",
    )
    certificate: EdgeCertificate = Field(
        default=EdgeCertificate.UNIVERSAL,
        description="Certificate that visitors are shown: universal, which every zone has; advanced, which the stack "
        "orders; own, which you see to.",
    )
    storage_host: HostName | None = Field(
        default=None,
        description="Host name of public files, in the same zone. Without it, storage- and the domain's name, or "
        "storage. where that is the zone's.",
    )
    storage_origin: HostName | None = Field(
        default=None,
        description="Host name of somebody else's storage behind it, which answers to storageHost: abc.supabase.co.",
    )

    owner: StackName | None = Field(
        default=None, description="Stack that writes the rules of the zone, this stack's too: its edge.sites lists it."
    )
    sites: dict[StackName, EdgeSite] = Field(
        default_factory=dict,
        max_length=MOST_SITES.value,
        description="Other stacks in the zone whose rules this one writes, by name: app, storage, buckets.",
    )

    @model_validator(mode="after")
    def _plan_has_them(self) -> Self:
        own: dict[str, object] = {
            "sites": list(self.sites),
            "rateLimitPerMinute": list(self.rate_limit_per_minute.model_dump(exclude_none=True)),
            "rateLimits": self.rate_limits if self.rate_limits != "enforce" else None,
            "managedRules": self.managed_rules.value if self.managed_rules != Mode.ENFORCE else None,
        }
        for key, given in own.items():
            if self.owner and given:
                raise PydanticCustomError(
                    "owner",
                    "the stack {owner} writes the rules of the zone; say it there",
                    {"key": f"edge.{key}", "given": given, "owner": self.owner},
                )
        self._refuse_modes()
        return self

    def _refuse_modes(self) -> None:
        """Refuse what the plan's rules cannot do."""
        limits = self.plan.limits
        if self.managed_rules is not Mode.ENFORCE and not limits.managed_rules:
            raise PydanticCustomError(
                "no_managed_rules",
                "the {plan} plan has no managed rules to choose for; leave it out, or take the {needed} plan",
                {
                    "key": "edge.managedRules",
                    "given": self.managed_rules.value,
                    "plan": self.plan.value,
                    "needed": cheapest(lambda one: one.managed_rules).value,
                },
            )
        instead = {
            "rateLimits": (Mode(self.rate_limits), "raise rateLimitPerMinute until you know what visitors need"),
            "managedRules": (self.managed_rules, "take challenge, by which a browser gets through"),
        }
        for key, (mode, advice) in instead.items():
            if mode is Mode.LOG and not limits.logs:
                raise PydanticCustomError(
                    "no_log",
                    "rules of the {plan} plan cannot only log, which takes the {needed} plan; {advice}",
                    {
                        "key": f"edge.{key}",
                        "given": mode.value,
                        "plan": self.plan.value,
                        "needed": cheapest(lambda one: one.logs).value,
                        "advice": advice,
                    },
                )


Address = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]


class SlackChannel(Strict):
    """A Slack channel that shows all alarms."""

    workspace_id: str = Field(pattern=r"^T[0-9A-Z]{2,254}$", description="Workspace, authorized once in AWS: T....")
    channel_id: str = Field(pattern=r"^[CG][0-9A-Z]{2,254}$", description="Channel: C... .")


class Alerts(Strict):
    """Alert recipients by severity."""

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
    image_id: str | None = Field(
        default=None,
        pattern=r"^(ami-[0-9a-f]{8,17}|(/[A-Za-z0-9_.-]+){1,15})$",
        description="Machine image, arm64 and Amazon Linux 2023 or like it, pinned or baked: ami-..., or the name of "
        "an SSM parameter that holds one in each region: /team/images/app. Without it, the newest at each update.",
    )


class BudgetOverride(Strict):
    """This stack's own budget."""

    monthly_usd: int | None = Field(default=None, ge=1, le=10_000_000, description="US dollars a month, all regions.")


class HpaOverride(Strict):
    """This stack's own bounds of the Horizontal Pod Autoscaler."""

    minimum: int | None = Field(default=None, ge=1, le=100, description="Fewest pods, 1 to 100.")
    maximum: int | None = Field(default=None, ge=1, le=100, description="Most pods, 1 to 100.")
    by_memory: bool = Field(
        default=True,
        description="Whether pods, workers too, are also added by memory; false where the runtime keeps what it once "
        "took, as with garbage collection.",
    )


class PodsOverride(Strict):
    """What this stack's pods request, their limits being twice that, and how it is seen that one lives."""

    cpu: float | None = Field(
        default=None, ge=0.25, le=16, multiple_of=0.25, description="vCPUs of a pod, 0.25 to 16 in quarters."
    )
    memory: int | None = Field(
        default=None, ge=128, le=65_536, multiple_of=64, description="MiB of a pod, 128 to 65536 in steps of 64."
    )
    liveness: str | None = Field(
        default=None,
        pattern=rf"^({LISTENS}|/[A-Za-z0-9._~/-]{{0,100}})$",
        description="What a pod is restarted by when it fails for two minutes: a path such as /api/live, or tcp for "
        "whether it listens at all. The health path where left out.",
    )


class NodesOverride(Strict):
    """What this stack's nodes may be together, in each cluster."""

    cpu: int | None = Field(default=None, ge=4, le=10_000, description="Most vCPUs of all nodes, 4 to 10000.")
    memory: int | None = Field(default=None, ge=8, le=40_000, description="Most GiB of all nodes, 8 to 40000.")


def _network(cidr: str) -> str:
    try:
        return str(_no_host_bits(cidr))
    except PydanticCustomError as error:
        if error.type == "host_bits":
            raise
        raise PydanticCustomError("cidr", "it should be a range such as 203.0.113.0/24") from None


Principal = Annotated[str, Field(pattern=r"^arn:aws:iam::[0-9]{12}:(role|user)/[A-Za-z0-9_+=,.@/-]+$", max_length=600)]


class Cluster(Strict):
    """The Kubernetes cluster: one that the stack makes in each of its regions, or one that is there already."""

    api_cidrs: tuple[Annotated[str, AfterValidator(_network)], ...] | None = Field(
        default=None,
        max_length=40,
        description="Ranges that reach the API of the stack's clusters, your CI included; [] for the VPC alone.",
    )
    api_sources: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(
        default=(),
        max_length=40,
        description="Ranges beside the VPC's own that reach the API by its private addresses: a VPN's, a peered VPC's.",
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
    verify_database: bool = Field(
        default=False,
        description="Whether PgBouncer in it asks Aurora for a certificate of AWS' for the very host; docs/charts.md.",
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
            if self.api_cidrs is not None or self.api_sources or self.admins or self.version:
                raise PydanticCustomError(
                    "own_cluster",
                    "apiCidrs, apiSources, admins and version are for clusters that the stack makes, and it makes none",
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


# A long-term support release: AWS keeps it for years, and the minor version moves when we say so.
DATABASE_VERSION = "16.8"


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
    max_connections: int | None = Field(
        default=None,
        ge=100,
        le=MOST_CONNECTIONS,
        description=f"Connections that a serverless instance takes, {MAX_CONNECTIONS} unless said; running ones have "
        "to be restarted for another number.",
    )
    roles: bool = Field(
        default=False,
        description="Whether the application logs in as a user that changes rows and nothing else. Without it, it is "
        "the master user.",
    )
    engine_version: str = Field(
        default=DATABASE_VERSION,
        pattern=r"^(1[6-9]|[2-9][0-9])\.[0-9]{1,2}$",
        description='Version of Aurora PostgreSQL, in quotes: "16.8". It only ever rises; docs/upgrades.md says how.',
    )
    final_snapshot: bool = Field(
        default=True, description="Whether a last snapshot is taken before the cluster is deleted. It stays, and costs."
    )


class BackupCopies(Strict):
    """Where copies of the database's snapshots go, once a day."""

    region: Annotated[str, AfterValidator(known_region)] | None = Field(
        default=None, description="Another one of the stack's regions, which has a key of the stack."
    )
    vault_arn: str | None = Field(
        default=None,
        pattern=r"^arn:aws:backup:[a-z0-9-]+:[0-9]{12}:backup-vault:[A-Za-z0-9_-]{2,50}$",
        description="ARN of a vault of another account of the organization, in the home region.",
    )

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.region is None and self.vault_arn is None:
            raise PydanticCustomError("nowhere", "it should have region, vaultArn, or both")
        return self


class Rotations(Strict):
    """How often each kind of password has been made anew. Raised by one at a time, so that nobody is locked out."""

    application: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="Of the users that database.roles makes.",
    )
    cache: int = Field(default=0, ge=0, le=10_000, description="Of Redis.")
    master: int = Field(default=0, ge=0, le=10_000, description="Of the database's master user.")


class ReadersOverride(Strict):
    """This stack's own number of Aurora readers. Stage 4 and above."""

    minimum: int | None = Field(default=None, ge=1, le=15, description="Fewest readers, 1 to 15 (AWS quota).")
    maximum: int | None = Field(default=None, ge=1, le=15, description="Most readers, 1 to 15 (AWS quota).")


class CacheOverride(Strict):
    """This stack's own cache: its engine and size. Stage 6 and above."""

    engine: Literal["redis", "valkey"] | None = Field(
        default=None,
        description="Engine of ElastiCache: valkey or redis. Without it, the one that the stack has; valkey, where it "
        "has no cache yet. It goes from redis to valkey and not back; docs/upgrades.md says how.",
    )
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
        if self.in_cluster and (self.node_type or self.nodes or self.engine):
            raise PydanticCustomError(
                "in_cluster", "nodeType, nodes and engine are ElastiCache's; leave them out, or inCluster"
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


def _log_in(given: SecretStr) -> SecretStr:
    value = given.get_secret_value()
    if value != UNREADABLE and not re.fullmatch(r"[^:\s]+:\S+", value):
        raise PydanticCustomError("log_in", "it should be a user name, a colon, and a password or token")
    return given


LogIn = Annotated[SecretStr, AfterValidator(_log_in)]
Host = Annotated[str, StringConstraints(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}(:[0-9]{2,5})?$")]
# Amazon ECR API Reference, CreateRepository: repositoryName.
RepositoryName = Annotated[
    str, Field(min_length=2, max_length=256, pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*$")
]


class Registry(Strict):
    """Where the container images are."""

    repositories: tuple[RepositoryName, ...] = Field(
        default=(),
        max_length=20,
        description="ECR repositories that the stack makes in its first region, scanned, and copied to all others in "
        "use. By one stack of an account; see docs/images.md.",
    )
    replicated: bool = Field(
        default=False,
        description="Whether you keep every ECR image in each region in use, under the same name and tag. Then each "
        "region pulls from its own registry.",
    )
    credentials: dict[Host, LogIn] = Field(
        default_factory=dict,
        max_length=5,
        description="Log-in at registries other than ECR, by host, as secrets: user:password. Docker Hub is docker.io.",
    )

    def log_in(self, host: str) -> tuple[str, str]:
        """User name and password at a registry."""
        username, _, password = self.credentials[host].get_secret_value().partition(":")
        return username, password

    @model_validator(mode="after")
    def _once(self) -> Self:
        if len(set(self.repositories)) < len(self.repositories):
            raise PydanticCustomError(
                "repeated",
                "each repository should be listed once",
                {"key": "registry.repositories", "given": list(self.repositories)},
            )
        ours = sorted(host for host in self.credentials if host.endswith(".amazonaws.com"))
        if ours:
            raise PydanticCustomError(
                "ecr",
                "ECR needs no password: roles log in there. Remove it",
                {"key": f"registry.credentials.{ours[0]}", "given": ""},
            )
        return self


class ExternalCache(Strict):
    """A Redis that somebody else runs, in place of ElastiCache."""

    url: Annotated[SecretStr, AfterValidator(_redis_url)] = Field(description="URL: rediss://:password@host:6379.")


def _day(value: object) -> object:
    """A day of its text. The engine makes a time in Go's own form of one that is not in quotes."""
    try:
        return date.fromisoformat(value.removesuffix(" 00:00:00 +0000 UTC")) if isinstance(value, str) else value
    except ValueError:
        raise PydanticCustomError("day", "it should be a day such as 2026-01-31") from None


def today() -> date:
    """The day by UTC, which an allowance's last day is counted from."""
    return datetime.now(UTC).date()


def _soon(until: date) -> date:
    last = today() + timedelta(days=ALLOWANCE_DAYS.value)
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
