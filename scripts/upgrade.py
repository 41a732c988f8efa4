"""Takes newer SDKs and models: pins, lock, installation, rows of the catalog; then what they change, and the tests."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.environment import ensure_environment
from scripts.lock import lock_all
from scripts.places import ROOT, VENV
from scripts.process import run
from scripts.say import ProblemError, progress, say
from scripts.uv import find_uv, uv_environment

REQUIREMENTS = ROOT / "requirements.in"
# The engine is not among them: it is a Go module, tools/pulumi, with the version of `pulumi`.
PACKAGES = ("pulumi-aws", "pulumi-cloudflare", "pulumi-kubernetes", "pulumi-random", "boto3", "cfn-lint")
# What holds the catalog against the models, then every stage up and down.
TESTS = ("tests/aws", "tests/cloudflare", "tests/sandbox", "tests/engine/test_walk.py")
BACK = "git checkout requirements.in requirements.txt catalog/data, then: make setup"
_OPTIONS = ("--quiet", "--no-header", "--no-annotate", "--no-deps", "--python-version", "3.11")
_PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9][0-9a-z.]*)")


def upgrade(wanted: Sequence[str]) -> None:
    """Take these versions, or the newest of each where none is given.

    Args:
        wanted: as `pulumi-aws==7.52.0`.

    Raises:
        ProblemError: when a version is not to be had, or the tests fail; what was changed stays, and the text says how
            to go back.
    """
    pins = dict(asked(one) for one in wanted) or newest()
    text = REQUIREMENTS.read_text(encoding="utf-8")
    before = pinned(text)
    changed = {name: version for name, version in pins.items() if before.get(name) != version}
    if not changed:
        say("There is nothing newer.")
        return
    said = _statements()
    REQUIREMENTS.write_text(repinned(text, changed), encoding="utf-8")
    for name, version in changed.items():
        say(f"{name}: {before.get(name)} -> {version}")
    try:
        lock_all()
    except ProblemError:
        REQUIREMENTS.write_text(text, encoding="utf-8")
        raise
    ensure_environment()
    _python("Making the rows of the catalog", "-m", "tests.aws.facts")
    lines = differences(said, _statements())
    print("\n".join(lines) if lines else "Nothing that Ascent uses changes.")  # noqa: T201
    _python("Running the tests", "-m", "pytest", "-q", *TESTS)
    say(f"The tests pass. Look at `git diff`; to go back: {BACK}")


def asked(text: str) -> tuple[str, str]:
    """Name and version of one that was asked for.

    Raises:
        ProblemError: when it is none that can be upgraded.
    """
    found = _PIN.fullmatch(text)
    if not found or found["name"] not in PACKAGES:
        raise ProblemError(f"TO: given {text}; it takes NAME==VERSION, where NAME is one of: {', '.join(PACKAGES)}.")
    return found["name"], found["version"]


def newest() -> dict[str, str]:
    """The newest version of each package, as the index has it.

    Raises:
        ProblemError: when there is no index, or it has none.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".in", encoding="utf-8") as file:
        file.write("\n".join(PACKAGES))
        file.flush()
        command: list[str | Path] = [find_uv(), "pip", "compile", *_OPTIONS, file.name]
        with progress("Asking for the newest versions"):
            done = run(command, env=uv_environment())
    if done.code:
        raise ProblemError(f"Could not ask for the newest versions:\n{done.tail()}")
    return {name: version for name, version in _PIN.findall(done.output) if name in PACKAGES}


def pinned(text: str) -> dict[str, str]:
    """Version of each package that requirements.in pins."""
    return {name: version for name, version in _PIN.findall(text) if name in PACKAGES}


def repinned(text: str, pins: dict[str, str]) -> str:
    """requirements.in with these versions."""
    return _PIN.sub(lambda found: f"{found['name']}=={pins.get(found['name'], found['version'])}", text)


def differences(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """What is no longer said, with `-`, and what is said now, with `+`; the same thing stands together."""
    gone, new = set(before) - set(after), set(after) - set(before)
    return sorted([f"- {one}" for one in gone] + [f"+ {one}" for one in new], key=lambda line: (line[2:], line[0]))


def _statements() -> list[str]:
    return _python("Reading what SDKs and models say", "-m", "tests.upgrade").splitlines()


def _python(title: str, *arguments: str) -> str:
    with progress(title):
        done = run([VENV / "bin" / "python", *arguments], cwd=ROOT)
    if done.code:
        raise ProblemError(f"{title} failed:\n{done.tail(40)}\nTo go back: {BACK}")
    return done.output
