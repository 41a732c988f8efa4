"""The values each chart takes, typed. `python -m charts.values` writes the charts' schemas from them.

Whoever installs a chart builds one of these, so that a mistake is refused before Helm is started; what only Helm sees
(a values file written by hand) is refused by the schema, or by the same sums in the chart's templates.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

CHARTS = Path(__file__).resolve().parent

# A pod's name goes into host names, and a label takes no more than 63 characters.
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$")]
OptionalName = Annotated[str, Field(pattern=r"^([a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?)?$")]
Key = Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]{1,253}$")]
Port = Annotated[int, Field(ge=1, le=65535)]
# What goes into a configuration file unquoted must not be able to start another setting.
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,63}$")]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,253}$")]
Cidr = Annotated[str, Field(pattern=r"^[0-9a-fA-F.:]+/[0-9]{1,3}$")]
Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?(m|Ki|Mi|Gi)?$")]
Repository = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._:/-]*$")]
Tag = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", description="Never `latest`.")]
Labels = dict[str, str]


class Values(BaseModel):
    """Strict, closed and unchangeable; camelCase outside, as Helm has it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", strict=True, frozen=True)

    def to_helm(self) -> dict[str, Any]:
        """What `helm --values`, or a Release's `values`, takes."""
        return self.model_dump(by_alias=True, mode="json")


class Image(Values):
    """A container image, by tag and, where given, by digest as well."""

    repository: Repository
    tag: Tag
    digest: Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64})?$")] = ""
    pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"

    @model_validator(mode="after")
    def _pinned(self) -> Image:
        if self.tag == "latest":
            raise ValueError("image.tag latest is whatever was pushed last; name a version")
        return self


class PgBouncerImage(Image):
    """PgBouncer's, from the operator project that keeps it current."""

    repository: Repository = "ghcr.io/cloudnative-pg/pgbouncer"
    tag: Tag = "1.25.2"


class RedisImage(Image):
    """The official one. 7.2 is the last line under the BSD license."""

    repository: Repository = "docker.io/library/redis"
    tag: Tag = "7.2.16-alpine"


class Amounts(Values):
    """CPU and memory."""

    cpu: Quantity
    memory: Quantity


class Resources(Values):
    """What a container is promised, and where it is stopped."""

    requests: Amounts
    limits: Amounts


class Scheduling(Values):
    """Where pods may be put next to each other."""

    zone_spread: Literal["ScheduleAnyway", "DoNotSchedule"] = Field(
        default="ScheduleAnyway", description="Whether a pod rather waits than makes zones uneven."
    )
    host_anti_affinity: Literal["preferred", "required"] = Field(
        default="preferred", description="Whether a pod rather waits than shares a node with another one."
    )


class Policy(Values):
    """Who may talk to the pods, and whom they may talk to."""

    enabled: bool = True
    clients: Labels = Field(default={}, description="Labels of the pods that may connect; needed when enabled.")
    client_namespaces: Labels = Field(default={}, description="Labels of their namespace; empty for the release's own.")


# --- PgBouncer


class Database(Values):
    """One line of [databases]: the name clients ask for and where it is."""

    name: Word
    host: Host
    port: Port = 5432
    dbname: Word | None = Field(default=None, description="The database's name on the server; the same where left out.")
    pool_size: int | None = Field(default=None, ge=1, le=1000, description="pool.defaultSize where left out.")
    max_db_connections: int | None = Field(
        default=None, ge=1, le=5000, description="pool.maxDbConnections where left out."
    )


class Pool(Values):
    """Connections. There is no unlimited: PgBouncer's 0 is below every minimum."""

    mode: Literal["transaction", "session"] = "transaction"
    default_size: int = Field(
        default=20, ge=1, le=1000, description="Server connections per user and database, per pod."
    )
    reserve_size: int = Field(
        default=5, ge=0, le=1000, description="On top of it, for clients that waited reserveTimeout."
    )
    reserve_timeout: int = Field(default=3, ge=1, le=60)
    max_db_connections: int = Field(default=25, ge=1, le=5000, description="Server connections per database, per pod.")
    max_user_connections: int = Field(default=25, ge=1, le=5000, description="Server connections per user, per pod.")
    max_client_connections: int = Field(default=100, ge=1, le=20000, description="Client connections per pod.")
    max_prepared_statements: int = Field(
        default=200, ge=0, le=10000, description="Kept per server connection; PgBouncer 1.21 or newer. 0 leaves it out."
    )


