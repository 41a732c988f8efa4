"""The steps of a restore, in order, with the time that they take. Pure: the inventory in, a plan out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from infra.config.settings import Settings
from infra.thresholds import (
    CLUSTER_RENAMED,
    INSTANCE_REBOOT,
    INSTANCE_RENAMED,
    PROXY_TARGET_WAIT,
    RESTORE_CLUSTER,
    RESTORE_INSTANCE,
    RESTORE_PASSWORD,
    RESTORE_UPDATE,
)
from ops.restore import calls
from ops.restore.calls import RestoreSource
from ops.restore.cloud import AVAILABLE, Backups, DatabaseCluster, Snapshot
from ops.restore.names import Names, stamp
from ops.restore.shape import Shape


class RestoreRefusedError(Exception):
    """A restore that is not possible. The text says why, and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """The requested restore: a time, to the second, or a snapshot."""

    time: datetime | None
    snapshot: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreInventory:
    """The clusters and backups at AWS.

    cluster: the one with the program's name. restored, kept: those that a restore to the same time has made so far.
    backups: of a deleted cluster, if they were looked up.
    snapshot: the requested one, if it exists.
    world: the global database that the cluster belongs to.
    """

    cluster: DatabaseCluster | None
    restored: DatabaseCluster | None
    kept: DatabaseCluster | None
    backups: Backups | None
    snapshot: Snapshot | None
    world: str | None

    def begun(self, names: Names) -> bool:
        """Whether a restore to this time has begun: then the old cluster is no longer checked."""
        return bool(self.restored or self.kept or (self.cluster and self.cluster.mark == names.stamp))


@dataclass(frozen=True, kw_only=True, slots=True)
class RestoreStep:
    """One step.

    id: what `perform` calls it.
    title: what is done, and why at this point, in one sentence.
    command: what a person would type for it, a line each.
    seconds: how long it takes, by the thresholds.
    """

    id: str
    title: str
    command: str
    seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RestorePlan:
    """A restore.

    cluster, region: what is restored, and where.
    to: the time of the data. snapshot: the source, or None for a point in time.
    restored, kept: names of the restored cluster before it takes over the name, and of the old one from then on.
    begun: whether some of it is done.
    rpo: seconds of writes that are not in it, up to now.
    rto: seconds until the application has the data, without the time for looking at it.
    outage: seconds of these without a database.
    """

    stack: str
    cluster: str
    region: str
    to: str
    snapshot: str | None
    restored: str
    kept: str
    host: str
    health: str
    begun: bool
    steps: tuple[RestoreStep, ...]
    rpo: int
    rto: int
    outage: int

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def refuse(settings: Settings, stack: str) -> None:
    """Refuse a stack whose file alone rules a restore out.

    Raises:
        RestoreRefusedError: when its database is external, or a global one.
    """
    file = f"Pulumi.{stack}.yaml"
    if settings.external_database is not None:
        raise RestoreRefusedError(f"{file}: ascent:externalDatabase: its backups are its owner's; restore it there")
    if len(settings.active_regions) > 1:
        # Amazon Aurora User Guide, "Creating an Amazon Aurora global database from an Aurora or Amazon RDS snapshot": a
        # restored cluster stands alone, and becomes the primary of a global database when a region is added to it.
        raise RestoreRefusedError(
            f"{file}: ascent:stage: given {settings.stage}; a global database cannot be restored, as AWS restores one "
            f"cluster by itself. First: ascent transition {settings.stage} 6 --stack {stack} --apply; then this; then "
            f"ascent transition 6 {settings.stage} --stack {stack} --apply, which copies the data to the regions again"
        )


def wish(to: str | None, snapshot: str | None, now: datetime) -> Wish:
    """The requested restore from the two options.

    Raises:
        RestoreRefusedError: when both or neither are given, or the time is invalid, without a zone, or in the future.
    """
    if (to is None) == (snapshot is None):
        raise RestoreRefusedError("say one of the two: --to TIME, or --snapshot ID")
    if to is None:
        return Wish(time=None, snapshot=snapshot)
    example = "say it as 2026-11-29T10:30:00Z or 2026-11-29T11:30:00+01:00"
    try:
        time = datetime.fromisoformat(to)
    except ValueError:
        raise RestoreRefusedError(f"--to: given {to}, which is no time in ISO 8601; {example}") from None
    if time.tzinfo is None:
        raise RestoreRefusedError(f"--to: given {to}, which says no zone; {example}")
    if time > now:
        raise RestoreRefusedError(f"--to: given {to}, which is still to come; it is {_told(now)}")
    return Wish(time=time.astimezone(UTC).replace(microsecond=0), snapshot=None)


