"""What holds data, and what is lost when something goes wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from catalog.data_loss import holds_data, may_be_original
from infra.authoritative import authoritative_regions
from infra.config.settings import Settings
from infra.thresholds import BACKUP_DAYS, BACKUP_DAYS_UNPROTECTED, FAILOVER_LAG, REPLICATION_MINUTES
from ops.console import short
from ops.engine.recorder import Recorded


@dataclass(frozen=True, kw_only=True, slots=True)
class DataHolder:
    """Resources of one type that hold data or an identity.

    originals, copies: how many are in a region with the original, and how many hold copies alone.
    protected: how many originals the engine refuses to delete.
    """

    type: str
    originals: int
    copies: int
    protected: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LossCase:
    """What is lost when something happens. severe: whether much or all of it is. then: what to do."""

    event: str
    lost: str
    then: str
    severe: bool = False

    @property
    def is_command(self) -> bool:
        """Whether `then` is to be typed."""
        return self.then.startswith("ascent ")


@dataclass(frozen=True, kw_only=True, slots=True)
class DataFacts:
    """What holds data, and the losses."""

    held: Sequence[DataHolder]
    losses: Sequence[LossCase]

    @property
    def originals(self) -> int:
        """How many resources hold the original of data, or an identity."""
        return sum(one.originals for one in self.held)

    @property
    def copies(self) -> int:
        """How many more hold copies alone."""
        return sum(one.copies for one in self.held)

    @property
    def protected(self) -> int:
        """How many originals the engine refuses to delete."""
        return sum(one.protected for one in self.held)


def data(settings: Settings, resources: Iterable[Recorded]) -> DataFacts:
    """What holds data, by the rules by which moves and the guard judge."""
    regions = authoritative_regions(settings)
    found: dict[str, list[Recorded]] = {}
    for one in resources:
        if one.custom and holds_data(one.urn, one.inputs):
            found.setdefault(short(one.type), []).append(one)
    held = []
    for type_, of in found.items():
        originals = [one for one in of if may_be_original(one.location, regions)]
        protected = sum(one.protect for one in originals)
        held.append(
            DataHolder(type=type_, originals=len(originals), copies=len(of) - len(originals), protected=protected)
        )
    held.sort(key=lambda one: (-one.originals - one.copies, one.type))
    return DataFacts(held=held, losses=tuple(_losses(settings)))


def _losses(settings: Settings) -> Iterator[LossCase]:
    """By docs/restore.md and docs/failover.md, for what this stack has."""
    days = (BACKUP_DAYS if settings.protect else BACKUP_DAYS_UNPROTECTED).value
    kept = f"{days} days" if days > 1 else "1 day"
    if settings.external_database is not None:
        yield LossCase(event="Anything happens to the database", lost="what its host says", then="ask its host")
    else:
        yield LossCase(
            event="A zone is lost",
            lost="nothing: six copies of the data in three zones",
            then="nothing; it goes on in the other zones",
        )
        wrong = f"what was written since; every second of the last {kept} can be restored"
        yield LossCase(event="Data is changed or deleted by mistake", lost=wrong, then="ascent restore --to TIME")
    yield _region_lost(settings, kept)
    yield LossCase(
        event="A move to another stage",
        lost="nothing that holds data or identity: a move that would lose it is refused",
        then="ascent transition",
    )


def _region_lost(settings: Settings, kept: str) -> LossCase:
    event = "The region with the writes is lost"
    if len(settings.standby_regions) > 1:
        lag, minutes = FAILOVER_LAG.value, REPLICATION_MINUTES.value
        objects = f"objects of the last {minutes} minutes"
        new = [one for one in settings.standby_regions if one != settings.home]
        if set(new) - set(settings.backfilled):
            objects += ", and those from before stage 7 until ascent backfill has copied them"
        return LossCase(event=event, lost=f"about {lag} second of writes; {objects}", then="ascent failover --lost")
    if settings.external_database is not None:
        lost = "the objects in its buckets; of the database, what its host says"
        return LossCase(event="The region is lost", lost=lost, then="ask its host, or move to stage 7", severe=True)
    if settings.backup is not None:
        lost = "what was written since the last daily copy of the database, and the objects"
        return LossCase(event=event, lost=lost, then="ascent restore --snapshot ID", severe=True)
    lost = f"all of it: backups of {kept} are in the same region; ascent:backup keeps copies elsewhere"
    return LossCase(event=event, lost=lost, then="set ascent:backup, or move to stage 7", severe=True)
