"""The steps of a failover, in order, with the time that they take. Pure: settings in, a plan out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from infra import naming
from infra.config.settings import Settings
from infra.security_groups import ANYWHERE
from infra.thresholds import (
    APP_RESTART,
    CACHE_PROMOTION,
    DATABASE_PORT,
    DATABASE_PROMOTION,
    DATABASE_SWITCHOVER,
    FAILOVER_UPDATE,
    REPLICATION_MINUTES,
    RESTART_SHARE,
    SWITCHOVER_LAG,
)
from ops import stackfile
from ops.failover.config import Value
from ops.failover.fence import RULE
from ops.shell import aws_query

WRITER, UNREACHABLE, DRAINED = "ascent:writer", "ascent:unreachable", "ascent:drained"


@dataclass(frozen=True, kw_only=True, slots=True)
class FailoverStep:
    """One step.

    id: what `perform` calls it.
    title: what is done, and why at this point, in one sentence.
    command: what a person would type for it.
    seconds: how long writes wait for it, by the thresholds.
    """

    id: str
    title: str
    command: str
    seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """What an unplanned failover may lose, in seconds before the outage; None where it is not known here.

    objects: None where objects that are older than their replication may be missing.
    """

    database: float | None
    cache: float | None
    objects: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FailoverPlan:
    """A failover.

    home: the stack's first region.
    source, target: region that takes the writes before and after.
    lost: region that no longer answers, so that what was not yet replicated is gone; None for a switchover.
    drained: regions that get no traffic until Aurora has made their copy of the database anew.
    returned: region that was lost and answers again.
    fenced: region whose database is closed to clients, so that no write reaches it; None where it is external.
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
    drained: tuple[str, ...]
    returned: str | None
    fenced: str | None
    database: str | None
    cache: str | None
    regions: tuple[str, ...]
    host: str
    health: str
    steps: tuple[FailoverStep, ...]
    rpo: Loss
    rto: int

    @property
    def file(self) -> dict[str, Value]:
        """The keys of the stack's file after the failover."""
        return {
            # Also for the home region: a file without the key would look like one from before the failover.
            WRITER: self.target,
            UNREACHABLE: self.lost,
            DRAINED: self.drained or None,
        }

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


class FailoverRefusedError(Exception):
    """A failover that is not possible. The text says why, and what to do."""