def source(wish: Wish, found: RestoreInventory, names: Names, shape: Shape) -> RestoreSource:
    """What is restored.

    Raises:
        RestoreRefusedError: when the time is out of reach, or the snapshot does not fit.
    """
    if found.world is not None:
        raise RestoreRefusedError(f"{shape.cluster} belongs to the global database {found.world}; first: pulumi up")
    if found.restored and found.kept and found.cluster:
        raise RestoreRefusedError(
            f"{names.cluster}, {names.restored} and {names.kept} are all there; a restore to this time was done "
            f"before, and another one begun. Delete {names.restored}, or restore to another second"
        )
    if wish.snapshot is not None:
        return RestoreSource(time=_fits(wish.snapshot, found.snapshot, shape).time, snapshot=wish.snapshot)
    if wish.time is None:
        raise RestoreRefusedError("there is nothing to restore")
    lost = found.backups.resource_id if found.cluster is None and found.backups else None
    if not found.begun(names):
        _reaches(wish.time, found, shape)
    return RestoreSource(time=wish.time, snapshot=None, lost=lost)


def names_of(wish: Wish, snapshot: Snapshot | None, cluster: str) -> Names:
    """The names that a restore uses, which follow from what is restored.

    Raises:
        RestoreRefusedError: when there is no such snapshot.
    """
    if wish.time is not None:
        return Names(cluster=cluster, stamp=stamp(wish.time))
    if snapshot is None:
        raise RestoreRefusedError(
            f"--snapshot: given {wish.snapshot}; there is none. These are: aws rds describe-db-cluster-snapshots "
            "--query 'DBClusterSnapshots[].[DBClusterSnapshotIdentifier,SnapshotCreateTime]' --output text"
        )
    return Names(cluster=cluster, stamp=stamp(snapshot.time))


def plan(
    settings: Settings,
    stack: str,
    shape: Shape,
    names: Names,
    source: RestoreSource,
    found: RestoreInventory,
    now: datetime,
) -> RestorePlan:
    """The plan to restore a stack's database."""
    draft = RestorePlan(
        stack=stack,
        cluster=shape.cluster,
        region=shape.region,
        to=_told(source.time),
        snapshot=source.snapshot,
        restored=names.restored,
        kept=names.kept,
        host=settings.domain.name,
        health=f"https://{settings.domain.name}{settings.described.health_path}",
        begun=found.begun(names),
        steps=(),
        rpo=max(int((now - source.time).total_seconds()), 0),
        rto=0,
        outage=0,
    )
    steps = tuple(_steps(draft, shape, names, source))
    outage = next(step.seconds for step in steps if step.id == "swap")
    return replace(draft, steps=steps, rto=sum(step.seconds for step in steps), outage=outage)


