"""The one typed door for a stack's config. Nothing else reads `pulumi.Config`, and no key that is not here passes.

People write camelCase keys under `ascent:` in `Pulumi.<stack>.yaml`; `parse` turns them into `Settings` or into one
message per problem. The program and the commands come through the same door.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from infra.addressing import STACK_PREFIX
from infra.connections import CLASSES, Budget, budget, max_connections
from infra.problems import SECRETS, describe, is_echo
from infra.regions import REGIONS
from infra.stages import STAGES, Capability, Sizes, Stage

# Stands for an encrypted value where there is no engine to decrypt it.
UNREADABLE = "encrypted"
WEIGHTS = 100  # the weights of a rollout are percent of the traffic
# Steps of the two shares: with them, color weight x runtime share is always a whole percent, which an ALB can hold.
WEIGHT_STEP = 5
SHARE_STEP = 20


class SettingsError(Exception):
    """A stack's config is not usable. `problems` holds one message each, made for the person who edits the file."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


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


class _Strict(BaseModel):
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


def _known_region(region: str) -> str:
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


def _no_repeats(regions: tuple[str, ...]) -> tuple[str, ...]:
    repeated = sorted({region for region in regions if regions.count(region) > 1})
    if repeated:
        raise PydanticCustomError(
            "repeated", "each region should be listed once, and {again} is listed again", {"again": ", ".join(repeated)}
        )
    return regions


class Network(_Strict):
    """Addresses."""

    cidr: Annotated[IPv4Network, AfterValidator(_stack_range)] = Field(
        description=f"Range of the whole stack: a /{STACK_PREFIX} inside 10.0.0.0/8 that no other stack uses."
    )


class Domain(_Strict):
    """The application's host name, and who answers for it."""

    name: str = Field(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
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


class Color(_Strict):
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


class Rollout(_Strict):
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


Address = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
SecretName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]


class Alerts(_Strict):
    """Who hears of what."""

    warning: tuple[Address, ...] = Field(default=(), description="E-mail addresses that get warnings.")
    critical: tuple[Address, ...] = Field(default=(), description="E-mail addresses that get critical alerts.")


class FleetOverride(_Strict):
    """This stack's own fleet size."""

    instance_types: tuple[Annotated[str, Field(pattern=r"^[a-z0-9]+g[a-z]*\.[a-z0-9]+$")], ...] | None = Field(
        default=None, min_length=1, max_length=8, description="One to eight Graviton (arm64) instance types: c7g.large."
    )
    minimum: int | None = Field(default=None, ge=1, le=100, description="Fewest instances, 1 to 100.")
    maximum: int | None = Field(default=None, ge=1, le=100, description="Most instances, 1 to 100.")


class HpaOverride(_Strict):
    """This stack's own bounds of the Horizontal Pod Autoscaler."""

    minimum: int | None = Field(default=None, ge=1, le=100, description="Fewest pods, 1 to 100.")
    maximum: int | None = Field(default=None, ge=1, le=100, description="Most pods, 1 to 100.")


class DatabaseOverride(_Strict):
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


class ReadersOverride(_Strict):
    """This stack's own number of Aurora readers. Stage 4 and above."""

    minimum: int | None = Field(default=None, ge=1, le=15, description="Fewest readers, 1 to 15 (AWS quota).")
    maximum: int | None = Field(default=None, ge=1, le=15, description="Most readers, 1 to 15 (AWS quota).")


class CacheOverride(_Strict):
    """This stack's own Redis size. Stage 6 and above."""

    node_type: str | None = Field(
        default=None,
        pattern=r"^cache\.[mr][5-9][a-z]*\.[0-9]*x?large$",
        description="An M5, R5 or newer node type, which a Global Datastore needs: cache.m7g.large.",
    )
    nodes: int | None = Field(default=None, ge=2, le=6, description="Primary and replicas together, 2 to 6.")


class WorkersOverride(_Strict):
    """This stack's own number of queue workers. Stage 6 and above."""

    minimum: int | None = Field(default=None, ge=0, le=100, description="Fewest workers, 0 to 100.")
    maximum: int | None = Field(default=None, ge=1, le=100, description="Most workers, 1 to 100.")