def plan(
    settings: Settings,
    stack: str,
    target: str,
    *,
    lost: bool,
    lag: float,
    without_old_objects: bool = False,
    key: str | None = None,
) -> FailoverPlan:
    """The plan to move the writes of a stack to `target`.

    Args:
        settings: of the stack, as its file is now.
        stack: its name.
        target: AWS region.
        lost: whether the region that takes the writes now does not answer.
        lag: seconds that the replicas are behind.
        without_old_objects: go on although objects that are older than their replication may be missing there.
        key: URL of the KMS key that the stack's secrets are encrypted with, if it is one.

    Raises:
        FailoverRefusedError: when the stack has no such standby, a region is lost that should not be, or objects are
            missing.
    """
    _refuse(settings, stack, target)
    said = settings.writer or settings.unreachable or settings.drained
    if not lost and target == settings.writing_region and not said:
        # If the file names the target already, a failover was begun, and some steps may be left.
        others = [one for one in settings.standby_regions if one != target]
        raise FailoverRefusedError(
            f"{target} takes the writes of {stack} already, so there is nothing to do. Others that can: "
            f"{', '.join(others)}"
        )
    # The home region has all objects: what is written elsewhere is replicated to it from the first object on.
    copied = target == settings.home or target in settings.backfilled
    if not copied and not without_old_objects:
        raise FailoverRefusedError(_missing(settings, stack, target, lost=lost))
    source = settings.writing_region
    # Once the file names the writing region, it also names the lost one: an interrupted failover goes on from there.
    gone = (settings.unreachable if source == target else source) if lost else None
    if lost and gone is None:
        raise FailoverRefusedError(
            f"Pulumi.{stack}.yaml says that {target} takes the writes, and that no region is lost. To have "
            f"updates do without another one that is: pulumi config set {UNREACHABLE} REGION --stack {stack}; then try "
            "again"
        )
    # Without --lost, a file that names the writing region means that no region is lost any more.
    returned = settings.unreachable if source == target and not lost else None
    if settings.unreachable not in (None, gone, returned):
        raise FailoverRefusedError(
            f"Pulumi.{stack}.yaml: ascent:unreachable: given {settings.unreachable}; when that region answers again, "
            f"first put it back into service: ascent failover --stack {stack} --to {source} --apply"
        )
    own = settings.external_database is None
    if own and settings.drained and source != target and not lost:
        raise FailoverRefusedError(
            f"Pulumi.{stack}.yaml: ascent:drained: given {', '.join(settings.drained)}; a switchover is for a database "
            f"whose copies are all there. To send them traffic again once they are: "
            f"ascent failover --stack {stack} --to {source} --apply"
        )
    world = f"{naming.regional(stack, settings.home)}-global"
    database = world if own else None
    size = settings.sizes.cache
    cache = world if size is not None and not size.in_cluster and settings.external_cache is None else None
    behind = lag if gone else 0.0
    draft = FailoverPlan(
        stack=stack,
        home=settings.home,
        source=source,
        target=target,
        lost=gone,
        drained=(*_drained(settings, target, gone), *([returned] if returned and database else [])),
        returned=returned,
        fenced=_fenced(settings, gone or returned),
        database=database,
        cache=cache,
        regions=settings.active_regions,
        host=settings.domain.name,
        health=f"https://{settings.domain.name}{settings.described.health_path}",
        steps=(),
        rpo=Loss(
            database=behind if database else None,
            cache=behind if cache else None,
            objects=(timedelta(minutes=REPLICATION_MINUTES.value).total_seconds() if gone else 0.0) if copied else None,
        ),
        rto=0,
    )
    steps = (*_key(draft, key), *_steps(draft, on_instances=settings.runtime.on_ec2))
    return replace(draft, steps=steps, rto=sum(step.seconds for step in steps))


def around(stack: str, lost: str | None) -> list[str]:
    """Arguments of an update that leaves out the resources of AWS and Kubernetes in a lost region.

    Otherwise the first change that the region does not answer would block everything that refers to it: the global
    database, and through it the addresses of every region.
    """
    if lost is None:
        return []
    return ["--continue-on-error", *(f"--exclude={urn}" for urn in excluded(stack, lost))]


def excluded(stack: str, lost: str) -> list[str]:
    """URNs, with wildcards, of the resources of AWS and Kubernetes in a lost region."""
    base = naming.regional(stack, lost)
    return [f"**${provider}:**::{base}*" for provider in ("aws", "kubernetes")]


def _refuse(settings: Settings, stack: str, target: str) -> None:
    standbys = settings.standby_regions
    if len(standbys) == 1:
        raise FailoverRefusedError(
            f"Pulumi.{stack}.yaml: stage {settings.stage} runs in {settings.home} alone; a failover needs "
            "stage 7 and a second region under ascent:regions"
        )
    if target not in standbys:
        raise FailoverRefusedError(
            f"{target} is no standby of {stack}; those are {', '.join(standbys)}: the first three of ascent:regions"
        )


def _drained(settings: Settings, target: str, gone: str | None) -> tuple[str, ...]:
    """Regions whose copy of the database is, or may be, made anew.

    After a managed failover Aurora makes all other copies anew from the new writer's, which takes from minutes to
    hours; they are not readable until then (Amazon Aurora User Guide, Performing managed failovers).
    """
    made_anew = gone is not None and settings.writing_region != target and settings.external_database is None
    others = settings.active_regions if made_anew else settings.drained
    return tuple(region for region in others if region not in (target, gone))


def _fenced(settings: Settings, region: str | None) -> str | None:
    """The region, if only the stack uses its database and network: others may use a VPC that was there before."""
    own = settings.external_database is None and region not in (settings.network.vpcs or {})
    return region if own else None