def _fits(name: str, snapshot: Snapshot | None, shape: Shape) -> Snapshot:
    if snapshot is None:
        raise RestoreRefusedError(f"--snapshot: given {name}; there is none")
    given = f"--snapshot: given {name}, which "
    if name.startswith("arn:") and _account(name) != _account(shape.fixed["KmsKeyId"]):
        # Amazon Aurora User Guide, "Restoring from a DB cluster snapshot": none that is both shared and encrypted.
        raise RestoreRefusedError(
            f"{given}is another account's; AWS restores none that is shared and encrypted. Copy it, and give the copy: "
            f"aws rds copy-db-cluster-snapshot --region {shape.region} --source-db-cluster-snapshot-identifier {name} "
            f"--target-db-cluster-snapshot-identifier NAME --kms-key-id {shape.fixed['KmsKeyId']}"
        )
    engine = shape.fixed["Engine"]
    if snapshot.engine != engine:
        raise RestoreRefusedError(f"{given}is of {snapshot.engine}; it should be of {engine}")
    if not snapshot.encrypted:
        raise RestoreRefusedError(
            f"{given}is not encrypted; copy it with the stack's key (aws rds copy-db-cluster-snapshot)"
        )
    if snapshot.status != AVAILABLE:
        raise RestoreRefusedError(f"{given}is {snapshot.status}; wait until it is {AVAILABLE}")
    if snapshot.user != shape.user:
        raise RestoreRefusedError(
            f"{given}is of a database whose master user is {snapshot.user}; it should be {shape.user}, which no update "
            "can change. Restore it beside, and copy what you need: docs/restore.md"
        )
    theirs, ours = _version(snapshot.version), _version(shape.version)
    if theirs[:1] != ours[:1] or theirs > ours:
        raise RestoreRefusedError(
            f"{given}is of version {snapshot.version}; it should be of {shape.version}, or of an earlier one of "
            f"{shape.version.partition('.')[0]}, which AWS brings up to it"
        )
    return snapshot


def _reaches(time: datetime, found: RestoreInventory, shape: Shape) -> None:
    """Refuse a time outside of the kept backups."""
    if found.cluster is not None:
        earliest, latest, what = found.cluster.earliest, found.cluster.latest, shape.cluster
    elif found.backups is not None:
        earliest, latest, what = found.backups.earliest, found.backups.latest, f"what is left of {shape.cluster}"
    else:
        raise RestoreRefusedError(
            f"there is no cluster {shape.cluster}, and AWS has kept no automated backups of it; restore a snapshot: "
            "ascent restore --snapshot ID"
        )
    if earliest is None or latest is None:
        raise RestoreRefusedError(f"AWS does not say to which times {what} can be restored; wait until it is available")
    if not earliest <= time <= latest:
        raise RestoreRefusedError(
            f"--to: given {_told(time)}; {what} can be restored to {_told(earliest)} at the earliest and "
            f"{_told(latest)} at the latest, which follows about 5 minutes behind. Earlier ones are in snapshots, or "
            "in a cluster that a restore has kept: docs/restore.md"
        )


def _account(arn: str) -> str:
    return arn.split(":")[4]


