"""What STAGE and STACK may be, checked before anything slow starts."""

from pathlib import Path

from scripts.places import ROOT
from scripts.say import ProblemError

FIRST_STAGE, LAST_STAGE = 1, 7


def stacks(root: Path = ROOT) -> list[str]:
    """The stacks that ship: one file each."""
    return sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in root.glob("Pulumi.?*.yaml"))


def checked_stack(name: str, root: Path = ROOT) -> str:
    """The stack's name, or a message that lists those there are."""
    known = stacks(root)
    if name in known:
        return name
    there = ", ".join(known) if known else "none yet"
    raise ProblemError(f"There is no stack {name!r}: no file Pulumi.{name}.yaml. Stacks here: {there}.")


def checked_stage(stage: str) -> int:
    """The stage as a number, or a message that says what it may be."""
    if stage.isascii() and stage.isdigit() and FIRST_STAGE <= int(stage) <= LAST_STAGE:
        return int(stage)
    raise ProblemError(f"STAGE is a whole number from {FIRST_STAGE} to {LAST_STAGE}, not {stage!r}.")
