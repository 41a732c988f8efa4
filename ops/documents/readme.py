"""README.md: a plan, a move, the stages, and the keys of a stack's file."""

from __future__ import annotations

from infra.config.settings import Settings
from infra.stages import STAGES
from ops.documents import console
from ops.documents.model import Document, table

STAGE = 4  # The stage whose plan is shown, and the move from it to the next.
FROM, LINES = "aws:lb:Listener", 16  # Lines that are shown of the plan, which has 70.


def plan() -> str:
    """The head, a piece and the end of `ascent plan`."""
    head, *lines = console.ascent("plan", "--stage", str(STAGE))
    start = next(number for number, line in enumerate(lines) if line.split()[:1] == [FROM])
    return console.block(f"./ascent plan --stage {STAGE}", [head, "…", *lines[start : start + LINES], "…", *lines[-3:]])


def move() -> str:
    """The whole output of `ascent transition` for the next stage."""
    return console.block(
        f"./ascent transition {STAGE} {STAGE + 1}", console.ascent("transition", str(STAGE), str(STAGE + 1))
    )


def stages() -> str:
    """Every stage: what it adds, and its sizes."""
    rows = []
    for stage in STAGES.values():
        sizes = stage.sizes
        dropped = f"; drops {', '.join(stage.drops)}" if stage.drops else ""
        rows.append(
            [
                stage.number,
                stage.name,
                stage.trigger,
                ", ".join(stage.adds) + dropped,
                stage.users,
                f"{sizes.fleet.minimum}..{sizes.fleet.maximum} {sizes.fleet.instance_types[0]}",
                f"{sizes.database.min_acu:g}..{sizes.database.max_acu:g}",
                f"{sizes.readers.minimum}..{sizes.readers.maximum}" if sizes.readers else "",
            ]
        )
    return table(["n", "name", "move here when", "adds", "users", "fleet", "Aurora ACUs", "readers"], rows)


def settings() -> str:
    """The keys of a stack's file."""
    rows = [
        [f"`ascent:{field.alias}`", "yes" if field.is_required() else "", field.description]
        for field in Settings.model_fields.values()
    ]
    return table(["key", "needed", "meaning"], rows)


DOCUMENT = Document(
    file="README.md", tables={"stages": stages, "settings": settings}, renders={"plan": plan, "move": move}
)
