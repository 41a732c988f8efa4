"""Builds the engine and its Python language host from the Go modules pinned in tools/."""

import os
import shutil
import time
from pathlib import Path

from scripts.golang import find_go
from scripts.places import TOOLS
from scripts.process import Finished, run
from scripts.say import ProblemError, free_space, progress, say

ENGINE_MODULE = TOOLS / "pulumi"
HOST_MODULE = TOOLS / "pulumi-language-python"
SDK = "github.com/pulumi/pulumi/sdk/v3"
EXECUTOR = "pulumi-language-python-exec"
MINUTES_ON_TWO_CORES = 5


def sources() -> list[Path]:
    """The files that decide what is built."""
    return [module / name for module in (ENGINE_MODULE, HOST_MODULE) for name in ("go.mod", "go.sum")]


def build(version: str, into: Path, why: str) -> None:
    """Build everything into a directory."""
    go = find_go()
    expected = max(2, round(MINUTES_ON_TWO_CORES * 2 / max(1, os.cpu_count() or 1)))
    say(f"Building Pulumi {version} from its Go modules, once: {why}.")
    say(f"  Expect about {expected} minutes on this machine; the result is cached for every checkout.")
    env = build_environment(into)
    compile_package(
        "Compiling the language host",
        [go, "build", "-v", "-o", into / "pulumi-language-python", f"{SDK}/python/cmd/pulumi-language-python"],
        HOST_MODULE,
        env,
    )
    compile_package(
        "Compiling the engine",
        [
            go, "build", "-v", "-tags", "osusergo,grpcnotrace",
            "-ldflags", f"-s -w -X {SDK}/go/common/version.Version=v{version}",
            "-o", into / "pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        ],
        ENGINE_MODULE,
        env,
    )  # fmt: skip
    # The language host runs this script beside it; it must be of the engine's version, not of the older host's.
    where = run([go, "list", "-m", "-f", "{{.Dir}}", SDK], cwd=ENGINE_MODULE, env=env)
    if where.code:
        raise ProblemError(f"Go does not find the engine's SDK module:\n{where.tail()}")
    executor = Path(where.output.strip().splitlines()[-1]) / "python" / "cmd" / EXECUTOR
    shutil.copyfile(executor, into / EXECUTOR)
    (into / EXECUTOR).chmod(0o755)


def build_environment(into: Path) -> dict[str, str]:
    """Settings of the user's own Go that would change what is built are set aside; where to fetch from stays theirs."""
    env = dict(os.environ)
    env |= {"GOFLAGS": "-mod=readonly", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    for name in ("GOOS", "GOARCH", "GO111MODULE", "GOBIN"):
        env.pop(name, None)
    if "HOME" not in env:
        env.setdefault("GOCACHE", str(into.parent / "go-build"))
        env.setdefault("GOPATH", str(into.parent / "go"))
    return env


def compile_package(title: str, command: list[str | Path], module: Path, env: dict[str, str]) -> None:
    """Run a `go build`, with progress; again without cgo where only a C compiler is missing."""
    done = _attempt(title, command, module, env)
    if done.code and "CGO_ENABLED" not in env and ("cgo" in done.output or "C compiler" in done.output):
        # A C compiler without its headers: nothing here needs one.
        done = _attempt(title, command, module, env | {"CGO_ENABLED": "0"})
    if done.full_disk:
        raise ProblemError(
            f"The disk filled up: {title}. A build takes about 4 GB, most of it in Go's own cache;\n"
            f"there is {free_space(module)} here. Make room and run make again: it goes on where it stopped."
        )
    if done.code:
        raise ProblemError(f"{title} failed:\n{done.tail()}")


def _attempt(title: str, command: list[str | Path], module: Path, env: dict[str, str]) -> Finished:
    fetched = compiled = 0
    last = time.monotonic()

    def count(line: str) -> None:
        nonlocal fetched, compiled, last
        last = time.monotonic()
        if line.startswith("go: downloading"):
            fetched += 1
        else:
            compiled += 1

    def detail() -> str:
        if compiled:
            return f"{compiled} packages so far"
        return f"{fetched} modules fetched" if fetched else "starting"

    with progress(title, detail):
        return run(command, cwd=module, env=env, on_line=count)
