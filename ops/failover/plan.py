"""The steps of a failover, in order, with what they cost. Pure: settings in, a plan out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from infra import naming
from infra.settings import Settings
from infra.stages import Capability
from infra.thresholds import (
    APP_RESTART,
    CACHE_PROMOTION,
    DATABASE_PROMOTION,
    DATABASE_SWITCHOVER,
    FAILOVER_UPDATE,
    REPLICATION_MINUTES,
    SWITCHOVER_LAG,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step.

    id: what `perform` calls it.
    title: what is done, and why there, in one sentence.
    command: what a person would type for it.
    seconds: how long writes wait for it, by the thresholds.
    """

    id: str
    title: str
    command: str
    seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """What an unplanned failover may lose, in seconds before the outage; None for what is not ours to say."""

    database: float | None
    cache: float | None
    objects: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A failover.

    source, target: region that takes the writes now, and then.
    lost: whether `source` no longer answers, so that what had not left it is gone.
    database, cache: names of the Aurora Global Database and of the Global Datastore, or None where they are not ours.
    regions: all regions in use.
    rpo: what may be lost.
    rto: seconds that writes may wait, all steps together.
    """

    stack: str
    source: str
    target: str
    lost: bool
    database: str | None
    cache: str | None
    regions: tuple[str, ...]
    host: str
    steps: tuple[Step, ...]
    rpo: Loss
    rto: int

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


class RefusedError(Exception):
    """A failover that cannot be. The text says why, and what to do."""


def plan(settings: Settings, stack: str, target: str, *, lost: bool, lag: float) -> Plan:
    """The plan to have `target` take the writes of a stack.

    Args:
        settings: of the stack, as its file is now.
        stack: its name.
        target: AWS region.
        lost: whether the region that takes the writes now is out of reach.
        lag: seconds that the replicas are behind.

    Raises:
        RefusedError: when the stack has no such standby.
    """
    standbys = settings.standby_regions
    if len(standbys) == 1:
        raise RefusedError(
            f"Pulumi.{stack}.yaml: stage {settings.stage} runs in {settings.home} alone; regions to fail over to come "
            "with stage 7 and a second region under ascent:regions"
        )
    if target not in standbys:
        raise RefusedError(
            f"{target} is no standby of {stack}; those are {', '.join(standbys)}: the first three of ascent:regions"
        )
    source = settings.writing_region
    home = naming.regional(stack, settings.home)
    database = f"{home}-global" if settings.external_database is None else None
    ours = settings.row.has(Capability.CACHE) and settings.external_cache is None
    cache = f"{home}-global" if ours else None
    steps = tuple(_steps(settings, stack, source, target, lost=lost, database=database, cache=cache))
    behind = lag if lost else 0.0
    return Plan(
        stack=stack,
        source=source,
        target=target,
        lost=lost,
        database=database,
        cache=cache,
        regions=settings.active_regions,
        host=settings.domain.name,
        steps=steps,
        rpo=Loss(
            database=behind if database else None,
            cache=behind if cache else None,
            objects=REPLICATION_MINUTES.value * 60 if lost else 0.0,
        ),
        rto=sum(step.seconds for step in steps),
    )


def _steps(
    settings: Settings, stack: str, source: str, target: str, *, lost: bool, database: str | None, cache: str | None
) -> list[Step]:
    base = naming.regional(stack, target)
    steps = []
    if not lost:
        limit = SWITCHOVER_LAG.value
        steps.append(
            Step(
                id="check",
                title=f"See that {source} takes the writes, that {target} is ready and at most {limit} s behind",
                command=f"aws rds describe-global-clusters --region {source}",
                seconds=0,
            )
        )
    if database:
        verb, more = ("failover", " --allow-data-loss") if lost else ("switchover", "")
        steps.append(
            Step(
                id="database",
                title=f"Aurora: {verb} to {target}, " + ("losing what is behind" if lost else "losing nothing"),
                command=f"aws rds {verb}-global-cluster --region {target if lost else source} "
                f"--global-cluster-identifier {database} --target-db-cluster-identifier ARN_OF_{base}-db{more}",
                seconds=(DATABASE_PROMOTION if lost else DATABASE_SWITCHOVER).value,
            )
        )
    if cache:
        steps.append(
            Step(
                id="cache",
                title=f"Redis: promote {target} in the Global Datastore",
                command=f"aws elasticache failover-global-replication-group --region {target} --primary-region {target}"
                f" --global-replication-group-id ID_OF_{cache} --primary-replication-group-id ID_OF_{base}-cache",
                seconds=CACHE_PROMOTION.value,
            )
        )
    setting = f"rm ascent:writer --stack {stack}" if target == settings.home else f"set ascent:writer {target}"
    steps.append(
        Step(
            id="config",
            title=f"Say in Pulumi.{stack}.yaml that {target} takes the writes; commit it",
            command=f"pulumi config {setting}" + ("" if target == settings.home else f" --stack {stack}"),
            seconds=0,
        )
    )
    steps.append(
        Step(
            id="update",
            title="Move the addresses, the workers and the jobs"
            + (f"; go on past what {source} does not answer" if lost else ""),
            command=f"pulumi up --stack {stack}" + (" --continue-on-error" if lost else ""),
            seconds=FAILOVER_UPDATE.value,
        )
    )
    if settings.runtime.on_ec2:
        steps.append(
            Step(
                id="restart",
                title="Restart the application on its instances, which then fetch the new addresses",
                command="aws ssm send-command --document-name AWS-RunShellScript --targets "
                f"Key=tag:ascent:stack,Values={stack} --parameters commands='systemctl restart app' --region EACH",
                seconds=APP_RESTART.value,
            )
        )
    steps.append(
        Step(
            id="verify",
            title=f"See that {target} takes the writes, and that the application answers",
            command=f"curl --fail https://{settings.domain.name}/api/health",
            seconds=0,
        )
    )
    return steps