def _missing(settings: Settings, stack: str, target: str, *, lost: bool) -> str:
    """Why a region may not have all objects, and what to do."""
    text = (
        f"Pulumi.{stack}.yaml: ascent:backfilled does not name {target}: its buckets may lack every object that "
        "is older than their replication. "
    )
    if not lost:
        return f"{text}First: ascent backfill --stack {stack} --wait"
    complete = [region for region in settings.standby_regions[1:] if region in settings.backfilled]
    others = f"These have them: {', '.join(complete)}. " if complete else ""
    return f"{text}{others}To go on without those objects until {settings.home} is back, use --without-old-objects"


def _key(one: FailoverPlan, key: str | None) -> Iterator[FailoverStep]:
    """The first step: without the key, the engine cannot even read the stack's outputs."""
    if one.lost is None or key is None:
        return
    swap = rf"sed 's#\(awskms://[^\"]*\){one.lost}#\1{one.target}#'"
    yield FailoverStep(
        id="key",
        title=f"Have the stack's secrets decrypted in {one.target}, if their key is in {one.lost}",
        command=f"{swap} -i Pulumi.{one.stack}.yaml && pulumi stack export --stack {one.stack} | {swap} | "
        f"pulumi stack import --stack {one.stack}",
        seconds=0,
    )


def _steps(one: FailoverPlan, *, on_instances: bool) -> Iterator[FailoverStep]:
    if not one.lost:
        yield _check(one)
    if one.target != one.home and one.rpo.objects is not None:
        yield _objects(one)
    if one.returned and one.database:
        yield _returned(one)
    if one.lost and one.fenced:
        yield _fence(one)
    if one.database:
        yield _database(one)
    if one.cache:
        yield _cache(one)
    yield _config(one)
    yield FailoverStep(
        id="update",
        title="Move the addresses, the workers and the jobs" + (f"; leave out all of {one.lost}" if one.lost else ""),
        command=_update(one),
        seconds=FAILOVER_UPDATE.value,
    )
    if on_instances:
        yield FailoverStep(
            id="restart",
            title="Restart the application on its instances, which then fetch the new addresses, "
            f"{RESTART_SHARE.value} % at a time, each share once the last one is healthy",
            command="aws ssm send-command --document-name AWS-RunShellScript --targets "
            f"Key=tag:ascent:project,Values={stackfile.PROJECT} Key=tag:ascent:stack,Values={one.stack} "
            f"--max-concurrency {RESTART_SHARE.value}% --max-errors 0 --parameters commands='ascent-instance fetch "
            "/etc/ascent/instance.json && systemctl restart app' --region EACH",
            seconds=APP_RESTART.value,
        )
    yield FailoverStep(
        id="verify",
        title=f"See that {one.target} takes the writes, and that the application answers",
        command=f"curl --fail {one.health}",
        seconds=0,
    )
    if one.database and one.drained:
        yield _readers(one)


def _update(one: FailoverPlan) -> str:
    return " ".join([f"pulumi up --stack {one.stack}", *(f"'{more}'" for more in around(one.stack, one.lost))])


def _readers(one: FailoverPlan) -> FailoverStep:
    return FailoverStep(
        id="readers",
        title=f"Send traffic to {' and '.join(one.drained)} again, where Aurora has made its copy anew, which takes "
        "from minutes to hours",
        command=f"pulumi config rm {DRAINED} --stack {one.stack} && {_update(one)}",
        seconds=0,
    )


def _check(one: FailoverPlan) -> FailoverStep:
    limit = SWITCHOVER_LAG.value
    return FailoverStep(
        id="check",
        title=f"See that {one.source} takes the writes, that {one.target} is ready and at most {limit} s behind",
        command=f"aws rds describe-global-clusters --region {one.source}",
        seconds=0,
    )


def _objects(one: FailoverPlan) -> FailoverStep:
    return FailoverStep(
        id="objects",
        title=f"See that ascent:backfilled is about the buckets that {one.target} has now, and no earlier ones",
        command=f"ascent backfill --stack {one.stack} --region {one.target}",
        seconds=0,
    )


