"""Who logs in to the database in one region, and with what: the master alone, or a user of its own for each purpose."""

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
from infra.thresholds import (
    APP_STATEMENT_SECONDS,
    CONNECTION_RESERVE,
    JOB_CONNECTIONS,
    READ_CONNECTIONS,
    READ_STATEMENT_SECONDS,
)
from infra.wiring.site import Site


@dataclass(frozen=True, kw_only=True)
class User:
    """A user and its password, a secret output, known once it may log in."""

    name: str
    password: pulumi.Output[str]

    def url(self, host: pulumi.Input[str]) -> pulumi.Output[str]:
        """The database at `host` for this user."""
        return pulumi.Output.concat(
            "postgresql://", self.name, ":", self.password, "@", host, "/", DATABASE, "?sslmode=require"
        )


@dataclass(frozen=True, kw_only=True)
class Users:
    """Who there is.

    application: whom the application logs in as from now on.
    all_applications: that one, the one that machines may still have, and the master, whom they had before.
    jobs: whom jobs and migrations log in as.
    """

    application: User
    all_applications: Sequence[User]
    jobs: User


def users(
    sites: Sequence[Site],
    clusters: Mapping[str, Database],
    masters: Mapping[str, Credentials | MasterSecret],
    credentials: Credentials,
    turns: Turns,
) -> tuple[Users, dict[str, RoleSecrets]]:
    """Declare the users, the same in every region. Returns them, and the secrets of each region that has any."""
    settings, turn = sites[0].settings, turns.application
    master = User(name=MASTER, password=credentials.database_password)
    if not turns.has_roles:
        return Users(application=master, all_applications=[master], jobs=master), {}
    passwords = credentials.roles()
    secrets = {
        site.name: RoleSecrets(
            f"{site.base}-logins",
            RoleSecretsArgs(key_arn=site.key_arn, passwords=passwords),
            opts=site.place.options,
        )
        for site in sites
    }
    # Its role in all that can take the writes: a failover must not wait for IAM, which is changed in us-east-1 alone.
    keepers = {
        site.name: _keeper(site, clusters[site.name], masters[site.name], secrets[site.name], turn)
        for site in sites
        if site.place.standby
    }
    keeper = keepers[settings.writing_region]
    known = {user: User(name=user, password=_after(keeper, password)) for user, password in passwords.items()}
    applications = [known[user] for user in APPLICATIONS]
    everybody = [*applications, master]
    if not settings.database.roles:
        # Given up, and machines may still have them.
        return Users(application=master, all_applications=everybody, jobs=master), secrets
    return Users(application=applications[turn.second], all_applications=everybody, jobs=known[JOBS]), secrets


def _keeper(
    site: Site, cluster: Database, keys: Credentials | MasterSecret, made: RoleSecrets, turn: Turn
) -> RoleKeeper:
    return RoleKeeper(
        f"{site.base}-roles",
        RoleKeeperArgs(
            region=site.name,
            cluster_arn=cluster.arn,
            database=DATABASE,
            master_secret_arn=keys.master_secret_arn,
            key_arn=site.key_arn,
            secret_arns=list(made.arns.values()),
            logins=_logins(site.settings, made, turn),
            versions=list(made.versions.values()),
            calls=site.place.writes,
        ),
        opts=pulumi.ResourceOptions(providers=[site.place.provider], depends_on=[cluster, keys, made]),
    )


def _after(keeper: RoleKeeper, password: pulumi.Output[str]) -> pulumi.Output[str]:
    """A password once its user has it."""
    return pulumi.Output.secret(pulumi.Output.all(password, keeper.done).apply(lambda both: str(both[0])))


def _logins(settings: Settings, secrets: RoleSecrets, turn: Turn) -> dict[str, Login]:
    budget = settings.connections
    most = budget.limit - CONNECTION_RESERVE.value - JOB_CONNECTIONS.value
    # Machines may have the last one until an update has ended well with the next.
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
            limit=READ_CONNECTIONS.value,
            settings={
                "default_transaction_read_only": "on",
                "statement_timeout": f"{READ_STATEMENT_SECONDS.value}s",
            },
        ),
    }
