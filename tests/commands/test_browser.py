"""Where the browser of the tests comes from, and what is said where there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scripts import browser
from scripts.places import cache_dir
from scripts.say import ProblemError
from tests.commands.fakes import program

# A shell that does what the real ones do: says what it would draw.
DRAWS = 'echo "<html><body><p>drawn</p></body></html>"'
# apt that downloads a package of any name, with the package that is asked for last in its file's name.
APT = """
for last in "$@"; do :; done
case "$*" in
  *"install"*) for one in "$@"; do case "$one" in Dir::Cache::archives=*) touch "${one#*=}/libneeded.deb";; esac; done;;
  *) touch "$last.deb";;
esac
"""
DPKG = """
[ "$1" = --field ] && { echo "libneeded (>= 1), chromium-common (= 1)"; exit 0; }
mkdir -p "$3/usr/lib/chromium" "$3/usr/share/doc" "$3/usr/share/fonts"
case "$2" in
  *chromium-headless-shell.deb)
     shell="$3/usr/lib/chromium/chromium-headless-shell"
     printf '#!/bin/sh\\necho "<p>drawn</p>"\\n' > "$shell"
     chmod 755 "$shell";;
  *libneeded.deb) touch "$3/usr/lib/libneeded.so.1" "$3/usr/share/doc/libneeded";;
  *) touch "$3/usr/share/fonts/letters.ttf";;
esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing but the usual commands, and no browser."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "mkdir", "chmod", "touch"):
        (programs / name).symlink_to(
            next(path for path in (Path("/bin") / name, Path("/usr/bin") / name) if path.exists())
        )
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(browser.NAMED, raising=False)
    return programs


def test_a_named_browser_comes_first_then_one_on_path(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(machine / "google-chrome", DRAWS)
    assert browser.find_browser() == browser.Browser(machine / "google-chrome")
    program(machine / "mine", DRAWS)
    monkeypatch.setenv(browser.NAMED, str(machine / "mine"))
    assert browser.find_browser().program == machine / "mine"
    assert browser.find_browser().env["PATH"] == os.environ["PATH"]


@pytest.mark.usefixtures("machine")
def test_without_any_it_is_said_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        ProblemError, match=r"no chromium on PATH, and no apt to fetch one with\. CHROMIUM may name one"
    ):
        browser.find_browser()
    monkeypatch.setenv(browser.NAMED, "no-such-browser")
    with pytest.raises(ProblemError, match="CHROMIUM is no-such-browser, which is no program"):
        browser.find_browser()


def test_one_from_packages_has_its_libraries_and_letters_beside_it(machine: Path) -> None:
    program(machine / "apt-get", APT)
    program(machine / "dpkg-deb", DPKG)
    found = browser.find_browser()
    assert found.home is not None
    assert found.program.is_file()
    assert str(found.home / "usr/lib") in found.env["LD_LIBRARY_PATH"].split(os.pathsep)
    fonts = Path(found.env["FONTCONFIG_FILE"]).read_text()
    assert "Liberation" in fonts
    # Not below the directory that somebody happens to be in.
    assert f"<cachedir>{found.home / 'font-cache'}</cachedir>" in fonts
    assert (found.home / "usr/share/fonts/letters.ttf").exists()
    assert not (found.home / "usr/share/doc").exists(), "what is not needed is not kept"
    assert {one.name for one in found.home.parent.iterdir()} == {browser.PACKAGE, f"{browser.PACKAGE}.lock"}
    # The second time, nothing is fetched.
    (machine / "apt-get").unlink()
    assert browser.find_browser() == found


def test_one_that_draws_nothing_is_refused_and_not_kept(machine: Path) -> None:
    program(machine / "apt-get", APT)
    program(machine / "dpkg-deb", DPKG.replace("<p>drawn</p>", "cannot open display"))
    with pytest.raises(ProblemError, match=r"does not run here:\n.*cannot open display"):
        browser.find_browser()
    assert not (cache_dir() / "servers" / browser.PACKAGE).exists()
