"""Finds real PgBouncer, Redis and etcd servers for the tests: on PATH, else from the distribution's own packages.

On Debian and its relatives the packages are downloaded with apt, which checks them against the distribution's signed
index, and unpacked into the cache: no root needed, nothing installed. The signed index is the pin: whatever version
this distribution has now, since no older one is served. Elsewhere there is nothing to fetch, and tests skip.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from scripts.places import cache_dir, locked
from scripts.process import run, which
from scripts.say import ProblemError, progress, say

# The packages that have a program: redis-server is a link to a program in redis-tools, and its own sentinel.
PACKAGES = {
    "pgbouncer": ("pgbouncer",),
    "redis-server": ("redis-tools", "redis-server"),
    "redis-cli": ("redis-tools",),
    "etcd": ("etcd-server",),
}
# What only those need who ask for a real API server.
ON_DEMAND = ("etcd",)
# The package that has a library, newest names first: Debian 13 and Ubuntu 24.04 renamed some for 64-bit time.
LIBRARIES = {
    "libcares.so": ("libcares2", "libc-ares2"),
    "libevent-2.1.so": ("libevent-2.1-7t64", "libevent-2.1-7"),
    "libevent_core-2.1.so": ("libevent-core-2.1-7t64", "libevent-core-2.1-7"),
    "libevent_openssl-2.1.so": ("libevent-openssl-2.1-7t64", "libevent-openssl-2.1-7"),
    "libjemalloc.so": ("libjemalloc2",),
    "liblzf.so": ("liblzf1",),
    "liblua5.1.so": ("liblua5.1-0",),
    "liblua5.1-cjson.so": ("lua-cjson",),
    "liblua5.1-bitop.so": ("lua-bitop",),
    "libatomic.so": ("libatomic1",),
    "libsystemd.so": ("libsystemd0",),
    "libpam.so": ("libpam0g",),
    "libldap-2.5.so": ("libldap-2.5-0",),
    "libldap.so": ("libldap2",),
    "libssl.so": ("libssl3t64", "libssl3"),
    "libcrypto.so": ("libssl3t64", "libssl3"),
}
# Directories of programs that users do not call by hand.
OUTSIDE_PATH = ("/usr/sbin", "/sbin", "/usr/local/sbin")


class Server(NamedTuple):
    """A program and what its environment needs."""

    program: Path
    libraries: Path | None = None

    @property
    def env(self) -> Mapping[str, str]:
        """The environment to start it in."""
        return dict(os.environ) | ({"LD_LIBRARY_PATH": str(self.libraries)} if self.libraries else {})


def find_server(name: str) -> Server:
    """A server's program.

    Raises:
        ProblemError: when there is none; its text says what to install.
    """
    found = which(name) or shutil.which(name, path=os.pathsep.join(OUTSIDE_PATH))
    if found:
        return Server(Path(found))
    home = cache_dir() / "servers" / name
    with locked(cache_dir() / "servers" / f"{name}.lock", f"another set-up that is getting {name}"):
        if not (home / name).exists():
            _fetch(name, home)
    return Server(home / name, home)


def _fetch(name: str, home: Path) -> None:
    if not (which("apt-get") and which("dpkg-deb")):
        raise ProblemError(f"There is no {name} on PATH, and no apt to fetch one with: install {PACKAGES[name][-1]}.")
    partial = home.with_name(f"{home.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    unpacked = partial / "unpacked"
    unpacked.mkdir(parents=True)
    try:
        with progress(f"Getting {name} from the distribution's packages"):
            for package in PACKAGES[name]:
                unpack([package], unpacked)
            program = _program(name, unpacked)
            shutil.copy2(program, partial / name)
            _libraries(partial / name, partial, unpacked)
        said = run([partial / name, "--version"], env=Server(partial / name, partial).env)
        if said.code:
            raise ProblemError(f"The {name} of this distribution's packages does not run here:\n{said.tail()}")
        for folder in partial.iterdir():
            if folder.is_dir():
                shutil.rmtree(folder)
        shutil.rmtree(home, ignore_errors=True)
        partial.rename(home)
    except OSError as error:
        raise ProblemError(f"Cannot write to {home.parent}: {error.strerror}.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _program(name: str, unpacked: Path) -> Path:
    for folder in ("usr/bin", "usr/sbin"):
        if (unpacked / folder / name).exists():
            return (unpacked / folder / name).resolve()
    raise ProblemError(
        f"This distribution's {PACKAGES[name][-1]} package has no {name}: install one, and put it on PATH."
    )


def unpack(names: Iterable[str], into: Path) -> Path:
    """Download and unpack the first of some packages that this distribution has. Returns the package's file.

    Raises:
        ProblemError: when apt has none of them.
    """
    said = ""
    for with_own in (False, True):
        options = own_lists(into.parent) if with_own else []
        for name in names:
            downloads = into.parent / "downloads" / name
            downloads.mkdir(parents=True, exist_ok=True)
            # As root, apt would drop to a user of its own that cannot write here, and say so on every call.
            done = run(["apt-get", "-o", "APT::Sandbox::User=root", *options, "download", name], cwd=downloads)
            for archive in downloads.glob("*.deb"):
                done = run(["dpkg-deb", "-x", archive, into])
                if done.code == 0:
                    return archive
            said = done.tail(3)
    raise ProblemError(f"apt cannot download {' or '.join(names)}:\n{said}")


def own_lists(beside: Path) -> list[str]:
    """Options of apt for package lists of our own, where the machine has none: root alone may update its own."""
    lists = beside / "lists"
    if not lists.exists():
        (lists / "partial").mkdir(parents=True)
        (beside / "archives" / "partial").mkdir(parents=True)
    options = ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={beside / 'archives'}"]
    if not any(lists.glob("*_InRelease")):
        run(["apt-get", "-o", "APT::Sandbox::User=root", *options, "--quiet", "update"])
    return options


def _libraries(program: Path, into: Path, unpacked: Path) -> None:
    """Put what the program needs and the machine lacks beside it."""
    tried: set[str] = set()
    while missing := set(_missing(program, into)) - tried:
        for library in sorted(missing):
            tried.add(library)
            packages = next((LIBRARIES[known] for known in LIBRARIES if library.startswith(f"{known}.")), None)
            if packages is None:
                raise ProblemError(f"{program.name} needs {library}, and it is not known which package has it.")
            unpack(packages, unpacked)
            for found in unpacked.rglob(library):
                shutil.copy2(found.resolve(), into / library)


def _missing(program: Path, libraries: Path) -> list[str]:
    said = run(["ldd", program], env=Server(program, libraries).env)
    return re.findall(r"(\S+) => not found", said.output)


def main() -> int:
    """Say where every server is, and fetch what is missing."""
    code = 0
    for name in PACKAGES.keys() - ON_DEMAND:
        try:
            say(f"{name}: {find_server(name).program}")
        except ProblemError as error:
            say(f"{name}: {error}")
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