def _arn(shape: Shape, cluster: str) -> str:
    """The ARN that a cluster of this name has in the partition and account of its key."""
    _, partition, _, _, account, *_ = shape.fixed["KmsKeyId"].split(":")
    return f"arn:{partition}:rds:{shape.region}:{account}:cluster:{cluster}"


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _told(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _steps(one: RestorePlan, shape: Shape, names: Names, source: RestoreSource) -> Iterator[RestoreStep]:
    region = shape.region
    yield RestoreStep(
        id="check",
        title=f"See that {one.cluster} is in no global database, and that nothing is under way with it",
        command=f"aws rds describe-db-clusters --region {region} --db-cluster-identifier {one.cluster}",
        seconds=0,
    )
    yield RestoreStep(
        id="restore",
        title=f"Restore beside it, as {one.restored}, what {_origin(one)}; nothing else is touched",
        command=_lines(
            calls.restore(shape, names, source).typed(region),
            _wait(region, one.restored),
            *([calls.data_api(_arn(shape, one.restored)).typed(region)] if shape.http else []),
        ),
        seconds=RESTORE_CLUSTER.value,
    )
    instances = [calls.create(names, instance).typed(region) for instance in shape.instances]
    waits = [_wait_instance(region, names.beside(instance.name)) for instance in shape.instances]
    # The first is the writer, and is waited for before the others are made.
    writer, rest = [instances[0], waits[0]], [*instances[1:], *waits[1:]]
    yield RestoreStep(
        id="instances",
        title=f"Make its {_count(len(shape.instances))}, as the program has them",
        command=_lines(*writer, *rest),
        seconds=RESTORE_INSTANCE.value * (2 if rest else 1),
    )
    yield RestoreStep(
        id="password",
        title="Set its master user's present password: the restored one is old",
        command=_lines(calls.password_typed(one.restored, shape.secret, region), _wait(region, one.restored)),
        seconds=RESTORE_PASSWORD.value,
    )
    yield RestoreStep(
        id="look",
        title="Look at it, and answer whether it takes over the name. After a no, both stay",
        command=_lines(
            f"aws rds describe-db-clusters --region {region} --db-cluster-identifier {one.restored} "
            "--query 'DBClusters[0].Endpoint' --output text",
            f"psql 'host=ENDPOINT_OF_IT user={shape.user} dbname={shape.fixed['DatabaseName']} sslmode=require'",
        ),
        seconds=0,
    )
    yield from _swap(one, shape, names)
    yield RestoreStep(
        id="update",
        title="Refresh it in the stack's state, check that no update would replace it, and update"
        + (", which makes the database's roles again" if shape.calls else ""),
        command=_lines(
            " ".join([f"pulumi refresh --stack {one.stack}", *(f"--target '{urn}'" for urn in shape.urns)]),
            f"pulumi preview --stack {one.stack}",
            " ".join([f"pulumi up --stack {one.stack}", *(f"--replace '{urn}'" for urn in shape.calls)]),
        ),
        seconds=RESTORE_UPDATE.value,
    )
    yield RestoreStep(
        id="verify",
        title="See that an update would change nothing of it, and that the application answers",
        command=f"curl --fail {one.health}",
        seconds=0,
    )


def _swap(one: RestorePlan, shape: Shape, names: Names) -> Iterator[RestoreStep]:
    region = shape.region
    hold = [calls.scaling(shape.scaled, held=True).typed(region)] if shape.scaled else []
    old = {instance.name: names.before(instance.name) for instance in shape.instances}
    new = {names.beside(instance.name): instance.name for instance in shape.instances}
    yield RestoreStep(
        id="names",
        title="Rename the old instances, each of which starts again, then the restored ones; the application goes on "
        "with the old ones",
        command=_lines(*hold, *_renamed(region, old), *_renamed(region, new)),
        seconds=2 * INSTANCE_RENAMED.value,
    )
    proxies = shape.proxies
    yield RestoreStep(
        id="swap",
        title=f"Rename {one.cluster} to {one.kept}, guard it, and have it start again, which ends all connections; "
        f"then {one.restored} to {one.cluster}: the endpoints then lead to the restored data"
        + (", and so does the proxy" if proxies else ""),
        command=_lines(
            *(calls.detach(proxy, [one.cluster]).typed(region) for proxy in proxies),
            calls.keep(one.cluster, one.kept).typed(region),
            _wait(region, one.kept),
            *(calls.reboot(name).typed(region) for name in old.values()),
            *(_wait_instance(region, name) for name in old.values()),
            calls.rename_cluster(one.restored, one.cluster).typed(region),
            _wait(region, one.cluster),
            *(calls.attach(proxy, [one.cluster]).typed(region) for proxy in proxies),
        ),
        seconds=2 * CLUSTER_RENAMED.value + INSTANCE_REBOOT.value + (PROXY_TARGET_WAIT.value if proxies else 0),
    )
    if shape.scaled:
        yield RestoreStep(
            id="readers",
            title=f"Delete the readers that autoscaling had added to {one.kept}, and let it go on",
            command=_lines(
                calls.delete_instance("EACH_THAT_BEGINS_WITH_application-autoscaling").typed(region),
                calls.scaling(shape.scaled, held=False).typed(region),
            ),
            seconds=0,
        )


def _origin(one: RestorePlan) -> str:
    if one.snapshot is not None:
        return f"snapshot {one.snapshot} of {one.to} has"
    return f"it had at {one.to}"


def _renamed(region: str, names: Mapping[str, str]) -> list[str]:
    return [
        *(calls.rename_instance(now, then).typed(region) for now, then in names.items()),
        *(_wait_instance(region, then) for then in names.values()),
    ]


def _count(instances: int) -> str:
    return "instance" if instances == 1 else f"{instances} instances"


def _wait(region: str, cluster: str) -> str:
    return f"aws rds wait db-cluster-available --region {region} --db-cluster-identifier {cluster}"


def _wait_instance(region: str, instance: str) -> str:
    return f"aws rds wait db-instance-available --region {region} --db-instance-identifier {instance}"


def _lines(*commands: str) -> str:
    return "\n".join(commands)
