"""What a stack uses at one load: how many of what scales by itself run, and what is moved and stored in a month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.config.settings import Settings
from infra.stages import Capability
from ops.capacity.levels import database_acus, database_reads, targets, whole
from ops.capacity.supply import Supply, supply
from ops.cost.span import CostSpan, exactly
from ops.cost.usage import EGRESS, HOURS, MESSAGES, WRITES, Assumption, Usage
from ops.demand import Demand
from ops.demand.assumptions import DAY, JOB_SECONDS

_MONTH = HOURS * 3600  # seconds


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """How many of what scales by itself run at a load, in each region: from an average hour to the busiest one.

    spans: by kind and what it is of, such as targets of a runtime's color. What is not in it is between its bounds.
    """

    spans: Mapping[tuple[str, str], CostSpan]

    def within(self, kind: str, of: str, bounds: CostSpan) -> CostSpan:
        """How many of it run, between its bounds."""
        span = self.spans.get((kind, of))
        return bounds if span is None else span.within(bounds)


@dataclass(frozen=True, slots=True)
class UsageAt(Usage):
    """Usage of one region at a load. Fields of the load that were given are exact.

    demand: the region's share of the load.
    hours: the average hour, as a share of the busiest one.
    """

    demand: Demand
    hours: CostSpan

    @property
    def requests(self) -> CostSpan:
        """Requests a month."""
        return self.hours * (self.demand.requests * _MONTH)

    def per_request(self, assumption: Assumption) -> CostSpan:
        """A quantity a month that grows with the requests."""
        if assumption is WRITES and "writes" in self.demand.given:
            return self.hours * (self.demand.writes * _MONTH)
        # Not the property of the class above, which knows users alone.
        return self.requests * assumption.span

    def per_user(self, assumption: Assumption) -> CostSpan:
        """A quantity that grows with the users."""
        if assumption is EGRESS and "egress" in self.demand.given:
            return exactly(self.demand.egress)
        return self.users * assumption.span


def usage_at(settings: Settings, wants: Demand, hours: CostSpan = DAY.span) -> Usage:
    """Usage of each region at a load."""
    share = wants.times(1 / len(settings.active_regions))
    return UsageAt(exactly(share.users), share, hours)


def operating_point(settings: Settings, wants: Demand, hours: CostSpan = DAY.span) -> OperatingPoint:
    """How many of what scales by itself run at a load.

    Args:
        settings: the stack's.
        wants: the load at its busiest, over all regions.
        hours: the average hour and the busiest one, as shares of `wants`.
    """
    has = supply(settings)
    share = wants.times(1 / len(settings.active_regions))
    spans: dict[tuple[str, str], CostSpan] = {}
    for fleet in has.fleets:
        needed = hours * targets(fleet, share.requests)
        spans["targets", f"{fleet.runtime}/{fleet.color}"] = CostSpan(needed.low, whole(needed.high))
    if settings.row.has(Capability.QUEUES):
        busy = exactly(share.users / _MONTH) * MESSAGES.span * JOB_SECONDS.span
        spans["workers", ""] = CostSpan(busy.low, whole(busy.high)) * hours
    return OperatingPoint(spans | _database(has, wants, share, hours))


def _database(has: Supply, wants: Demand, share: Demand, hours: CostSpan) -> dict[tuple[str, str], CostSpan]:
    """Capacity units of the instances of the database, and its readers."""
    if has.acus is None:
        return {}
    reads = database_reads(has, share.reads)
    on_writer = 0.0 if has.readers else reads
    writer = CostSpan(
        database_acus(has, on_writer, wants.writes, generous=True) * hours.low,
        database_acus(has, on_writer, wants.writes) * hours.high,
    )
    if not has.readers:
        return {("acus", "writer"): writer, ("acus", "reader"): writer}
    all_of_them = CostSpan(
        database_acus(has, reads, 0, generous=True) * hours.low, database_acus(has, reads, 0) * hours.high
    )
    size = has.sizes.readers
    bounds = exactly(1) if size is None else CostSpan(size.minimum, size.maximum)
    # One more comes when those that are there are full.
    count = CostSpan(all_of_them.low / has.acus, whole(all_of_them.high / has.acus)).within(bounds)
    least = all_of_them.low / count.low
    each = CostSpan(least, max(all_of_them.high / count.high, min(least, has.acus)))
    return {
        ("readers", ""): count,
        ("acus", "writer"): writer,
        # Amazon Aurora User Guide, Aurora Serverless v2, promotion tiers: in 0 and 1, no smaller than the writer.
        ("acus", "reader"): CostSpan(max(each.low, writer.low), max(each.high, writer.high)),
        ("acus", "added"): each,
    }