def _fence(one: FailoverPlan) -> FailoverStep:
    return FailoverStep(
        id="fence",
        title=f"Keep clients away from the database in {one.fenced}, if that still answers: no client may write there",
        command=f"aws ec2 create-network-acl-entry --region {one.fenced} --ingress --rule-number {RULE} --protocol tcp "
        f"--port-range From={DATABASE_PORT.value},To={DATABASE_PORT.value} --cidr-block {ANYWHERE} --rule-action deny "
        f"--network-acl-id {_acl(one, one.fenced)}",
        seconds=0,
    )


def _returned(one: FailoverPlan) -> FailoverStep:
    return FailoverStep(
        id="returned",
        title=f"See that Aurora has made its copy in {one.returned} anew, and let clients reach it again",
        command=f"aws ec2 delete-network-acl-entry --region {one.returned} --ingress --rule-number {RULE} "
        f"--network-acl-id {_acl(one, one.returned)}",
        seconds=0,
    )


def _acl(one: FailoverPlan, region: str | None) -> str:
    """The command that finds the network ACL of a region's database."""
    cluster = f"--db-cluster-identifier {naming.regional(one.stack, str(region))}-db"
    group = aws_query(f"rds describe-db-clusters --region {region} {cluster}", "DBClusters[0].DBSubnetGroup")
    subnet = aws_query(
        f"rds describe-db-subnet-groups --region {region} --db-subnet-group-name {group}",
        "DBSubnetGroups[0].Subnets[0].SubnetIdentifier",
    )
    return aws_query(
        f"ec2 describe-network-acls --region {region} --filters Name=association.subnet-id,Values={subnet}",
        "NetworkAcls[0].NetworkAclId",
    )


def _database(one: FailoverPlan) -> FailoverStep:
    verb, region, more = ("failover", one.target, " --allow-data-loss") if one.lost else ("switchover", one.source, "")
    cluster = f"--region {one.target} --db-cluster-identifier {naming.regional(one.stack, one.target)}-db"
    return FailoverStep(
        id="database",
        title=f"Aurora: {verb} to {one.target}, losing {'what is behind' if one.lost else 'nothing'}",
        command=f"aws rds {verb}-global-cluster --region {region} --global-cluster-identifier {one.database} "
        "--target-db-cluster-identifier "
        f"{aws_query(f'rds describe-db-clusters {cluster}', 'DBClusters[0].DBClusterArn')}{more}",
        seconds=(DATABASE_PROMOTION if one.lost else DATABASE_SWITCHOVER).value,
    )


def _cache(one: FailoverPlan) -> FailoverStep:
    # AWS puts a prefix of its own before the name (Amazon ElastiCache User Guide, Global Datastores).
    group = f"GlobalReplicationGroups[?ends_with(GlobalReplicationGroupId, '-{one.cache}')]"
    there = f"elasticache describe-global-replication-groups --region {one.target} --show-member-info"
    member = f"{group}.Members[] | [?ReplicationGroupRegion=='{one.target}'].ReplicationGroupId | [0]"
    return FailoverStep(
        id="cache",
        title=f"Redis: promote {one.target} in the Global Datastore",
        command=f"aws elasticache failover-global-replication-group --region {one.target} "
        f"--primary-region {one.target} "
        f"--global-replication-group-id {aws_query(there, f'{group}.GlobalReplicationGroupId | [0]')} "
        f"--primary-replication-group-id {aws_query(there, member)}",
        seconds=CACHE_PROMOTION.value,
    )


def _config(one: FailoverPlan) -> FailoverStep:
    said = [f"set {WRITER} {one.target}"]
    said += [f"set {UNREACHABLE} {one.lost}"] if one.lost else []
    said += [f"rm {UNREACHABLE}"] if one.returned else []
    said += [f"set --path '{DRAINED}[{index}]' {region}" for index, region in enumerate(one.drained)]
    return FailoverStep(
        id="config",
        title=f"Say in Pulumi.{one.stack}.yaml that {one.target} takes the writes"
        + (f", that {one.lost} is lost" if one.lost else "")
        + (f", and that {' and '.join(one.drained)} gets no traffic" if one.drained else "")
        + "; commit it",
        command=" && ".join(f"pulumi config {words} --stack {one.stack}" for words in said),
        seconds=0,
    )