PostgresUrl = Annotated[SecretStr, AfterValidator(_postgres_url)]


class ExternalDatabase(_Strict):
    """A PostgreSQL that somebody else runs, in place of Aurora."""

    direct_url: PostgresUrl = Field(description="URL of the database itself: postgresql://user:password@host/database.")
    pooled_url: PostgresUrl = Field(description="URL of its pooler, which the application uses from stage 2 on.")


class Jobs(_Strict):
    """The database jobs of stage 3 and above."""

    image: Image = Field(description="Image with database/ and your tables in it; see docs/database.md.")


class ExternalCache(_Strict):
    """A Redis that somebody else runs, in place of ElastiCache."""

    url: Annotated[SecretStr, AfterValidator(_redis_url)] = Field(description="URL: rediss://:password@host:6379.")


# Set by the platform in the application's environment.
RESERVED = frozenset(
    {
        "AWS_REGION",
        "BUCKETS",
        "DATABASE_DIRECT_URL",
        "DATABASE_READER_URL",
        "DATABASE_URL",
        "DB_POOL_MAX",
        "DB_POOL_MIN",
        "PORT",
        "QUEUE_URLS",
        "REDIS_URL",
        "ROLE",
        "SECRET_VERSION",
        "UPLOAD_MAX_BYTES",
    }
)
# An external database says nothing of its limit: its owner's pooler keeps it.
UNLIMITED = 1_000_000
OVERRIDES = ("fleet", "hpa", "database", "readers", "cache", "workers")


