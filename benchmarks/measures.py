"""What is measured."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import database, flat, month, previews
from benchmarks.timing import Ratio, against, progress
from infra.config.settings import Settings
from infra.regions import REGIONS as AWS_REGIONS
from infra.stages import STAGES as ALL_STAGES
from ops import stackfile
from ops.engine.render import render
from ops.transition.matrix import offline
from sandbox.commands.engine import Result, Sandbox

STAGES = (1, 4, 7)
REGIONS = (1, 3, 10)
STACK = "sandbox"


def measures(times: int) -> Iterator[Ratio]:
    """Each measure as it is done, the best of `times` runs."""
    with progress("ascent plan"):
        yield against(
            "ascent plan --stage 4",
            _ascent("plan", "--stage", "4", "--json"),
            "import of what it uses of the SDKs",
            _python(_imports(4)),
            times,
        )
    with progress("ascent --help"):
        yield against("ascent --help", _ascent("--help"), "import typer", _python("import typer"), times)
    with progress("ascent matrix"):
        yield _matrix(times)
    yield from previews.measures(times)
    with progress("a month of seconds, by jumps and one by one"):
        yield month.measure(times)
    for stage in STAGES:
        with progress(f"preview of stage {stage} and of its flat program"):
            yield _stage(stage, times)
    yield from _regions(times)
    with progress("queries before and after the database's SQL"):
        yield from database.measures(times)


def _imports(stage: int) -> str:
    """A program that only imports what a render at this stage uses."""
    types = {one.type for one in render(stackfile.settings(STACK, stage), STACK).resources if one.custom}
    return "\n".join(flat.imports(types))


def _matrix(times: int) -> Ratio:
    """All moves between stages, which takes a render of each stage and comparing them."""
    rendered = [stackfile.settings(STACK, stage) for stage in ALL_STAGES]
    return against(
        f"ascent matrix --stack {STACK}, {len(rendered) ** 2} moves",
        lambda: offline(STACK),
        f"{len(rendered)} renders",
        lambda: [render(one, STACK) for one in rendered],
        times,
    )


def _stage(stage: int, times: int) -> Ratio:
    return _preview(f"stage {stage}", stackfile.settings(STACK, stage), {"stage": stage}, times)


def _regions(times: int) -> Iterator[Ratio]:
    """Stage 7 in more and more regions, and whether a region among many takes longer than one among few."""
    largest = max(STAGES)
    settings, seconds = stackfile.settings(STACK, largest), {}
    for count in REGIONS:
        names = (settings.home, *(name for name in AWS_REGIONS if name != settings.home))[:count]
        with progress(f"preview of stage {largest} in {count} regions and of its flat program"):
            chosen = settings.model_copy(update={"regions": names})
            one = _preview(
                f"stage {largest} in {count} regions", chosen, {"stage": largest, "regions": list(names)}, times
            )
        seconds[count] = one.seconds
        yield one
    _, some, many = REGIONS
    yield Ratio(f"each of {many} regions", f"each of {some}", seconds[many] / many, seconds[some] / some)


def _preview(what: str, settings: Settings, config: dict[str, Any], times: int) -> Ratio:
    resources = list(render(settings, STACK).resources)
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        flat.write(resources, home / "flat", stackfile.ROOT / ".venv")
        ours = Sandbox(home / "ours-home", overrides=config)
        theirs = Sandbox(home / "flat-home", project=home / "flat")
        count = sum(one.custom for one in resources)
        return against(
            f"preview of {what}, {count} resources",
            lambda: _fine(ours.preview()),
            "the flat program of as many",
            lambda: _fine(theirs.preview()),
            times,
        )


def _fine(result: Result) -> None:
    if not result.ok:
        sys.exit("A preview to be measured failed:\n" + ("\n".join(result.errors) or result.output))


def _ascent(*arguments: str) -> Callable[[], object]:
    return lambda: subprocess.run([stackfile.ROOT / "ascent", *arguments], check=True, capture_output=True)


def _python(code: str) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, capture_output=True)
