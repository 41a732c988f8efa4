"""docs/capacity.md: the resources, what the load assumptions are, and an answer of the command."""

from __future__ import annotations

from infra.stages import STAGES
from ops.capacity.resources import RESOURCES
from ops.demand import FIELDS
from ops.demand.assumptions import TABLE
from ops.documents.console import ascent, block
from ops.documents.cost import amount
from ops.documents.headroom_picture import STACK
from ops.documents.model import Document, table

_KINDS = {"size": "its size", "quota": "the vendor", "runbook": "the runbooks"}
_EXAMPLE = ("capacity", "--stack", STACK, "--load", "users=4000,egress=300")


def fields() -> str:
    """The fields of a load."""
    rows = [
        [
            f"`{name}`",
            field.unit,
            " or ".join(one for one in field.units if one) or "-",
            field.how if name != "users" else _back(),
        ]
        for name, field in FIELDS.items()
    ]
    return table(["field", "counts", "units that a value may name", "where it is not given"], rows)


def _back() -> str:
    return "follows from `requests`, else `egress`, else `reads`, else `writes`"


def resources() -> str:
    """The resources that a load is held against."""
    rows = [[one.name, one.unit, _KINDS[one.kind], ", ".join(_keys(one.keys)) or "-", one.source] for one in RESOURCES]
    return table(["resource", "unit", "limited by", "raised by", "source"], rows)


def _keys(keys: tuple[tuple[str, str], ...]) -> list[str]:
    from ops.capacity.changes import key

    return [f"`{key(*one)}`" for one in keys]


def assumptions() -> str:
    """What a load turns into, and what a unit carries."""
    rows = [[row.name, amount(row), row.source] for row in TABLE]
    return table(["what", "how much", "source"], rows)


def example() -> str:
    """The answer for a load."""
    return block(f"./ascent {' '.join(_EXAMPLE)}", ascent(*_EXAMPLE))


def triggers() -> str:
    """Users at which the runbooks move up."""
    rows = [[f"{one.number} {one.name}", f"{one.users:,}", one.trigger] for one in STAGES.values()]
    return table(["stage", "states users", "begins with"], rows)


DOCUMENT = Document(
    file="docs/capacity.md",
    tables={
        "fields": fields,
        "resources": resources,
        "assumptions": assumptions,
        "example": example,
        "triggers": triggers,
    },
)
