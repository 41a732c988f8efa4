"""docs/simulate.md: what is assumed, what an example comes to, and the smallest sizes that carry each stage's users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from infra.config.models.runtime import Runtime
from ops.documents import console
from ops.documents.model import Document, table
from ops.errors import NO
from ops.simulate.assumptions import Assumptions, rows

if TYPE_CHECKING:
    from ops.simulate.fit import FittedStage

STACK = "prod"
TRACE = "examples/traces/newsletter.csv"
STAGE = 4
EXAMPLE = ("simulate", TRACE, "--stage", str(STAGE), "--stack", STACK)
_BOUNDS = {"fleet": ("minimum", "maximum"), "hpa": ("minimum", "maximum")}
_BOUNDS |= {"database": ("minAcu", "maxAcu"), "readers": ("minimum", "maximum")}


def assumptions() -> str:
    """The table of assumptions."""
    lines = [[f"`{row.key}`", f"{row.value:g}", row.unit, row.source] for row in rows(Assumptions())]
    return table(["key", "value", "unit", "why"], lines)


def example() -> str:
    """What the command says about the example."""
    lines = console.ascent(*EXAMPLE, codes=(0, NO))
    return console.block(f"./ascent {' '.join(EXAMPLE)}", lines)


def fitted(runtime: Runtime) -> str:
    """The fitted table of a runtime."""
    from ops.simulate.fit import fitted as fit

    found = fit(STACK, runtime, Assumptions())
    heads = ["stage", "users", "instances" if runtime.on_ec2 else "pods", "fitted", "capacity units", "fitted"]
    heads += ["readers", "fitted", "$ a month", "fitted", "CPU ms", "launch drops", "launch needs"]
    return table(heads, [row(one) for one in found.stages])


def row(one: FittedStage) -> list[object]:
    """The cells of a stage."""
    cells: list[object] = [one.stage, f"{one.users:,}"]
    for section in ("fleet" if "fleet.minimum" in one.table else "hpa", "database", "readers"):
        cells += [_bounds(sizes, section) for sizes in (one.table, one.fitted)]
    cells += [f"{one.table_usd:,.0f}", f"{one.fitted_usd:,.0f}" if one.fitted else "-", f"{one.cpu_ms:.0f}"]
    return [*cells, f"{one.launch_lost:.2%}", one.launch_minimum or "more than the maximum"]


def _bounds(sizes: Mapping[str, float], section: str) -> str:
    least, most = (f"{section}.{bound}" for bound in _BOUNDS[section])
    return f"{sizes[least]:g} to {sizes[most]:g}" if least in sizes else "-"


DOCUMENT = Document(
    file="docs/simulate.md",
    tables={"assumptions": assumptions, "example": example},
    renders={
        "fitted-ec2": lambda: fitted(Runtime.EC2),
        "fitted-kubernetes": lambda: fitted(Runtime.KUBERNETES),
    },
)
