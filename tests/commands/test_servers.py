"""Where Helm and the real servers come from, and what is said where there is nowhere."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scripts import helm, servers
from scripts.go_tool import GoTool
from scripts.say import ProblemError

APT = """#!/bin/sh
echo "$@" >>"$APT_CALLS"
case "$*" in *update*) exit 0 ;; esac
for name; do :; done
touch "$name.deb"
"""
# Unpacks a program that says its version, at the place the real package has it.
DPKG = """#!/bin/sh
mkdir -p "$3/usr/sbin"
printf '#!/bin/sh\\necho PgBouncer 1.18.0\\n' >"$3/usr/sbin/pgbouncer"
chmod +x "$3/usr/sbin/pgbouncer"
"""


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing but the usual commands: its PATH is a directory of links to them."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "mkdir", "chmod", "touch"):
        (programs / name).symlink_to(
            next(path for path in (Path("/bin") / name, Path("/usr/bin") / name) if path.exists())
        )
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("APT_CALLS", str(tmp_path / "calls"))
    monkeypatch.setattr(servers, "OUTSIDE_PATH", ())
    return programs


def test_a_server_on_path_is_used(machine: Path) -> None:
    script(machine / "pgbouncer", "#!/bin/sh\n")
    assert servers.find_server("pgbouncer") == servers.Server(machine / "pgbouncer")


def test_without_apt_it_is_said_what_to_install(machine: Path) -> None:
    assert machine
    with pytest.raises(ProblemError, match="no pgbouncer on PATH, and no apt to fetch one with: install pgbouncer"):
        servers.find_server("pgbouncer")


def test_two_at_once_fetch_once(machine: Path, tmp_path: Path) -> None:
    script(machine / "apt-get", APT)
    script(machine / "dpkg-deb", DPKG)
    with ThreadPoolExecutor(2) as both:
        found = list(both.map(servers.find_server, ["pgbouncer"] * 2))
    assert found[0] == found[1]
    assert os.access(found[0].program, os.X_OK)
    assert found[0].env["LD_LIBRARY_PATH"] == str(found[0].program.parent)
    assert (tmp_path / "calls").read_text().count("download") == 1
    # Nothing half done is left, nor what was only needed on the way.
    assert sorted(path.name for path in found[0].program.parent.parent.iterdir()) == ["pgbouncer", "pgbouncer.lock"]
    assert [path.name for path in found[0].program.parent.iterdir()] == ["pgbouncer"]


def test_a_failed_download_says_why_and_leaves_nothing(machine: Path, tmp_path: Path) -> None:
    script(machine / "apt-get", "#!/bin/sh\necho 'E: Unable to locate package pgbouncer'\nexit 100\n")
    script(machine / "dpkg-deb", DPKG)
    with pytest.raises(ProblemError, match=r"cannot download pgbouncer:\n.*Unable to locate package"):
        servers.find_server("pgbouncer")
    assert [path.name for path in (tmp_path / "cache/ascent/servers").iterdir()] == ["pgbouncer.lock"]


@pytest.mark.parametrize(("version", "good"), [("v3.14.0+g3fc9f4b", True), ("v3.13.3", False), ("v4.0.0", True)])
def test_a_helm_on_path_is_used_if_new_enough(
    machine: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    good: bool,  # noqa: FBT001
) -> None:
    script(machine / "helm", f"#!/bin/sh\necho {version}\n")
    built: list[str] = []

    def build(tool: GoTool, why: str) -> Path:
        built.append(why)
        return Path(tool.name)

    monkeypatch.setattr(GoTool, "built", build)
    found = helm.find_helm()
    assert (found == machine / "helm") is good
    assert built == ([] if good else [f"{machine / 'helm'} is version 3.13.3"])
