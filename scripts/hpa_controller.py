"""Builds a program in which the real autoscaler of Kubernetes decides, which the tests hold ops/scaling/hpa.py to."""

import sys
from pathlib import Path

from scripts.api_server import VERSION
from scripts.go_tool import GoTool
from scripts.say import answered

# Of the same version as kube-apiserver, whose modules it shares.
HPA_CONTROLLER = GoTool(
    name="hpa-controller",
    title="the autoscaler's controller",
    version=VERSION,
    package=".",
    takes="two minutes",
)


def find_hpa_controller() -> Path:
    """The built program.

    Raises:
        ProblemError: where there is no Go that could build it; its text says why.
    """
    return HPA_CONTROLLER.built()


def main() -> int:
    """Print where it is."""
    return answered(find_hpa_controller)


if __name__ == "__main__":
    sys.exit(main())
