"""The report as one HTML page: no script, and nothing that is fetched."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from infra.alarms.model import Severity
from infra.stages import STAGES
from ops.capacity.report import verdict
from ops.console import many
from ops.drawing.canvas import style
from ops.drawing.picture import picture
from ops.report import words
from ops.report.alarms import alarms
from ops.report.data import data
from ops.report.facts import Live, StackFacts
from ops.report.money import costs
from ops.report.moves import moves
from ops.report.objectives import objectives
from ops.report.regions import regions
from ops.report.sizes import sizes
from ops.version import version

RUNTIMES = {"ec2": "EC2 instances", "kubernetes": "Kubernetes pods", "both": "EC2 instances and Kubernetes pods"}


def page(found: StackFacts, *, day: str | None = None, live: Live = lambda _: None) -> str:
    """The report. The same stack, program and `day` give the same text.

    Args:
        found: the stack.
        day: a date that the page bears, or None for none.
        live: told what goes on.
    """
    settings, resources = found.here.settings, found.here.plan.resources
    drawings = {
        "wide": picture(settings, resources, heading=False, styled=False),
        "narrow": picture(settings, resources, heading=False, styled=False, narrow=True),
    }
    shown: dict[str, Any] = {
        "stack": found.stack,
        "settings": settings,
        "row": settings.row,
        "stages": STAGES,
        "runtime": RUNTIMES[settings.runtime.value],
        "day": day,
        "version": version(),
        "count": sum(one.custom and not one.type.startswith("pulumi:") for one in resources),
        "drawings": {name: Markup(text) for name, text in drawings.items()},  # noqa: S704  it escapes its own texts
        "drawing_style": Markup(style()),  # noqa: S704  colors
        "sizes": sizes(settings),
        "capacity": verdict(settings),
        "cost": costs(found.here.cost, settings.sizes.budget.monthly_usd),
        "objectives": objectives(settings, resources),
        "alarms": alarms(settings, resources),
        "moves": moves(found, live),
        "data": data(settings, resources),
        "regions": regions(settings, found.here.cost),
        "CRITICAL": Severity.CRITICAL,
        "WARNING": Severity.WARNING,
    }
    return _environment().get_template("page.html").render(shown)


def _environment() -> Environment:
    """Jinja with everything escaped that is put into a page, and nothing left out by mistake."""
    made = Environment(
        loader=PackageLoader("ops.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "dollars": words.dollars,
        "signed": words.signed,
        "number": words.number,
        "many": many,
    }
    return made