class Settings(_Strict):
    """Everything a stack chooses. What it leaves out comes from its stage's row."""

    stage: Literal[1, 2, 3, 4, 5, 6, 7] = Field(
        description="The scaling stage, 1 to 7; `ascent stages` shows what each adds."
    )
    regions: Annotated[tuple[Annotated[str, AfterValidator(_known_region)], ...], AfterValidator(_no_repeats)] = Field(
        min_length=1,
        max_length=len(REGIONS),
        description="AWS regions, the first being the primary. The others are used from stage 7 on.",
    )
    runtime: Runtime = Field(description="Where the workload runs: ec2, kubernetes or both.")
    network: Network = Field(description="Addresses: cidr.")
    domain: Domain = Field(description="The application's host name: name, dns, zoneId or certificateArn.")
    rollout: Rollout = Field(
        description="The versions that run: blue and green, each with image and weight; kubernetesShare."
    )
    protect: bool = Field(default=True, description="Whether what holds data or identity is guarded against deletion.")
    alerts: Alerts = Field(default_factory=Alerts, description="Who hears of what: warning and critical addresses.")
    app_secrets: dict[SecretName, SecretStr] = Field(
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
        default=1, ge=1, le=10_000, description="Raise it by one to have new passwords made at the next update."
    )
    fleet: FleetOverride = Field(
        default_factory=FleetOverride, description="Fleet size: instanceTypes, minimum, maximum."
    )
    hpa: HpaOverride = Field(default_factory=HpaOverride, description="Pod bounds: minimum, maximum.")
    database: DatabaseOverride = Field(
        default_factory=DatabaseOverride, description="Aurora: instanceClass, minAcu, maxAcu."
    )
    readers: ReadersOverride = Field(default_factory=ReadersOverride, description="Reader bounds: minimum, maximum.")
    cache: CacheOverride = Field(default_factory=CacheOverride, description="Redis size: nodeType, nodes.")
    workers: WorkersOverride = Field(default_factory=WorkersOverride, description="Worker bounds: minimum, maximum.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
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
        types = self.fleet.instance_types or ()
        if self.row.has(Capability.WARM_POOL) and len(types) > 1:
            raise PydanticCustomError(
                "warm_pool",
                "stage {stage} keeps a warm pool, which takes exactly one type",
                {"key": "fleet.instanceTypes", "given": list(types), "stage": self.stage},
            )
        if self.external_database is not None:
            self._refuse_sizes("database", ("database", "readers"))
        if self.external_cache is not None:
            self._refuse_sizes("cache", ("cache",))
        reserved = sorted(set(self.app_secrets) & RESERVED)
        if reserved:
            raise PydanticCustomError(
                "reserved",
                "{name} is set by the platform; name the application's own secrets otherwise",
                {"key": f"appSecrets.{reserved[0]}", "given": "", "name": reserved[0]},
            )
        try:
            self.row.sizes.overridden(self._overrides())
        except ValueError as error:
            name, _, reason = str(error).partition(": ")
            given = getattr(self, name).model_dump(exclude_none=True, by_alias=True)
            raise PydanticCustomError("size", "{reason}", {"key": name, "given": given, "reason": reason}) from error
        if not self.connections.holds:
            raise PydanticCustomError(
                "connections",
                "more could connect than the database takes: {sum}. Raise database.maxAcu, or lower fleet.maximum, "
                "hpa.maximum or workers.maximum",
                {"key": "database", "given": self.sizes.database.max_acu, "sum": str(self.connections)},
            )
        return self

    def _refuse_sizes(self, what: str, names: tuple[str, ...]) -> None:
        """Refuse overrides of the size of something that is not ours."""
        owned = [name for name in names if self._overrides()[name]]
        if owned:
            raise PydanticCustomError(
                "external",
                "this stack's {what} is an external one, whose size is not ours; remove the override",
                {"key": owned[0], "given": self._overrides()[owned[0]], "what": what},
            )

    @property
    def connections(self) -> Budget:
        """Who may connect to the database at once, and what it takes."""
        size = self.sizes
        per_color = (size.fleet.maximum if self.runtime.on_ec2 else 0) + (
            size.hpa.maximum if self.runtime.on_kubernetes else 0
        )
        running = sum(color.image is not None for color in self.rollout.colors.values())
        database = size.database
        limit = max_connections(database.instance_class, database.min_acu, database.max_acu)
        return budget(
            instances=per_color * running * len(self.active_regions),
            pooled=self.row.has(Capability.POOLING),
            workers=size.workers.maximum if size.workers else 0,
            limit=limit if self.external_database is None else UNLIMITED,
        )

    def _overrides(self) -> dict[str, dict[str, Any]]:
        return {name: getattr(self, name).model_dump(exclude_none=True) for name in OVERRIDES}

    @property
    def row(self) -> Stage:
        """The stage's row of the table."""
        return STAGES[self.stage]

    @property
    def sizes(self) -> Sizes:
        """The stage's sizes with this stack's overrides."""
        return self.row.sizes.overridden(self._overrides())

    @property
    def active_regions(self) -> tuple[str, ...]:
        """The regions in use at this stage, the primary first."""
        return self.regions if self.row.has(Capability.REGIONAL_REPLICAS) else self.regions[:1]


def parse(config: Mapping[str, Any], file: str, encrypted: Collection[str]) -> Settings:
    """Settings from the values under `ascent:`.

    Args:
        config: values by key without the project, as JSON-like data.
        file: the file they come from, as the messages are to name it.
        encrypted: the keys whose values are encrypted in that file.

    Raises:
        SettingsError: with one message for each problem.
    """
    plain = [key for key in SECRETS if config.get(key) and key not in encrypted]
    if plain:
        raise SettingsError(
            [
                f"{file}: ascent:{key}: its values are in plain text; all of them should be encrypted. Remove them "
                f"and set each with: pulumi config set --secret --path 'ascent:{key}.NAME'"
                for key in plain
            ]
        )
    try:
        # By way of JSON, because strict mode takes a list for a tuple and a string for an enum only there.
        return Settings.model_validate_json(json.dumps(dict(config)), by_alias=True)
    except ValidationError as error:
        problems = [problem for problem in error.errors() if not is_echo(problem, config)]
        raise SettingsError([describe(problem, Settings, config, file) for problem in problems]) from None


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
    values = {key.removeprefix(prefix): _decode(value) for key, value in everything.items() if key.startswith(prefix)}
    encrypted = {key for key in values if pulumi.runtime.is_config_secret(f"{prefix}{key}")}
    return parse(values, f"Pulumi.{pulumi.get_stack()}.yaml", encrypted)


def _decode(value: str) -> Any:
    """The value that the engine handed over as a string: JSON where it is that, else the string itself."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
