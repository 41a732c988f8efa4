"""THE table of alarms: every row, from the files by what they are about."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from infra.alarms import application, copies, data, jobs, objectives, outside, traffic
from infra.alarms.application import Filter
from infra.alarms.model import Alarm, Chart, Kind

ALARMS: tuple[Alarm, ...] = (
    *outside.ROWS,
    *traffic.ROWS,
    *data.ROWS,
    *jobs.ROWS,
    *copies.ROWS,
    *application.ROWS,
    *objectives.DAILY,
)
CHARTS: tuple[Chart, ...] = (*traffic.CHARTS, *data.CHARTS, *application.CHARTS)
FILTERS: Mapping[Kind, Sequence[Filter]] = {**application.FILTERS, **jobs.FILTERS}


def alarms_of(kinds: Collection[Kind]) -> list[Alarm]:
    """The rows about a subject of these kinds."""
    return [row for row in ALARMS if row.kind in kinds]


def charts_of(kinds: Collection[Kind]) -> list[Chart]:
    """What is shown of a subject of these kinds: its alarms first."""
    return [*alarms_of(kinds), *(row for row in CHARTS if row.kind in kinds)]
