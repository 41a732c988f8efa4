"""docs/cost.md: the assumed usage, and published bills beside what our rules compute for them."""

from __future__ import annotations

import math

from infra.config.models.runtime import Runtime
from infra.stages import STAGES
from ops import stackfile
from ops.cost.break_even import COMMITMENTS, at_load, crossing, middle
from ops.cost.prices import shipped
from ops.cost.published import EXAMPLES
from ops.cost.span import CostSpan
from ops.cost.usage import TABLE, Assumption
from ops.demand import derived
from ops.documents.console import ascent, block
from ops.documents.cost_picture import cost, most
from ops.documents.model import Document, table
from ops.engine.render import render

_EXAMPLE = ("cost", "--stack", "prod", "--stage", "5", "--load", "users=4000,egress=300")
_RUNTIME_STACK, _RUNTIME_STAGES = "sandbox", (2, 4, 6)
_MOST_EGRESS = 50_000  # GB a month


def assumptions() -> str:
    """The assumed usage."""
    rows = [[row.name, amount(row), row.source] for row in TABLE]
    return table(["what", "how much", "source"], rows)


def amount(row: Assumption) -> str:
    """How much of it, in words."""
    low, high = _number(row.span.low), _number(row.span.high)
    return f"{low} to {high} {row.unit}" if low != high else f"{low} {row.unit}"


def _number(value: float) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".")


def errors() -> str:
    """Published bills beside what our rules compute for them."""
    rows = [
        [bill.what, f"{bill.published:,.2f}", f"{bill.ours():,.2f}", _share(bill.error), bill.source]
        for bill in EXAMPLES
    ]
    return table(["bill", "published, $", "ours, $", "error", "source"], rows)


def _share(value: float) -> str:
    return f"{value:+.1%}".replace("-0.0%", "+0.0%")


def at_one_load() -> str:
    """The answer for a load."""
    return block(f"./ascent {' '.join(_EXAMPLE)}", ascent(*_EXAMPLE))


def commitments() -> str:
    """From where each commitment of the price table pays."""
    rows = []
    for name in COMMITMENTS:
        one = shipped().discounts[name]
        months = 12 * int(name[-2])
        pays = f"{1 - one.share:.0%}".replace("%", " %")
        known = f"{one.source}, {one.date}, {one.confidence}"
        rows.append(
            [one.on, f"{one.share:.0%}".replace("%", " %"), pays, f"{months * (1 - one.share):.1f} of {months}", known]
        )
    return table(["commitment", "saves", "pays from so many of the hours", "or months", "source"], rows)


def steps() -> str:
    """What a month costs where each stage ends, beside the next stage at the same load."""
    rows = []
    for number, stage in STAGES.items():
        wants = derived({"users": most(number)})
        name = f"{number} {stage.name}"
        following = _range(cost(number + 1, wants)) if number + 1 in STAGES else "-"
        rows.append([name, f"{most(number):,}", _range(cost(number, wants)), following, _cheaper(number)])
    heads = ["stage", "carries, users", "costs there, $", "the next stage at that load, $", "the next costs less"]
    return table(heads, rows)


def _cheaper(number: int) -> str:
    """From which egress on the next stage costs less at the users where this one ends."""
    if number + 1 not in STAGES:
        return "-"

    def at(stage: int, egress: float) -> float:
        return middle(cost(stage, derived({"users": most(number), "egress": egress})))

    found = crossing(lambda egress: at(number, egress), lambda egress: at(number + 1, egress), 1, _MOST_EGRESS)
    return "at no egress" if found is None else f"from {math.ceil(found / 100) * 100:,} GB a month on"


def runtimes() -> str:
    """What a month costs on each runtime."""
    rows = []
    for stage in _RUNTIME_STAGES:
        wants = derived({"users": most(stage)})
        row = [f"{stage} {STAGES[stage].name}", f"{STAGES[stage].users:,}"]
        for runtime in Runtime:
            values = stackfile.config(_RUNTIME_STACK) | {"stage": stage, "runtime": runtime.value}
            settings = stackfile.read(values, f"Pulumi.{_RUNTIME_STACK}.yaml")
            row.append(_range(at_load(render(settings, _RUNTIME_STACK), settings, wants).cost))
        rows.append(row)
    return table(["stage", "users", *(f"{runtime.value}, $" for runtime in Runtime)], rows)


def _range(span: CostSpan) -> str:
    return f"{span.low:,.0f} to {span.high:,.0f}"


DOCUMENT = Document(
    file="docs/cost.md",
    tables={"assumptions": assumptions, "errors": errors, "commitments": commitments},
    renders={"steps": steps, "runtimes": runtimes, "load": at_one_load},
)