class Timeouts(Values):
    """Seconds. 0 switches one off."""

    query_wait: int = Field(default=30, ge=1, le=600, description="A client waits this long for a server connection.")
    idle_transaction: int = Field(
        default=60, ge=0, le=86400, description="An open transaction may do nothing for this long."
    )
    server_idle: int = Field(default=300, ge=0, le=86400)
    server_lifetime: int = Field(default=1800, ge=60, le=86400)
    server_connect: int = Field(default=10, ge=1, le=120)
    server_login_retry: int = Field(default=2, ge=1, le=60)
    dns_max_ttl: int = Field(
        default=5, ge=1, le=300, description="A failover moves the database's name within this time."
    )


class AuthQuery(Values):
    """Ask the database for a user's SCRAM secret, instead of listing every user."""

    enabled: bool = False
    user: Word = "pgbouncer"
    database: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{0,63}$")] = Field(
        default="",
        description="Where the query runs (auth_dbname, PgBouncer 1.19 or newer); empty for the client's own.",
    )
    query: Annotated[str, Field(pattern=r"^[^\r\n]+$")] = "SELECT usename, passwd FROM pgbouncer.get_auth($1)"


class Auth(Values):
    """Who may log in: SCRAM, from an existing Secret."""

    secret_name: OptionalName = Field(default="", description="The Secret that holds the user list. Needed.")
    key: Key = "userlist.txt"
    revision: str = Field(
        default="", description="Another one restarts the pods in turn. They read a changed Secret by themselves."
    )
    query: AuthQuery = AuthQuery()
    admin_users: list[Word] = Field(default=[], description="May use the console to pause, reload and shut down.")
    stats_users: list[Word] = Field(default=[], description="May use the console to look.")


class AuthorityFile(Values):
    """A certificate authority's bundle."""

    kind: Literal["ConfigMap", "Secret"] = "ConfigMap"
    name: OptionalName = ""
    key: Key = "ca.crt"
    pem: Annotated[str, Field(pattern=r"^$|-----BEGIN CERTIFICATE-----")] = Field(
        default="", description="The bundle itself, instead of the name of what holds it."
    )


class ServerTls(Values):
    """To the database."""

    mode: Literal["disable", "require", "verify-ca", "verify-full"] = "verify-full"
    ca: AuthorityFile = AuthorityFile()


class ClientTls(Values):
    """From the application."""

    mode: Literal["disable", "allow", "prefer", "require"] = "disable"
    secret_name: OptionalName = Field(default="", description="A kubernetes.io/tls Secret: tls.crt and tls.key.")


class Listen(Values):
    """Where PgBouncer listens."""

    address: Annotated[str, Field(pattern=r"^[0-9a-fA-F.:*]+$")] = "*"
    port: Annotated[int, Field(ge=1024, le=65535)] = 6432


class Autoscaling(Values):
    """A HorizontalPodAutoscaler. Off by default: each pod more is maxDbConnections more."""

    enabled: bool = False
    min_replicas: int = Field(default=2, ge=1, le=50)
    max_replicas: int = Field(default=4, ge=1, le=50)
    cpu_target: int = Field(default=70, ge=10, le=95, description="Percent of the CPU request.")


class Shutdown(Values):
    """How a pod goes: first no new clients, then the last transactions, then it ends."""

    drain_seconds: int = Field(
        default=15, ge=1, le=300, description="Until no one sends new clients here; it serves meanwhile."
    )
    grace_seconds: int = Field(default=60, ge=5, le=3600, description="All of it; what runs longer is cut off.")


class PgBouncerPolicy(Policy):
    """PgBouncer talks to databases and to DNS."""

    database_cidrs: list[Cidr] = Field(default=[], description="Where databases are; empty for their ports anywhere.")


# PgBouncer, "ignore_startup_parameters" and "track_extra_parameters": it keeps what PostgreSQL reports, and refuses all
# else with FATAL 08P01 unless it is listed here. Nothing that changes what a statement means, as search_path does: who
# asks for that has to hear that it is not to be had. Never `options` either, which would let in whatever it contains;
# from 1.20 on, what it contains is looked up here one by one.
_LEFT_OUT = (
    # How many digits are printed; without it, PostgreSQL 12 and newer print what reads back as the same number.
    "extra_float_digits",
    # The limits of PostgreSQL's "Statement Behavior".
    "statement_timeout",
    "lock_timeout",
    "transaction_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
)


