"""The one typed door for a stack's config. Nothing else reads `pulumi.Config`, and no key that is not here passes.

People write camelCase keys under `ascent:` in `Pulumi.<stack>.yaml`; `parse` turns them into `Settings` or into one
message per problem. The program and the commands come through the same door.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from infra.choices import (
    Alerts,
    CacheOverride,
    DatabaseOverride,
    Dns,
    Domain,
    ExternalCache,
    ExternalDatabase,
    FleetOverride,
    HpaOverride,
    Jobs,
    Network,
    ReadersOverride,
    Rollout,
    Runtime,
    SecretName,
    Strict,
    WorkersOverride,
    known_region,
    no_repeats,
)
from infra.connections import Budget, budget, max_connections
from infra.problems import SECRETS, describe, is_echo
from infra.regions import REGIONS
from infra.stages import STAGES, Capability, Sizes, Stage

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


class SettingsError(Exception):
    """A stack's config is not usable. `problems` holds one message each, made for the person who edits the file."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(Strict):
    """Everything a stack chooses. What it leaves out comes from its stage's row."""

    stage: Literal[1, 2, 3, 4, 5, 6, 7] = Field(
        description="The scaling stage, 1 to 7; `ascent stages` shows what each adds."
    )
    regions: Annotated[tuple[Annotated[str, AfterValidator(known_region)], ...], AfterValidator(no_repeats)] = Field(
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
