"""Finds a headless Chromium for tests and pictures of pages: named, on PATH, or from the distribution's packages.

As for the servers, packages are downloaded with apt and unpacked into the cache: no root needed, nothing installed.
Debian and its relatives with a package of Chromium's headless shell have one; where there is none, tests skip.
"""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from scripts.places import cache_dir, locked
from scripts.process import run, which
from scripts.say import ProblemError, progress, say
from scripts.servers import own_lists, unpack

# Environment variable with the path of a browser.
NAMED = "CHROMIUM"
# Names under which browsers that speak the DevTools protocol are installed; GitHub's machines have Chrome.
INSTALLED = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Chromium without windows: 64 MB, and as much again with its libraries, where it all has 130 MB.
PACKAGE = "chromium-headless-shell"
# The package that has what the program reads about languages. X11's tools, which it also asks for, are not needed.
DATA = "chromium-common"
# The same letters on every machine, and so the same pictures. As wide as Helvetica and Arial.
FONTS = "fonts-liberation"
PROGRAM = Path("usr/lib/chromium/chromium-headless-shell")
# What is kept of the packages: the program, libraries and letters.
KEPT = ("lib/**/*.so*", "usr/lib/**/*.so*", "usr/lib/chromium/*", "usr/share/fonts/**/*")
# A page that says that the program draws pages here. Root has no other sandbox than none.
TRIED = ("--no-sandbox", "--dump-dom", "data:text/html,<p>drawn")
_FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">usr/share/fonts</dir>
  <cachedir>{cache}</cachedir>
  <match><test name="family"><string>monospace</string></test>
    <edit name="family" mode="prepend" binding="strong"><string>Liberation Mono</string></edit></match>
  <match><edit name="family" mode="append_last"><string>Liberation Sans</string></edit></match>
</fontconfig>
"""


class Browser(NamedTuple):
    """A browser. home: the folder with its libraries and fonts; None where the machine has them."""

    program: Path
    home: Path | None = None

    @property
    def env(self) -> Mapping[str, str]:
        """The environment to start it in."""
        if self.home is None:
            return dict(os.environ)
        folders = sorted({str(one.parent) for one in self.home.glob("**/*.so*")})
        return dict(os.environ) | {
            "LD_LIBRARY_PATH": os.pathsep.join(folders),
            "FONTCONFIG_FILE": str(self.home / "fonts.conf"),
        }


def find_browser() -> Browser:
    """A headless browser.

    Raises:
        ProblemError: when there is none; its text says what to install.
    """
    named = os.environ.get(NAMED)
    if named:
        if not which(named):
            raise ProblemError(f"{NAMED} is {named}, which is no program.")
        return Browser(Path(named))
    for name in INSTALLED:
        if found := which(name):
            return Browser(Path(found))
    home = cache_dir() / "servers" / PACKAGE
    with locked(cache_dir() / "servers" / f"{PACKAGE}.lock", "another set-up that is getting a browser"):
        if not home.exists():
            _fetch(home)
    return Browser(home / PROGRAM, home)


def _fetch(home: Path) -> None:
    if not (which("apt-get") and which("dpkg-deb")):
        raise ProblemError(f"There is no {INSTALLED[1]} on PATH, and no apt to fetch one with. {NAMED} may name one.")
    partial = home.with_name(f"{home.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    unpacked = partial / "unpacked"
    unpacked.mkdir(parents=True)
    try:
        with progress("Getting a headless Chromium from the distribution's packages"):
            archive = unpack([PACKAGE], unpacked)
            if not (unpacked / PROGRAM).is_file():
                raise ProblemError(f"This distribution's {PACKAGE} has no {PROGRAM.name}.")
            for package in (DATA, FONTS):
                unpack([package], unpacked)
            _needed(archive, unpacked)
        _trim(unpacked)
        _letters(unpacked, unpacked)
        said = run([unpacked / PROGRAM, *TRIED], env=Browser(unpacked / PROGRAM, unpacked).env)
        if said.code or "<p>drawn" not in said.output:
            raise ProblemError(f"The {PACKAGE} of this distribution's packages does not run here:\n{said.tail()}")
        _letters(unpacked, home)
        unpacked.rename(home)
    except OSError as error:
        raise ProblemError(f"Cannot write to {home.parent}: {error.strerror}.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _letters(unpacked: Path, place: Path) -> None:
    """Say where fonts are, and that what fontconfig remembers of them is in `place`: a relative path would lead it to
    the directory that somebody happens to be in."""
    (unpacked / "fonts.conf").write_text(_FONTS_CONF.format(cache=escape(str(place / "font-cache"))))


def _needed(archive: Path, into: Path) -> None:
    """Unpack the libraries that the machine lacks; apt knows which those need in turn."""
    said = run(["dpkg-deb", "--field", archive, "Depends"]).output
    wanted = [name for name in re.findall(r"(?:^|,)\s*([a-z0-9][a-z0-9+.-]+)", said) if name != DATA]
    downloads = into.parent / "needed"
    (downloads / "partial").mkdir(parents=True, exist_ok=True)
    options = ["APT::Sandbox::User=root", "Debug::NoLocking=true", f"Dir::Cache::archives={downloads}"]
    line = ["apt-get", *(word for one in options for word in ("-o", one)), "--yes", "--no-install-recommends"]
    done = run([*line, "--download-only", "install", *wanted])
    if done.code:
        done = run([*line, *own_lists(into.parent), "--download-only", "install", *wanted])
    if done.code:
        raise ProblemError(f"apt cannot download what {PACKAGE} needs:\n{done.tail(3)}")
    for one in sorted(downloads.glob("*.deb")):
        if run(["dpkg-deb", "-x", one, into]).code:
            raise ProblemError(f"{one.name} cannot be unpacked.")


def _trim(unpacked: Path) -> None:
    """Leave what is kept alone: half of the packages is other programs and their texts."""
    kept = {path for pattern in KEPT for path in unpacked.glob(pattern)}
    for path in sorted(unpacked.rglob("*"), reverse=True):
        if path.is_symlink() or path.is_file():
            if path not in kept:
                path.unlink()
        elif not any(path.iterdir()):
            path.rmdir()


def main() -> int:
    """Say where the browser is, and fetch it where it is missing."""
    try:
        say(f"{PACKAGE}: {find_browser().program}")
    except ProblemError as error:
        say(f"{PACKAGE}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
