"""docs/alarms.md: every alarm, their number and cost, and which alarms fire in the outages of a month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

from infra.alarms import slo
from infra.alarms.model import Alarm
from infra.alarms.objectives import OBJECTIVES, Objective
from infra.alarms.table import ALARMS
from infra.config.settings import Settings
from infra.stages import STAGES
from infra.wiring.alarm_subjects import visits
from infra.wiring.alarms import windows
from ops import stackfile
from ops.cost.prices import HOME, shipped
from ops.documents import month
from ops.documents.model import Document, table
from ops.engine.recorder import Recorded
from ops.engine.render import render

STACK = "prod"  # The stack whose alarms are counted at each stage.
SHOWN = 4  # the stage whose traffic the month has

# Items of the price table by what is counted. They cost the same everywhere.
ITEMS = {
    "alarm metrics": "cloudwatch.alarm",
    "composites": "cloudwatch.composite",
    "dashboards": "cloudwatch.dashboard",
    "own metrics": "cloudwatch.metric",
    "keys": "kms.key",
}
# What a limit is a share of, if that is not the maximum.
_PORTIONS = {"visits": "what comes in the quietest hours, beside the checks from outside"}
_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
_COUNTED = {
    _ALARM: "alarms",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": "composites",
    "aws:cloudwatch/dashboard:Dashboard": "dashboards",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": "own metrics",
}


def tally(resources: Iterable[Recorded]) -> Counter[str]:
    """The number of each billed item of monitoring."""
    found: Counter[str] = Counter()
    for one in resources:
        if one.type in _COUNTED:
            found[_COUNTED[one.type]] += 1
        if one.type == "aws:kms/key:Key" and "Notifications" in str(one.parent):
            found["keys"] += 1
        if one.type == _ALARM:
            queries = one.inputs.get("metricQueries") or []
            # An alarm is billed by the metrics that it evaluates.
            found["alarm metrics"] += len([query for query in queries if "metric" in query]) or 1
            # Published by the agent on the instances, with one alarm for each group.
            found["own metrics"] += one.inputs.get("namespace") == "CWAgent"
    return found


def cost(found: Counter[str]) -> float:
    """US dollars a month, without the free tier."""
    return sum(found[name] * shipped().price(item, HOME).usd for name, item in ITEMS.items())


def counts_table() -> str:
    """The items of monitoring at each stage, and their cost."""
    heads = ["stage", "alarms", "metrics they look at", "composites", "dashboards", "metrics of its own", "USD a month"]
    return table(heads, map(counted, STAGES))


def counted(stage: int) -> list[object]:
    """The row of a stage."""
    found = tally(render(_settings(stage), STACK).resources)
    numbers = [found[name] for name in ("alarms", "alarm metrics", "composites", "dashboards", "own metrics")]
    return [stage, *numbers, f"{cost(found):.0f}"]


def windows_table() -> str:
    """The short window of each pair at each stage, or why there is none."""
    lines = []
    for objective in OBJECTIVES:
        for stages, cells in _alike(objective):
            lines.append([objective.name, stages, *cells])
    return table(["objective", "stages", *(f"{one.name} over {_long(one.long)}" for one in slo.WINDOWS)], lines)


def _alike(objective: Objective) -> list[tuple[str, tuple[str, ...]]]:
    """Stages with the same windows, and those windows."""
    found: dict[tuple[str, ...], list[int]] = {}
    for stage in STAGES:
        kept, refused = windows(objective, _settings(stage))
        cells = {one.name: f"{one.short} min" for one in kept} | {
            one.window.name: f"refused: {one.reason}" for one in refused
        }
        found.setdefault(tuple(cells[one.name] for one in slo.WINDOWS), []).append(stage)
    return [(", ".join(map(str, stages)), cells) for cells, stages in found.items()]


def alarms_table() -> str:
    """Every row of the table."""
    return table(
        ["about", "alarm", "fires", "told", "absent data", "source"],
        [
            [
                row.kind,
                row.name,
                _fires(row),
                _told(row),
                f"{row.missing.treatment}: {row.missing.reason}",
                row.limit.source,
            ]
            for row in ALARMS
        ],
    )


def _fires(row: Alarm) -> str:
    side = "above" if row.above else "below"
    share = f" % of {_PORTIONS.get(row.of, f'its most {row.of}')}" if row.of else ""
    until = f", until {_long(2 * row.lasting.value)} pass without" if row.recurring else ""
    return f"{row.panel}: {side} {row.limit.value}{share}, for {_long(row.lasting.value)}{until}"


def _told(row: Alarm) -> str:
    return " and ".join([*([str(row.severity)] if row.severity else []), *(["releases"] if row.gate else [])])


def month_table() -> str:
    """How much of the error budget each outage of the simulated month uses, and which alarms fire."""
    seen, found = _month()
    lines = [
        [number, one.says, _long(one.minutes), f"{_used(seen, one):.0%}", *(_first(one, lane) for lane in found)]
        for number, one in enumerate(month.OUTAGES, start=1)
    ]
    return table(["", "outage", "lasts", "of the budget", *(lane.name for lane in found)], lines)


def silent_table() -> str:
    """The alarms of each outage without any requests: at a stage with and at one without the alarm about visitors."""
    quiet = {stage: month.unvisited(STAGES[stage].users) for stage in (1, SHOWN)}
    usual = [lane.name for lane in _lanes(quiet[SHOWN]) for one in month.SILENT if _first(one, lane)]
    if usual:
        raise ValueError(f"{', '.join(usual)}: they tell of a silent outage, which docs/alarms.md denies")
    lanes = [month.missed(quiet[SHOWN], visits(_settings(SHOWN))), month.asked_for()]
    heads = [
        "outage",
        "lasts",
        "errors, objectives",
        f"{lanes[0].name} (from stage 2)",
        f"{lanes[1].name} (every stage)",
    ]
    lines = [
        [one.says, _long(one.minutes), "nothing", *(_first(one, lane) or "nothing" for lane in lanes)]
        for one in month.SILENT
    ]
    return table(heads, lines)


def _lanes(seen: month.SimulatedMonth) -> Sequence[month.Lane]:
    availability = next(one for one in OBJECTIVES if one.name == "availability")
    return month.lanes(seen, windows(availability, _settings(SHOWN))[0])


def _used(seen: month.SimulatedMonth, one: month.Outage) -> float:
    budget = month.left(seen)
    return budget[one.start - 1] - budget[one.end - 1]


def _first(one: month.Outage, lane: month.Lane) -> str:
    """How long after the start of the outage the alarm fires, and how long after the end it clears."""
    spans = [span for span in lane.spans if one.start <= span.start < one.end]
    if not spans:
        return ""
    return f"{_long(spans[0].start - one.start + 1)} / {_long(max(spans[-1].end - one.end, 0))}"


@cache
def _month() -> tuple[month.SimulatedMonth, Sequence[month.Lane]]:
    seen = month.month(STAGES[SHOWN].users)
    return seen, _lanes(seen)


def _settings(stage: int) -> Settings:
    return stackfile.settings(STACK, stage)


def _long(minutes: int) -> str:
    for unit, name in ((slo.DAY, "d"), (slo.HOUR, "h")):
        if minutes >= unit and minutes % unit == 0:
            return f"{minutes // unit} {name}"
    return f"{minutes // slo.HOUR} h {minutes % slo.HOUR} min" if minutes > slo.HOUR else f"{minutes} min"


DOCUMENT = Document(
    file="docs/alarms.md",
    tables={"alarms": alarms_table, "windows": windows_table, "month": month_table, "silent": silent_table},
    renders={"counts": counts_table},
)
