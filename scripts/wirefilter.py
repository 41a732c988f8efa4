"""Builds Cloudflare's own filter engine into the cache, for the tests that hold their small interpreter to it."""

import os
import re
import shutil
import sys
from pathlib import Path

from scripts.places import ROOT, TOOLS, cache_dir, digest, locked
from scripts.process import run, which
from scripts.say import ProblemError, progress, say

CRATE = TOOLS / "wirefilter"
LOCK = CRATE / "Cargo.lock"
NAME = "ascent-wirefilter"
# What the youngest of the locked crates asks for.
OLDEST = (1, 88)
HEADER = (
    "# Written by `make lock`: cargo's lock file without the registry's address. scripts/wirefilter.py builds by it.\n"
)
OPTIONS = ("--debug", "--locked", "--offline", "--no-track")
_SOURCE = re.compile(r'^source = ".*"\n', re.MULTILINE)

NO_CARGO = """\
Cloudflare's filter engine cannot be built here: {found}.
Install Rust {oldest} or newer, with cargo on PATH and a registry of crates that it can reach, to have the edge's rules
held to it as well. Everything else is tested without it."""


class UnavailableError(ProblemError):
    """This machine has nothing to build it with, or nowhere to get its parts from."""


def find_wirefilter() -> Path:
    """The built engine.

    Raises:
        UnavailableError: where it can neither be found nor built here; its text says why.
        ProblemError: where it does not compile.
    """
    sources = (CRATE / "Cargo.toml", LOCK, CRATE / "src" / "main.rs")
    built = cache_dir() / f"wirefilter-{digest(*sources)}" / NAME
    if os.access(built, os.X_OK):
        return built
    with locked(cache_dir() / "wirefilter.lock", "another set-up that is building the filter engine"):
        if not os.access(built, os.X_OK):
            _build(built)
    return built


def lock() -> None:
    """Write the lock file anew for what Cargo.toml asks for. What is locked already stays at its version.

    Raises:
        UnavailableError: where there is no cargo that could, or no registry that it could ask.
    """
    cargo = _cargo()
    with locked(cache_dir() / "wirefilter.lock", "another set-up that is building the filter engine"):
        copy = _working_copy(cargo, cache_dir() / "wirefilter-lock")
        _fetch(cargo, copy)
        generated = (copy / LOCK.name).read_text()
    LOCK.write_text(HEADER + _SOURCE.sub("", generated))
    shutil.rmtree(copy)
    say(f"Compiled {LOCK.relative_to(ROOT)}.")


def _build(built: Path) -> None:
    cargo = _cargo()
    say("Building Cloudflare's filter engine from its crates, once, for the tests of the edge's rules.")
    copy = _working_copy(cargo, built.parent / "crate")
    _fetch(cargo, copy, "--locked")
    with progress("Compiling the filter engine"):
        # Not `cargo build`, whose result lies elsewhere where somebody's cargo is set to another target.
        done = run(
            [cargo, "install", *OPTIONS, "--path", copy, "--root", copy, "--target-dir", copy / "target"], cwd=copy
        )
    if done.code:
        raise ProblemError(f"Cloudflare's filter engine does not compile:\n{done.tail()}")
    partial = built.with_name(f"{NAME}.partial")
    shutil.copy2(copy / "bin" / NAME, partial)
    partial.rename(built)
    shutil.rmtree(copy)


def _cargo() -> Path:
    found = which("cargo")
    said = run([found, "--version"], cwd=CRATE).output if found else ""
    version = re.match(r"cargo (\d+)\.(\d+)", said)
    if version and (int(version[1]), int(version[2])) >= OLDEST:
        return found or Path("cargo")
    reason = f"{found} is not recent enough ({said.strip()})" if found else "there is no cargo on PATH"
    raise UnavailableError(NO_CARGO.format(found=reason, oldest=".".join(map(str, OLDEST))))


def _working_copy(cargo: Path, into: Path) -> Path:
    """The crate with a whole lock file.

    Cargo wants to know of each crate which registry it is from. Ours does not say so, so that it works with any: cargo
    itself is asked what it calls the one that it uses. The checksums hold whichever that is.
    """
    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(CRATE, into, ignore=shutil.ignore_patterns("target", LOCK.name))
    done = run([cargo, "generate-lockfile"], cwd=into)
    if done.code:
        raise _unreachable(done.tail())
    own = into / LOCK.name
    found = _SOURCE.search(own.read_text())
    source = found[0] if found else ""
    own.write_text(re.sub(r"^checksum = ", lambda one: source + one[0], LOCK.read_text(), flags=re.MULTILINE))
    return into


def _fetch(cargo: Path, crate: Path, *arguments: str) -> None:
    with progress("Fetching the crates"):
        done = run([cargo, "fetch", *arguments], cwd=crate)
    if done.code:
        raise _unreachable(done.tail())


def _unreachable(said: str) -> UnavailableError:
    return UnavailableError(f"cargo cannot get the crates that Cloudflare's filter engine consists of:\n{said}")


def main() -> int:
    """Print where the engine is."""
    try:
        print(find_wirefilter())  # noqa: T201 (what the command is asked for)
    except ProblemError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
