"""A toolchain for tests, whose programs and providers begin with what they import already imported.

To import Pulumi's SDKs takes longer than what a program then does with them, and a test of the engine runs several
programs. Engine and language host are the real ones. The script by which the language host starts Python, and those by
which the engine starts the stand-in providers, ask a server for a copy of a process that has imported the SDKs, the
stand-ins, and nothing of the program. So does `bin/ascent`: the command of the checkout that PYTHONPATH names. The
tests in `tests/commands/test_engine.py` start everything without this.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from sandbox.commands.environ import PROVIDERS
from scripts.places import TOOLCHAIN

COPIED = ("pulumi", "pulumi-language-python")
SCRIPT = "pulumi-language-python-exec"
CLIENT = Path(__file__).with_name("client.py")


@cache
def toolchain() -> Path:
    """A folder like `.toolchain`, whose programs start warm; below it `sandbox/bin`, with providers that do.

    It and its server end with this process.
    """
    folder = Path(tempfile.mkdtemp(prefix="ascent-warm-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    programs = folder / "bin"
    programs.mkdir()
    for name in COPIED:
        _linked((TOOLCHAIN / "bin" / name).resolve(), programs / name)
    socket = folder / "socket"
    client = CLIENT.read_text().replace("@PYTHON@", f"{sys.executable} -IS").replace("@SOCKET@", str(socket))
    _executable(programs / SCRIPT, client.replace("@WHAT@", "program"))
    _executable(programs / "ascent", client.replace("@WHAT@", "ascent"))
    plugins = folder / "sandbox" / "bin"
    plugins.mkdir(parents=True)
    for name in PROVIDERS:
        _executable(plugins / f"pulumi-resource-{name}", client.replace("@WHAT@", name))
    real = (TOOLCHAIN / "bin" / SCRIPT).resolve()
    # It ends when its standard input does, so with this process, however that ends.
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.warm.server", str(socket), str(real)],
        stdin=subprocess.PIPE, cwd=Path(__file__).parents[2], env=os.environ | {"GRPC_ENABLE_FORK_SUPPORT": "0"},
    )  # fmt: skip
    atexit.register(server.wait)
    assert server.stdin is not None
    atexit.register(server.stdin.close)
    return folder


def _executable(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)


def _linked(program: Path, to: Path) -> None:
    """The program beside a script of ours: the language host looks for the script beside itself, through links."""
    try:
        os.link(program, to)
    except OSError:  # another file system
        shutil.copy2(program, to)
