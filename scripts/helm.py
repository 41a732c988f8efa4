"""Finds a Helm that reads the charts' schemas, or builds the pinned one into the cache."""

import re
import sys
from pathlib import Path

from scripts.go_tool import GoTool
from scripts.process import run, version_tuple, which
from scripts.say import ProblemError, answered

OLDEST = (3, 14)
PACKAGE = "helm.sh/helm/v3"
# The cluster that `helm template` and `helm lint` render for. A plain `go build` would make it 1.20.
KUBERNETES_MINOR = "35"
HELM = GoTool(
    name="helm",
    title="Helm",
    version="3.20.2",
    package=f"{PACKAGE}/cmd/helm",
    takes="three minutes",
    values={
        f"{PACKAGE}/internal/version.version": "v3.20.2",
        f"{PACKAGE}/pkg/chartutil.k8sVersionMajor": "1",
        f"{PACKAGE}/pkg/chartutil.k8sVersionMinor": KUBERNETES_MINOR,
        f"{PACKAGE}/pkg/lint/rules.k8sVersionMajor": "1",
        f"{PACKAGE}/pkg/lint/rules.k8sVersionMinor": KUBERNETES_MINOR,
    },
)

NOTHING_WORKED = """\
Ascent's charts need Helm {oldest} or newer, and there is no way to get it from here:
  - on PATH: {on_path}
  - building {version} from its Go modules: {built}
Install Helm and put it on PATH, or install Go 1.25.11 or newer with a module proxy it can reach."""


def helm_version(helm: Path) -> tuple[int, ...]:
    """The version of a helm binary; () if it does not run."""
    said = run([helm, "version", "--short"])
    match = re.search(r"\bv\d+\.\d+\.\d+", said.output)
    return version_tuple(match[0]) if said.code == 0 and match else ()


def find_helm() -> Path:
    """The Helm on PATH if it is recent enough, else the pinned one, built once for every checkout."""
    found = which("helm")
    version = helm_version(found) if found else ()
    if found and version >= OLDEST:
        return found
    on_path = f"{found} is version {'.'.join(map(str, version)) or 'unknown'}" if found else "there is no helm"
    try:
        return HELM.built(on_path)
    except ProblemError as error:
        oldest = ".".join(map(str, OLDEST))
        raise ProblemError(
            NOTHING_WORKED.format(oldest=oldest, on_path=on_path, version=HELM.version, built=error)
        ) from error


def main() -> int:
    """Print where Helm is."""
    return answered(find_helm)


if __name__ == "__main__":
    sys.exit(main())
