"""The steps of a failover, in order, with what they cost. Pure: settings in, a plan out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from infra import naming
from infra.settings import Settings
from infra.thresholds import (
    APP_RESTART,
    CACHE_PROMOTION,
    DATABASE_PROMOTION,
    DATABASE_SWITCHOVER,
    FAILOVER_UPDATE,
    REPLICATION_MINUTES,
    SWITCHOVER_LAG,
)

WRITER, UNREACHABLE = "ascent:writer", "ascent:unreachable"


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

    home: the stack's first region.
    source, target: region that takes the writes now, and then.
    lost: region that no longer answers, so that what had not left it is gone; None for a switchover.
    database, cache: names of the Aurora Global Database and of the Global Datastore, or None where they are not ours.
    regions: all regions in use.
    rpo: what may be lost.
    rto: seconds that writes may wait, all steps together.
    """

    stack: str
    home: str
    source: str
    target: str
    lost: str | None
    database: str | None
    cache: str | None
    regions: tuple[str, ...]
    host: str
    steps: tuple[Step, ...]
    rpo: Loss
    rto: int

    @property
    def file(self) -> dict[str, str | None]:
        """What the stack's file is to say: value by key, None for none."""
        return {WRITER: None if self.target == self.home else self.target, UNREACHABLE: self.lost}

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
        RefusedError: when the stack has no such standby, or a region is lost that should not be.
    """
    _refuse(settings, stack, target)
    source = settings.writing_region
    # Once the file says who writes, it also says who is lost: what was interrupted goes on from there.
    gone = (settings.unreachable if source == target else source) if lost else None
    if lost and gone is None:
        raise RefusedError(f"Pulumi.{stack}.yaml says that {target} takes the writes, and that no region is lost")
    if settings.unreachable not in (None, gone):
        raise RefusedError(
            f"Pulumi.{stack}.yaml: ascent:unreachable: given {settings.unreachable}; when that region answers again, "
            f"remove the key, run pulumi up --stack {stack}, and then this"
        )
    world = f"{naming.regional(stack, settings.home)}-global"
    database = world if settings.external_database is None else None
    size = settings.sizes.cache
    cache = world if size is not None and not size.in_cluster and settings.external_cache is None else None
    behind = lag if gone else 0.0
    draft = Plan(
        stack=stack,
        home=settings.home,
        source=source,
        target=target,
        lost=gone,
        database=database,
        cache=cache,
        regions=settings.active_regions,
        host=settings.domain.name,
        steps=(),
        rpo=Loss(
            database=behind if database else None,
            cache=behind if cache else None,
            objects=timedelta(minutes=REPLICATION_MINUTES.value).total_seconds() if gone else 0.0,
        ),
        rto=0,
    )
    steps = tuple(_steps(draft, on_instances=settings.runtime.on_ec2))
    return replace(draft, steps=steps, rto=sum(step.seconds for step in steps))


def around(stack: str, lost: str | None) -> list[str]:
    """Arguments of an update that leaves out what AWS and Kubernetes hold in a lost region.

    Left in, the first change that the region does not answer would hold up everything that refers to it: the global
    database, and by it the addresses of every region.
    """
    if lost is None:
        return []
    base = naming.regional(stack, lost)
    return ["--continue-on-error", *(f"--exclude=**${provider}:**::{base}*" for provider in ("aws", "kubernetes"))]


def _refuse(settings: Settings, stack: str, target: str) -> None:
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


def _steps(one: Plan, *, on_instances: bool) -> Iterator[Step]:
    if not one.lost:
        yield _check(one)
    if one.database:
        yield _database(one)
    if one.cache:
        yield _cache(one)
    yield _config(one)
    yield Step(
        id="update",
        title="Move the addresses, the workers and the jobs" + (f"; leave out all of {one.lost}" if one.lost else ""),
        command=" ".join([f"pulumi up --stack {one.stack}", *(f"'{more}'" for more in around(one.stack, one.lost))]),
        seconds=FAILOVER_UPDATE.value,
    )
    if on_instances:
        yield Step(
            id="restart",
            title="Restart the application on its instances, which then fetch the new addresses",
            command="aws ssm send-command --document-name AWS-RunShellScript --targets "
            f"Key=tag:ascent:stack,Values={one.stack} --parameters commands='systemctl restart app' --region EACH",
            seconds=APP_RESTART.value,
        )
    yield Step(
        id="verify",
        title=f"See that {one.target} takes the writes, and that the application answers",
        command=f"curl --fail https://{one.host}/api/health",
        seconds=0,
    )


def _check(one: Plan) -> Step:
    limit = SWITCHOVER_LAG.value
    return Step(
        id="check",
        title=f"See that {one.source} takes the writes, that {one.target} is ready and at most {limit} s behind",
        command=f"aws rds describe-global-clusters --region {one.source}",
        seconds=0,
    )


def _database(one: Plan) -> Step:
    verb, region, more = ("failover", one.target, " --allow-data-loss") if one.lost else ("switchover", one.source, "")
    return Step(
        id="database",
        title=f"Aurora: {verb} to {one.target}, losing {'what is behind' if one.lost else 'nothing'}",
        command=f"aws rds {verb}-global-cluster --region {region} --global-cluster-identifier {one.database} "
        f"--target-db-cluster-identifier ARN_OF_{naming.regional(one.stack, one.target)}-db{more}",
        seconds=(DATABASE_PROMOTION if one.lost else DATABASE_SWITCHOVER).value,
    )


def _cache(one: Plan) -> Step:
    return Step(
        id="cache",
        title=f"Redis: promote {one.target} in the Global Datastore",
        command=f"aws elasticache failover-global-replication-group --region {one.target} "
        f"--primary-region {one.target} --global-replication-group-id ID_OF_{one.cache} "
        f"--primary-replication-group-id ID_OF_{naming.regional(one.stack, one.target)}-cache",
        seconds=CACHE_PROMOTION.value,
    )


def _config(one: Plan) -> Step:
    writer = one.file[WRITER]
    said = [f"set {WRITER} {writer}" if writer else f"rm {WRITER}"]
    said += [f"set {UNREACHABLE} {one.lost}"] if one.lost else []
    return Step(
        id="config",
        title=f"Say in Pulumi.{one.stack}.yaml that {one.target} takes the writes"
        + (f" and that {one.lost} is lost; commit it" if one.lost else "; commit it"),
        command=" && ".join(f"pulumi config {words} --stack {one.stack}" for words in said),
        seconds=0,
    )
