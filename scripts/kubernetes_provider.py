"""Finds the real Kubernetes provider plugin, or builds the pinned one into the cache, once for every checkout.

The module proxy has one version of its module, of January 2026 (github.com/pulumi/pulumi-kubernetes/provider/v4); later
releases have no tag that Go understands. It is older than the SDK in requirements.in, which has more types and no other
protocol. Where the user's own Pulumi has the plugin of exactly the SDK's version, that one is taken.
"""

import os
import sys
from importlib.metadata import version
from pathlib import Path

from scripts.go_tool import GoTool
from scripts.say import ProblemError, answered

PROGRAM = "pulumi-resource-kubernetes"
MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4"
VERSION = "4.0.0-20260115033456-f47bc2d6f199"
PROVIDER = GoTool(
    name=PROGRAM,
    title="the Kubernetes provider",
    version=VERSION,
    module="pulumi-kubernetes",
    package=".",
    takes="seven minutes",
    # Its user agent, which API servers log; and what it answers when the engine asks.
    values={"main.version": VERSION, f"{MODULE}/pkg/version.Version": VERSION},
)

NOTHING_WORKED = """\
The real Kubernetes provider is not here, and there is no way to get it:
  - {folder} of the Pulumi home: not there
  - building it from its Go modules: {built}
Run `pulumi plugin install resource kubernetes {wanted}`, or install Go 1.25.11 or newer with a module proxy that it
can reach.
Without it, the sandbox has the stand-in: leave KUBERNETES=real away."""


def _installed(wanted: str) -> Path:
    """Where the user's own Pulumi has the plugin of a version."""
    home = os.environ.get("PULUMI_HOME")
    return (Path(home) if home else Path.home() / ".pulumi") / "plugins" / f"resource-kubernetes-v{wanted}" / PROGRAM


def find_provider() -> Path:
    """The user's own plugin of the SDK's version, else the pinned one, built once.

    Raises:
        ProblemError: when there is neither; its text says what to do.
    """
    wanted = version("pulumi-kubernetes")
    own = _installed(wanted)
    # The sandbox's own home has a script there, which is no plugin.
    if os.access(own, os.X_OK) and own.read_bytes()[:2] != b"#!":
        return own
    try:
        return PROVIDER.built(f"there is no plugin {wanted} in {own.parents[1]}")
    except ProblemError as error:
        raise ProblemError(NOTHING_WORKED.format(folder=own.parent.name, built=error, wanted=wanted)) from error


def main() -> int:
    """Print where the plugin is."""
    return answered(find_provider)


if __name__ == "__main__":
    sys.exit(main())
