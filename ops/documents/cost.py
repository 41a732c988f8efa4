"""docs/cost.md: the assumed usage, and published bills beside what our rules compute for them."""

from __future__ import annotations

from ops.cost.published import EXAMPLES
from ops.cost.usage import TABLE
from ops.documents.model import Document, table


def assumptions() -> str:
    """The assumed usage."""
    rows = [[row.name, f"{_number(row.span.low)} to {_number(row.span.high)} {row.unit}", row.source] for row in TABLE]
    return table(["what", "how much", "source"], rows)


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


DOCUMENT = Document(file="docs/cost.md", tables={"assumptions": assumptions, "errors": errors})
