"""Values that stop pods and that no update undoes: a table, read by `judge`.

The engine compares what the program sets. The Kubernetes provider drops what Go leaves out, such as `paused: false`
(pulumi-kubernetes, provider/pkg/provider/provider.go: normalizeInputs; k8s.io/api/apps/v1, DeploymentSpec.Paused:
`omitempty`), and how many pods there are is the autoscaler's. So these are read from what the provider found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog import paths

DEPLOYMENT = "kubernetes:apps/v1:Deployment"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """A value that is only ever set by hand.

    type: type token.
    path: property.
    value: the value that stops pods.
    undo: command that reverts it, with `{name}` and `{namespace}` of the object.
    """

    type: str
    path: str
    value: Any
    undo: str


STOPPED = (
    # While it is set, every update waits for pods that do not come.
    Stopped(
        type=DEPLOYMENT,
        path="spec.paused",
        value=True,
        undo="kubectl --namespace {namespace} rollout resume deployment/{name}",
    ),
    # Kubernetes documentation, Horizontal Pod Autoscaling, Implicit maintenance-mode deactivation: at zero, it stops.
    Stopped(
        type=DEPLOYMENT,
        path="spec.replicas",
        value=0,
        undo="kubectl --namespace {namespace} scale deployment/{name} --replicas=1",
    ),
)


def stopped(type_: str, found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Path of each such value that the provider found, and the command that reverts it."""
    metadata = found.get("metadata") or {}
    for row in STOPPED:
        if row.type == type_ and paths.get(found, row.path) == row.value:
            yield (
                row.path,
                row.undo.format(namespace=metadata.get("namespace", "default"), name=metadata.get("name", "NAME")),
            )
