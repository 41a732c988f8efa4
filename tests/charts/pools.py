"""A real PgBouncer, as the rendered pod starts it, from a directory laid out as the pod's mounts are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg

from scripts.process import run
from scripts.servers import Server
from tests.charts.helm import Helm, files_of, pod_of
from tests.charts.postgres import PASSWORD, Postgres
from tests.charts.processes import Process, accepts, give_away, until

CAP = 8
USERS = f'"app" "{PASSWORD}"\n"stats" "{PASSWORD}"\n'
Values = dict[str, Any]


class Pool:
    """A running PgBouncer, and the directory that it runs in."""

    def __init__(self, process: Process, port: int, home: Path) -> None:
        self.process = process
        self.port = port
        self.home = home

    def connect(self, user: str = "app", password: str = PASSWORD, database: str = "app", **more: Any) -> Any:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=user, password=password, dbname=database,
            autocommit=True, connect_timeout=10, prepare_threshold=None, **more,
        )  # fmt: skip

    def show(self, what: str) -> list[dict[str, Any]]:
        """What its console says. It knows the simple protocol only."""
        with self.connect("stats", database="pgbouncer") as connection, psycopg.ClientCursor(connection) as cursor:
            cursor.execute(f"SHOW {what}")
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def log(self) -> str:
        return self.process.log.read_text(errors="replace")


Start = Callable[..., Pool]


def version(program: Server) -> tuple[int, ...]:
    said = run([program.program, "--version"], env=program.env).output
    return tuple(int(part) for part in said.split()[1].split("."))


def values_for(postgres: Postgres, port: int) -> Values:
    return {
        "databases": [
            {"name": "app", "host": "127.0.0.1", "port": postgres.port, "poolSize": CAP, "maxDbConnections": CAP}
        ],
        "connectionBudget": 40,
        "listen": {"address": "127.0.0.1", "port": port},
        # Debian's PgBouncer is older than prepared statements in transaction mode.
        "pool": {"maxPreparedStatements": 0, "maxUserConnections": CAP},
        "auth": {"secretName": "users", "statsUsers": ["stats"]},
        "serverTls": {"mode": "disable"},
        "networkPolicy": {"clients": {"app": "web"}},
    }


def mount(folder: Path, files: Mapping[str, bytes]) -> None:
    """Files as a kubelet mounts a Secret, and changes it: all at once, by a link to a folder of theirs."""
    version = folder / f"..version-{len(list(folder.glob('..version-*')))}"
    version.mkdir(parents=True)
    for name, content in files.items():
        (version / name).write_bytes(content)
    give_away(version)
    (folder / "..next").symlink_to(version.name)
    (folder / "..next").rename(folder / "..data")
    for name in files:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(Path("..data") / name)


def started(
    helm: Helm,
    program: Server,
    directory: Path,
    scratch: Path,
    values: Values,
    files: Mapping[str, Mapping[str, bytes]],
) -> Pool:
    """Start the rendered pod's container; `files` are its mounts' by folder, beside its configuration."""
    port = values["listen"]["port"]
    (container,) = pod_of(objects := helm.render("pgbouncer", values, scratch))["spec"]["containers"]
    home = directory / f"pool-{port}"
    files_of(objects, home / "config")
    give_away(home)
    for folder, content in files.items():
        mount(home / folder, content)
    # The mounts are exactly these, below the container's working directory.
    mounts = {each["mountPath"] for each in container["volumeMounts"]} - {"/tmp"}  # noqa: S108
    assert mounts == {f"{container['workingDir']}/{each.name}" for each in home.iterdir()}
    copied = directory / "program"
    if program.libraries and not copied.exists():
        shutil.copytree(program.program.parent, copied)
    server = Server(copied / "pgbouncer", copied) if program.libraries else program
    path = os.pathsep.join([str(server.program.parent), os.environ["PATH"]])
    log = directory / f"pool-{port}.log"
    process = Process(container["command"], cwd=home, log=log, env=dict(server.env) | {"PATH": path})
    until(lambda: accepts(process, port), "PgBouncer accepts connections")
    return Pool(process, port, home)
