"""Compiles the lock files: versions and hashes, no addresses, so that they work with any index."""

from pathlib import Path

from scripts.places import ROOT, TOOLS
from scripts.process import run
from scripts.say import ProblemError, say
from scripts.uv import find_uv, uv_environment
from scripts.wirefilter import WirefilterUnavailableError
from scripts.wirefilter import lock as lock_crates

HEADER = "# Compiled from requirements.in by `make lock`. Do not edit.\n"
OPTIONS = (
    "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes",
    "--no-emit-index-url", "--no-emit-find-links", "--no-header",
)  # fmt: skip


def lock_all() -> None:
    """Compile every requirements.in. What is locked already stays at its version where it can."""
    uv, env = find_uv(), uv_environment()
    for source in (
        ROOT / "requirements.in",
        ROOT / "database" / "requirements.in",
        *sorted(TOOLS.glob("*/requirements.in")),
    ):
        _lock(uv, source, env)
    try:
        lock_crates()
    except WirefilterUnavailableError as error:
        say(f"The crates stay locked as they were. {error}")


def _lock(uv: Path, source: Path, env: dict[str, str]) -> None:
    target = source.with_suffix(".txt")
    done = run([uv, "pip", "compile", *OPTIONS, source.name, "--output-file", target.name], cwd=source.parent, env=env)
    name = target.relative_to(ROOT)
    if done.code:
        raise ProblemError(f"Could not compile {name}:\n{done.tail()}")
    text = target.read_text()
    target.write_text(HEADER + text.removeprefix(HEADER))
    say(f"Compiled {name}.")
