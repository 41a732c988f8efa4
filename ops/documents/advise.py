"""docs/advise.md: what can be measured, when to move where, what is cheaper, and what the command needs."""

from __future__ import annotations

from functools import partial

from infra.stages import STAGES
from infra.triggers import TRIGGERS
from ops.advise import measures
from ops.advise.cloudwatch import ELSEWHERE, READINGS, RIGHTS
from ops.advise.judge import SIGNALS, signal
from ops.advise.measures import MEASURES, lower
from ops.advise.remedy_table import FIXED, Remedy
from ops.documents.console import ascent, block
from ops.documents.model import Document, table
from ops.errors import NO

AT = "2026-12-01T18:00:00Z"


def triggers() -> str:
    """Every trigger, with its threshold both ways."""
    rows = []
    for one in TRIGGERS:
        unit = MEASURES[one.measure].unit
        low = f"{lower(one.above.value):,.4g}" if one.above.value else "0"
        demand = " + ".join(f"`{name}`" for name in one.demand)
        after = f", from stage {one.after} on" if one.after > 1 else ""
        down = f"{demand} ≤ {low}" if one.above.value else ""
        rows.append(
            [
                f"{one.stage} ({STAGES[one.stage].name})",
                f"`{one.measure}` > {one.above.value:,} {unit}{after}",
                down,
                one.above.source,
            ]
        )
    return table(["stage", "up to it", "down from it", "source"], rows)


def signals() -> str:
    """What is looked at as an alarm does, whatever the stage."""
    rows = [
        [
            f"`{measure}`",
            f"> {signal(measure).limit.value:,} {MEASURES[measure].unit} for {signal(measure).lasting.value} min",
            f"[{signal(measure).procedure}](procedures.md#{signal(measure).procedure})",
            signal(measure).limit.source,
        ]
        for measure in SIGNALS
    ]
    return table(["measure", "limit", "procedure", "source"], rows)


def metrics() -> str:
    """Every measure, and where it is from."""
    rows = []
    for one in MEASURES.values():
        reading = READINGS.get(one.name)
        where = ELSEWHERE.get(one.name, "from `requests`")
        if reading is not None:
            where = ", ".join(
                dict.fromkeys(f"{each.namespace or 'the log'} {each.name}" for each in reading.metrics.values())
            )
        rows.append([f"`{one.name}`", one.unit, one.statistic, one.says, where])
    return table(["name", "unit", "statistic", "what it is", "CloudWatch"], rows)


def windows() -> str:
    """How long, how much lower, and why."""
    names = {
        "HELD_MINUTES": "a day counts from so much above the threshold on",
        "UP_DAYS": "so many such days for a move up",
        "UP_OF_DAYS": "of so many last days",
        "DOWN_DAYS": "so many low days for a move down",
        "DOWN_TO": "low is this part of the threshold, for",
        "DOWN_FROM": "that part",
        "BASELINE_DAYS": "the load is compared with what lies before, up to",
        "GROWTH": "it has grown from there on",
        "ONGOING_MINUTES": "an alarm is looked for in the last",
        "STALE_MINUTES": "metrics may be so old",
        "COVERED": "so much of a day has to be known",
        "CONCURRENT_SHARE": "of registered users are there at once",
    }
    rows = [
        [what, f"{getattr(measures, name).value} {getattr(measures, name).unit}", getattr(measures, name).source]
        for name, what in names.items()
    ]
    return table(["what", "how much", "source"], rows)


def remedies() -> str:
    """What is cheaper, but for what depends on the stack's sizes."""
    return table(["against", "what", "how", "source"], map(_remedy, FIXED))


def _remedy(one: Remedy) -> list[str]:
    run = one.run.replace("|", r"\|")
    return [", ".join(f"`{name}`" for name in one.against), one.says, f"`{run}`", one.source]


def rights() -> str:
    """What `--cloudwatch` may do at AWS."""
    uses = dict(zip(RIGHTS, ("finds what the stack's alarms watch", "reads those metrics"), strict=True))
    return table(["action", "on", "for"], [[f"`{name}`", "`*`", use] for name, use in uses.items()])


def example(name: str, stage: int) -> str:
    """What the command prints about an example."""
    words = ("advise", f"examples/metrics/{name}", "--stage", str(stage), "--at", AT)
    return block(f"./ascent {' '.join(words)}", ascent(*words, codes=(0, NO)))


DOCUMENT = Document(
    file="docs/advise.md",
    tables={
        "triggers": triggers,
        "signals": signals,
        "metrics": metrics,
        "windows": windows,
        "remedies": remedies,
        "rights": rights,
    },
    # They need no render, or several; each is a second or more of its own.
    renders={"incident": partial(example, "incident.json", 3), "egress": partial(example, "egress.json", 2)},
)
