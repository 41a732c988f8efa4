"""The generated parts of README.md, and its picture. `python -m ops.readme` writes them; a test finds stale ones.

`python -m ops.shown` writes the one part that needs the engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from infra.config.settings import Settings
from infra.stages import STAGES
from ops import shown
from ops.stackfile import ROOT

README = ROOT / "README.md"


def stage_table() -> str:
    """The stage table in Markdown."""
    lines = [
        "| n | name | move here when | adds | users | fleet | Aurora ACUs | readers |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for stage in STAGES.values():
        sizes = stage.sizes
        added = ", ".join(stage.adds)
        dropped = f"; drops {', '.join(stage.drops)}" if stage.drops else ""
        readers = f"{sizes.readers.minimum}..{sizes.readers.maximum}" if sizes.readers else ""
        lines.append(
            f"| {stage.number} | {stage.name} | {stage.trigger} | {added}{dropped} | {stage.users} | "
            f"{sizes.fleet.minimum}..{sizes.fleet.maximum} {sizes.fleet.instance_types[0]} | "
            f"{sizes.database.min_acu:g}..{sizes.database.max_acu:g} | {readers} |"
        )
    return "\n".join(lines)


def settings_table() -> str:
    """The keys of a stack file in Markdown."""
    rows = [
        f"| `ascent:{field.alias}` | {'yes' if field.is_required() else ''} | {field.description} |"
        for field in Settings.model_fields.values()
    ]
    return "\n".join(["| key | needed | meaning |", "|---|---|---|", *rows])


Parts = Mapping[str, Callable[[], str]]
PARTS: Parts = {"plan": shown.plan, "move": shown.move, "stages": stage_table, "settings": settings_table}


def generated(text: str, parts: Parts = PARTS, file: str = README.name) -> str:
    """`text` of `file` with each generated part brought up to date.

    Raises:
        ValueError: when a part has no place in it.
    """
    for name, make in parts.items():
        start, end = f"<!-- generated: {name} -->\n", "<!-- end -->"
        pattern = f"{re.escape(start)}.*?{end}"
        found = len(re.findall(pattern, text, flags=re.DOTALL))
        fresh = f"{start}{make()}\n{end}"
        text = re.sub(pattern, fresh.replace("\\", r"\\"), text, flags=re.DOTALL)
        if found != 1:
            raise ValueError(f"{file} should have one place for the generated part {name!r}, and has {found}")
    return text


if __name__ == "__main__":
    README.write_text(generated(README.read_text()))
    shown.PICTURE.write_text(shown.drawn())
