"""Formatting, lint, types, import rules, generated tables: a line each if all is well, the tool's own words if not."""

from concurrent.futures import ThreadPoolExecutor

from scripts.places import VENV
from scripts.process import Finished, run
from scripts.say import ProblemError, say

CHECKS: dict[str, list[str]] = {
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "lint": ["ruff", "check", "--quiet", "."],
    "types": ["mypy", "--no-error-summary"],
    "imports": ["lint-imports", "--no-cache"],
    "docs": ["python", "-m", "ops.documents", "--check"],
}


def check() -> None:
    """Run every check, even after a failure, so that all of them are shown."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(_run, CHECKS.values()))
    failed = [name for name, result in zip(CHECKS, results, strict=True) if result.code]
    for name, result in zip(CHECKS, results, strict=True):
        say(f"{name}: {'failed' if result.code else 'ok'}")
        if result.code:
            say(result.output.rstrip() or f"(exit code {result.code})")
    if failed:
        raise ProblemError(f"make check: {', '.join(failed)} failed.")


def _run(command: list[str]) -> Finished:
    program, *arguments = command
    return run([VENV / "bin" / program, *arguments])