class PgBouncer(Values):
    """Values of charts/pgbouncer."""

    image: PgBouncerImage = PgBouncerImage()
    image_pull_secrets: list[Name] = []
    run_as_user: int = Field(default=998, ge=1, le=2147483647, description="The image's own user.")
    replicas: int = Field(default=2, ge=1, le=50)
    databases: list[Database] = Field(default=[], description="At least one.")
    connection_budget: int | None = Field(
        default=None, ge=1, le=100000, description="Connections one database server has for all pods together. Needed."
    )
    listen: Listen = Listen()
    pool: Pool = Pool()
    timeouts: Timeouts = Timeouts()
    ignore_startup_parameters: list[Word] = Field(
        default=list(_LEFT_OUT), description="What a driver may ask for when it connects, and does not get."
    )
    auth: Auth = Auth()
    server_tls: ServerTls = ServerTls()
    client_tls: ClientTls = ClientTls()
    autoscaling: Autoscaling = Autoscaling()
    shutdown: Shutdown = Shutdown()
    scheduling: Scheduling = Scheduling()
    network_policy: PgBouncerPolicy = PgBouncerPolicy()
    resources: Resources = Resources(
        requests=Amounts(cpu="100m", memory="64Mi"), limits=Amounts(cpu="1", memory="128Mi")
    )

    @property
    def pods_at_once(self) -> int:
        """Most pods that hold connections at a time: an update adds a new one while an old one still drains."""
        return (self.autoscaling.max_replicas if self.autoscaling.enabled else self.replicas) + 2

    def connections(self) -> dict[str, int]:
        """Most connections each server (host:port) can get from all pods together."""
        each: dict[str, int] = {}
        for database in self.databases:
            server = f"{database.host}:{database.port}"
            each[server] = each.get(server, 0) + (database.max_db_connections or self.pool.max_db_connections)
        return {server: caps * self.pods_at_once for server, caps in each.items()}

    @model_validator(mode="after")
    def _adds_up(self) -> PgBouncer:
        problems = [text for text, wrong in self._questions() if wrong]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _questions(self) -> list[tuple[str, bool]]:
        budget = self.connection_budget
        return [
            ("databases: name at least one", not self.databases),
            ("databases: two have the same name", len({each.name for each in self.databases}) < len(self.databases)),
            ("databases: pgbouncer is the console's name", any(each.name == "pgbouncer" for each in self.databases)),
            ("connectionBudget is needed", budget is None),
            ("auth.secretName is needed", not self.auth.secret_name),
            ("networkPolicy.clients is needed", self.network_policy.enabled and not self.network_policy.clients),
            (
                f"serverTls.ca.name is needed for {self.server_tls.mode}, or serverTls.ca.pem",
                self.server_tls.mode.startswith("verify") and not (self.server_tls.ca.name or self.server_tls.ca.pem),
            ),
            (
                "serverTls.ca has a name and a pem; it should have one of them",
                bool(self.server_tls.ca.name and self.server_tls.ca.pem),
            ),
            (
                "clientTls.secretName is needed",
                self.client_tls.mode != "disable" and not self.client_tls.secret_name,
            ),
            (
                "autoscaling.minReplicas is above maxReplicas",
                self.autoscaling.min_replicas > self.autoscaling.max_replicas,
            ),
            (
                "shutdown.graceSeconds must be above drainSeconds",
                self.shutdown.grace_seconds <= self.shutdown.drain_seconds,
            ),
            *(
                (
                    f"{each.name}: a pool of {each.pool_size or self.pool.default_size} is above the cap of "
                    f"{each.max_db_connections or self.pool.max_db_connections} connections",
                    (each.pool_size or self.pool.default_size)
                    > (each.max_db_connections or self.pool.max_db_connections),
                )
                for each in self.databases
            ),
            *(
                (
                    f"{server}: {self.pods_at_once} pods x {most // self.pods_at_once} connections = {most}, "
                    f"above the budget of {budget}",
                    budget is not None and most > budget,
                )
                for server, most in self.connections().items()
            ),
        ]


# --- Redis


class RedisTls(Values):
    """Between all: applications, replicas and sentinels."""

    enabled: bool = False
    secret_name: OptionalName = Field(default="", description="Keys tls.crt, tls.key and ca.crt. Needed when enabled.")
    client_certificates: bool = Field(default=False, description="Whether applications have to show one as well.")


class RedisAuth(Values):
    """One password for Redis and its sentinels, from an existing Secret."""

    secret_name: Name = "redis-credentials"  # noqa: S105 (its name, not what is in it)
    key: Key = "password"
    previous_key: Key = Field(
        default="previousPassword",
        description="The password before, which the Secret need not have: while it does, both let clients in.",
    )
    revision: str = Field(
        default="", description="Change it when the Secret's content changes: it restarts the pods in turn."
    )


