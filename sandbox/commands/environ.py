"""The environment of the engine, in which it finds only the sandbox."""

import os
import shlex
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.commands.layout import Layout
from sandbox.commands.stackfile import PASSPHRASE
from scripts.places import ROOT, TOOLCHAIN, VENV
from scripts.process import outside_path

if TYPE_CHECKING:
    from sandbox.cluster.local import LocalCluster

PROVIDERS = ("aws", "kubernetes", "cloudflare", "random")
# Variables that could lead to a real account or another backend are not passed on.
STRIPPED_PREFIXES = ("AWS_", "CLOUDFLARE_", "CF_API", "PULUMI_", "KUBE")
# Byte code that is not kept means importing large SDKs anew each time.
STRIPPED = ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH")
PASSED_ON = ("PULUMI_DEBUG_GRPC",)
# Names the plugin that runs in the place of the stand-in for Kubernetes.
PLUGIN = "ASCENT_SANDBOX_KUBERNETES"


def stripped_names(environment: dict[str, str]) -> list[str]:
    """The variables that a sandbox run must not see."""
    return sorted(
        name
        for name in environment
        if (name.startswith(STRIPPED_PREFIXES) or name in STRIPPED) and name not in PASSED_ON
    )


def settings(layout: Layout) -> dict[str, str]:
    """The variables that make a plain `pulumi` a sandboxed one."""
    return {
        "PULUMI_BACKEND_URL": f"file://{layout.state}",
        "PULUMI_HOME": str(layout.pulumi_home),
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "ASCENT_SANDBOX_WORLD": str(layout.world),
        # AWS' own SDK must not find any profile or role of this machine.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # The language host that is built from Go modules runs the first Python on PATH.
        "VIRTUAL_ENV": str(VENV),
    }


def path_entries() -> list[str]:
    """The directories that come first on PATH."""
    return [str(TOOLCHAIN / "bin"), str(VENV / "bin")]


def engine_environment(layout: Layout, stack: str = "") -> dict[str, str]:
    """The whole environment for one engine run; of a stack with a local cluster, what leads to that as well."""
    env = dict(os.environ)
    for name in stripped_names(env):
        del env[name]
    return env | settings(layout) | _cluster(layout, stack) | {"PATH": _path(layout, stack)}


def _path(layout: Layout, stack: str) -> str:
    # The cluster's own `aws` goes before one of the machine.
    own = [str(cluster.path)] if (cluster := local_cluster(layout, stack)) else []
    return os.pathsep.join([*own, *path_entries(), outside_path()])


def _cluster(layout: Layout, stack: str) -> dict[str, str]:
    cluster = local_cluster(layout, stack)
    return cluster.environment() if cluster else {}


def local_cluster(layout: Layout, stack: str) -> "LocalCluster | None":
    """The stack's local cluster; None where it has none, and so the stand-in for the Kubernetes provider."""
    if not stack or not layout.cluster(stack).exists():
        return None
    from sandbox.cluster.local import LocalCluster  # most runs have none

    cluster = LocalCluster(layout.cluster(stack))
    return cluster if cluster.exists else None


def install_plugins(layout: Layout) -> None:
    """Put the stand-ins where the engine looks for the plugins of exactly the SDKs' versions.

    Being found on PATH would do as well, but the engine warns about each plugin it finds there.
    """
    for name in PROVIDERS:
        try:
            release = version(f"pulumi-{name}")
        except PackageNotFoundError:
            continue
        program = ROOT / "sandbox" / "bin" / f"pulumi-resource-{name}"
        target = layout.pulumi_home / "plugins" / f"resource-{name}-v{release}" / program.name
        runs = shlex.quote(str(program))
        if name == "kubernetes":
            # A stack with a local cluster has the real one: see sandbox/cluster/local.py.
            runs = f'"${{{PLUGIN}:-{program}}}"'
        text = f'#!/bin/sh\nexec {runs} "$@"\n'
        if not _holds(target, text):
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(f".partial{os.getpid()}")
            partial.write_text(text, encoding="utf-8")
            partial.chmod(0o755)
            partial.rename(target)


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except OSError:
        return False


def shell_exports(layout: Layout, stack: str, more: Mapping[str, str] | None = None) -> str:
    """Lines for `eval` that turn a shell into one where plain `pulumi` means the sandbox, and `stack` without --stack.

    The stack is in the variable, and not selected: that would be for every shell. `more` are further variables, such as
    those of the sandbox's AWS.
    """
    exported = settings(layout) | _cluster(layout, stack) | dict(more or {})
    lines = [f"unset {name}" for name in stripped_names(dict(os.environ)) if name not in exported]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in exported.items()]
    lines.append(f"export PULUMI_STACK={shlex.quote(stack)}")
    lines.append(f"export PATH={shlex.quote(_path(layout, stack))}")
    return "\n".join(lines)
