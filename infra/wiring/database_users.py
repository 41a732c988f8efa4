"""Database users: the master user alone, or one user for each purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.components.data.credentials import Credentials
from infra.components.data.database import DATABASE, Database
from infra.components.data.master_secret import MasterSecret
from infra.components.data.role_keeper import Login, RoleKeeper, RoleKeeperArgs
from infra.components.data.role_secrets import RoleSecrets, RoleSecretsArgs
from infra.config.settings import Settings
from infra.roles.names import APPLICATIONS, JOBS, MASTER, OWNER, READS, WRITES
from infra.rotation import Turn, Turns
from infra.thresholds import APP_STATEMENT_SECONDS, CONNECTION_RESERVE, JOB_CONNECTIONS
from infra.wiring.region_context import RegionContext

_READ_CONNECTIONS = 5  # connections: people who look; within CONNECTION_RESERVE
_READ_STATEMENT_SECONDS = 300  # seconds: a question of a person, not a report


@dataclass(frozen=True, kw_only=True)
class User:
    """A user and its password: a secret output, known once the user can log in."""

    name: str
    password: pulumi.Output[str]

    def url(self, host: pulumi.Input[str]) -> pulumi.Output[str]:
        """URL of the database at `host` for this user."""
        return pulumi.Output.concat(
            "postgresql://", self.name, ":", self.password, "@", host, "/", DATABASE, "?sslmode=require"
        )


@dataclass(frozen=True, kw_only=True)
class Users:
    """The users of the database.

    application: the user that the application logs in as from this update on.
    all_applications: that user, the one that instances and pods may still use, and the master, which they used before.
    jobs: the user of jobs and migrations.
    """

    application: User
    all_applications: Sequence[User]
    jobs: User


def users(
    regions: Sequence[RegionContext],
    clusters: Mapping[str, Database],
    masters: Mapping[str, Credentials | MasterSecret],
    credentials: Credentials,
    turns: Turns,
) -> tuple[Users, dict[str, RoleSecrets]]:
    """Declare the users, the same in every region. Returns them, and the secrets with their passwords by region."""
    settings, turn = regions[0].settings, turns.application
    master = User(name=MASTER, password=credentials.database_password)
    if not turns.has_roles:
        return Users(application=master, all_applications=[master], jobs=master), {}
    passwords = credentials.roles()
    secrets = {
        region.name: RoleSecrets(
            f"{region.base}-logins",
            RoleSecretsArgs(key_arn=region.key_arn, passwords=passwords),
            opts=region.options,
        )
        for region in regions
    }
    # IAM roles in every standby region: a failover must not wait for IAM, whose control plane is in us-east-1 alone.
    keepers = {
        region.name: _keeper(region, clusters[region.name], masters[region.name], secrets[region.name], turn)
        for region in regions
        if region.is_standby
    }
    keeper = keepers[settings.writing_region]
    known = {user: User(name=user, password=_after(keeper, password)) for user, password in passwords.items()}
    applications = [known[user] for user in APPLICATIONS]
    accepted = [*applications, master]
    if not settings.database.roles:
        # The roles are switched off, and instances may still use them.
        return Users(application=master, all_applications=accepted, jobs=master), secrets
    return Users(application=applications[turn.second], all_applications=accepted, jobs=known[JOBS]), secrets


def _keeper(
    region: RegionContext, cluster: Database, keys: Credentials | MasterSecret, made: RoleSecrets, turn: Turn
) -> RoleKeeper:
    return RoleKeeper(
        f"{region.base}-roles",
        RoleKeeperArgs(
            region=region.name,
            cluster_arn=cluster.arn,
            database=DATABASE,
            master_secret_arn=keys.master_secret_arn,
            key_arn=region.key_arn,
            secret_arns=list(made.arns.values()),
            logins=_logins(region.settings, made, turn),
            versions=list(made.versions.values()),
            calls=region.takes_writes,
        ),
        opts=region.after(cluster, keys, made),
    )


def _after(keeper: RoleKeeper, password: pulumi.Output[str]) -> pulumi.Output[str]:
    """A password, known once the user has it."""
    return pulumi.Output.secret(pulumi.Output.all(password, keeper.done).apply(lambda both: str(both[0])))


def _logins(settings: Settings, secrets: RoleSecrets, turn: Turn) -> dict[str, Login]:
    budget = settings.connections
    most = budget.limit - CONNECTION_RESERVE.value - JOB_CONNECTIONS.value
    # Instances may use the previous user until an update with the next one has succeeded.
    idle = None if turn.under_way else APPLICATIONS[not turn.second]
    writing = {
        user: Login(
            secret_arn=None if user == idle else secrets.arns[user],
            of=WRITES,
            limit=most,
            settings={"statement_timeout": f"{APP_STATEMENT_SECONDS.value}s"},
        )
        for user in APPLICATIONS
    }
    return {
        **writing,
        JOBS: Login(secret_arn=secrets.arns[JOBS], of=OWNER, limit=JOB_CONNECTIONS.value, settings={"role": OWNER}),
        READS: Login(
            secret_arn=secrets.arns[READS],
            of=READS,
            limit=_READ_CONNECTIONS,
            settings={
                "default_transaction_read_only": "on",
                "statement_timeout": f"{_READ_STATEMENT_SECONDS}s",
            },
        ),
    }