class Sentinel(Values):
    """When a master counts as dead, and how fast it is replaced."""

    port: Annotated[int, Field(ge=1024, le=65535)] = 26379
    master_name: Word = "ascent"
    down_after_milliseconds: int = Field(default=5000, ge=500, le=60000)
    failover_timeout_milliseconds: int = Field(default=30000, ge=1000, le=600000)
    parallel_syncs: int = Field(default=1, ge=1, le=4)
    resources: Resources = Resources(
        requests=Amounts(cpu="50m", memory="32Mi"), limits=Amounts(cpu="200m", memory="64Mi")
    )


class Storage(Values):
    """The volume of each pod."""

    size_gi: int = Field(default=8, ge=1, le=1024)
    class_name: OptionalName = Field(default="", description="The cluster's default where empty.")


class RedisResources(Values):
    """Memory is both promised and the limit: a cache that is squeezed is no cache."""

    cpu_request: Quantity = "100m"
    cpu_limit: Quantity = "1"
    memory_mi: int = Field(default=512, ge=64, le=262144)


class RedisShutdown(Values):
    """How a pod goes: a master first hands over."""

    handover_seconds: int = Field(
        default=30, ge=5, le=300, description="How long a master waits for another to take over."
    )
    grace_seconds: int = Field(default=60, ge=10, le=600)


class Redis(Values):
    """Values of charts/redis."""

    image: RedisImage = RedisImage()
    image_pull_secrets: list[Name] = []
    run_as_user: int = Field(default=999, ge=1, le=2147483647, description="The image's own user.")
    replicas: Literal[3, 5] = Field(
        default=3, description="Pods with a Redis and a sentinel each; the quorum is the majority."
    )
    port: Annotated[int, Field(ge=1024, le=65535)] = 6379
    cluster_domain: Host = "cluster.local"
    maxmemory_mi: int = Field(default=256, ge=16, le=262144)
    maxmemory_policy: Literal[
        "allkeys-lru",
        "allkeys-lfu",
        "allkeys-random",
        "volatile-lru",
        "volatile-lfu",
        "volatile-random",
        "volatile-ttl",
        "noeviction",
    ] = "allkeys-lru"
    appendonly: bool = True
    min_replicas_to_write: int = Field(default=1, ge=0, le=4, description="A master that sees fewer refuses writes.")
    auth: RedisAuth = RedisAuth()
    tls: RedisTls = RedisTls()
    sentinel: Sentinel = Sentinel()
    storage: Storage = Storage()
    shutdown: RedisShutdown = RedisShutdown()
    scheduling: Scheduling = Scheduling(host_anti_affinity="required")
    network_policy: Policy = Policy()
    resources: RedisResources = RedisResources()

    @model_validator(mode="after")
    def _adds_up(self) -> Redis:
        problems = [
            text
            for text, wrong in [
                (
                    f"maxmemoryMi {self.maxmemory_mi} is above three quarters of resources.memoryMi "
                    f"{self.resources.memory_mi}: saving and replicating need the rest",
                    self.maxmemory_mi * 4 > self.resources.memory_mi * 3,
                ),
                ("tls.secretName is needed", self.tls.enabled and not self.tls.secret_name),
                ("networkPolicy.clients is needed", self.network_policy.enabled and not self.network_policy.clients),
                (
                    f"minReplicasToWrite {self.min_replicas_to_write} stops every write when a pod is lost",
                    self.min_replicas_to_write > self.replicas - 2,
                ),
                (
                    "shutdown.graceSeconds must be above handoverSeconds",
                    self.shutdown.grace_seconds <= self.shutdown.handover_seconds,
                ),
            ]
            if wrong
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self


MODELS: dict[str, type[Values]] = {"pgbouncer": PgBouncer, "redis": Redis}


def schema(chart: str) -> str:
    """The values.schema.json of a chart. Draft 7 is what every Helm 3 reads."""
    body = MODELS[chart].model_json_schema(by_alias=True)
    return json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", **body}, indent=2) + "\n"


def main() -> None:
    """Write every chart's schema."""
    for chart in MODELS:
        (CHARTS / chart / "values.schema.json").write_text(schema(chart))
        sys.stderr.write(f"wrote charts/{chart}/values.schema.json\n")


if __name__ == "__main__":
    main()
